"""pgvector's type of column, which the migrations of what is embedded need on PostgreSQL."""

from django.core.management import CommandError
from django.db import ProgrammingError, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps as Apps


def create_pgvector(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What is missing is said in words: an operator reads them, not the trace."""
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
        if cursor.fetchone() is None:
            raise CommandError(
                "this PostgreSQL server has no pgvector, which vectors need: install it there "
                "(https://github.com/pgvector/pgvector#installation; Debian's package is "
                "postgresql-NN-pgvector, the image pgvector/pgvector), then migrate again"
            )
        try:
            with transaction.atomic(using=connection.alias):
                cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except ProgrammingError as error:
            raise CommandError(
                "this role may not create the extension pgvector: have an administrator run "
                "`CREATE EXTENSION vector` in this database, then migrate again"
            ) from error


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [migrations.RunPython(create_pgvector, migrations.RunPython.noop)]
