"""Documents and their chunks.

What finds words is made by hand, because no model can say it. On SQLite Django copies `chunk` when
a column of it changes, which loses the triggers: make them anew in that migration.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps as Apps

import apps.vectors.fields

SQLITE = (
    "CREATE VIRTUAL TABLE chunk_words USING fts5"
    " (text, content='chunk', content_rowid='id', tokenize='porter unicode61')",
    "CREATE TRIGGER chunk_words_insert AFTER INSERT ON chunk BEGIN"
    " INSERT INTO chunk_words (rowid, text) VALUES (new.id, new.text); END",
    "CREATE TRIGGER chunk_words_delete AFTER DELETE ON chunk BEGIN"
    " INSERT INTO chunk_words (chunk_words, rowid, text) VALUES ('delete', old.id, old.text); END",
    "CREATE TRIGGER chunk_words_update AFTER UPDATE OF text ON chunk BEGIN"
    " INSERT INTO chunk_words (chunk_words, rowid, text) VALUES ('delete', old.id, old.text);"
    " INSERT INTO chunk_words (rowid, text) VALUES (new.id, new.text); END",
)

POSTGRESQL = (
    "ALTER TABLE chunk ADD COLUMN lexemes tsvector"
    " GENERATED ALWAYS AS (to_tsvector('english', text)) STORED",
    "CREATE INDEX ix_chunk_lexemes ON chunk USING gin (lexemes)",
    # For the length of the shipped model's vectors; docs/retrieval.md has one for another.
    "CREATE INDEX ix_chunk_embedding_384 ON chunk"
    " USING hnsw ((embedding::vector(384)) vector_cosine_ops) WHERE vector_dims(embedding) = 384",
)


def index_words(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    on_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in SQLITE if on_sqlite else POSTGRESQL:
        schema_editor.execute(statement)


def forget_words(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The rest goes with the table of chunks."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE chunk_words")


class Migration(migrations.Migration):
    initial = True

    dependencies = [("vectors", "0001_pgvector")]

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.CharField(max_length=130, primary_key=True, serialize=False),
                ),
                ("title", models.CharField(max_length=300)),
                ("url", models.CharField(max_length=2000, null=True)),
                ("digest", models.CharField(max_length=64)),
                ("changed_at", models.DateTimeField()),
            ],
            options={"db_table": "document"},
        ),
        migrations.CreateModel(
            name="Chunk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.IntegerField()),
                ("text", models.TextField()),
                ("model", models.CharField(max_length=100)),
                ("embedding", apps.vectors.fields.EmbeddingField()),
                (
                    "document",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        to="documents.document",
                    ),
                ),
            ],
            options={
                "db_table": "chunk",
                "indexes": [models.Index(fields=["model"], name="ix_chunk_model")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("document", "position"), name="uq_chunk_document_id_position"
                    )
                ],
            },
        ),
        migrations.RunPython(index_words, forget_words),
    ]
