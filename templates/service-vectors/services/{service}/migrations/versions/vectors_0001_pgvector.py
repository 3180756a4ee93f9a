"""pgvector's type of column, which the migrations of what is embedded need on PostgreSQL."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "vectors_0001"
down_revision = None
branch_labels = ("vectors",)
depends_on = None


def upgrade() -> None:
    """What is missing is said in words: an operator reads them, not the trace."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    version = connection.scalar(
        sa.text("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
    )
    if version is None:
        raise CommandError(
            "this PostgreSQL server has no pgvector, which vectors need: install it there "
            "(https://github.com/pgvector/pgvector#installation; Debian's package is "
            "postgresql-NN-pgvector, the image pgvector/pgvector), then migrate again"
        )
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
    except sa.exc.ProgrammingError as error:
        raise CommandError(
            "this role may not create the extension pgvector: have an administrator run "
            "`CREATE EXTENSION vector` in this database, then migrate again"
        ) from error


def downgrade() -> None:
    """The extension stays: others may use it."""
