"""Items, and what was done with them. The index of vectors no model can say."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps as Apps

import apps.vectors.fields

# For the length of the shipped model's vectors; docs/recommendations.md has one for another.
INDEX = (
    "CREATE INDEX ix_item_embedding_384 ON item"
    " USING hnsw ((embedding::vector(384)) vector_cosine_ops) WHERE vector_dims(embedding) = 384"
)


def index_vectors(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(INDEX)


class Migration(migrations.Migration):
    initial = True

    dependencies = [("vectors", "0001_pgvector")]

    operations = [
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=100)),
                ("title", models.CharField(max_length=300)),
                ("text", models.TextField()),
                ("model", models.CharField(max_length=100)),
                ("embedding", apps.vectors.fields.EmbeddingField()),
                ("heat", models.FloatField(null=True)),
                ("added_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "item",
                "indexes": [
                    models.Index(fields=["owner", "heat"], name="ix_item_owner_heat"),
                    models.Index(fields=["owner", "model", "id"], name="ix_item_owner_model_id"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "name"), name="uq_item_owner_name")
                ],
            },
        ),
        migrations.CreateModel(
            name="ItemEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=100)),
                ("subject", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        to="recommendations.item",
                    ),
                ),
            ],
            options={
                "db_table": "item_event",
                "indexes": [
                    models.Index(
                        fields=["owner", "subject", "at"], name="ix_item_event_owner_subject_at"
                    ),
                    models.Index(fields=["item"], name="ix_item_event_item_id"),
                    models.Index(fields=["at"], name="ix_item_event_at"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "name"), name="uq_item_event_owner_name"
                    )
                ],
            },
        ),
        migrations.RunPython(index_vectors, migrations.RunPython.noop),
    ]
