"""Documents and their chunks.

What finds words is made by hand, because no model can say it. On SQLite a migration that copies
`chunk` (Alembic's batch mode does) loses the triggers: make them anew in it.
"""

import sqlalchemy as sa
from alembic import op

revision = "documents_0001"
down_revision = None
branch_labels = ("documents",)
depends_on = "vectors_0001"

DOCUMENT_ID = sa.String(130).with_variant(sa.String(130, collation="C"), "postgresql")

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
    "ALTER TABLE chunk ALTER COLUMN embedding TYPE vector USING NULL",
    "ALTER TABLE chunk ADD COLUMN lexemes tsvector"
    " GENERATED ALWAYS AS (to_tsvector('english', text)) STORED",
    "CREATE INDEX ix_chunk_lexemes ON chunk USING gin (lexemes)",
    # For the length of the shipped model's vectors; docs/retrieval.md has one for another.
    "CREATE INDEX ix_chunk_embedding_384 ON chunk"
    " USING hnsw ((embedding::vector(384)) vector_cosine_ops) WHERE vector_dims(embedding) = 384",
)


def upgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "document",
        sa.Column("id", DOCUMENT_ID, nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("url", sa.String(2000), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
    )
    op.create_table(
        "chunk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document_id", DOCUMENT_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name="fk_chunk_document_id_document",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_chunk"),
    )
    op.create_index(
        "ix_chunk_document_id_position", "chunk", ["document_id", "position"], unique=True
    )
    op.create_index("ix_chunk_model", "chunk", ["model"])
    for statement in POSTGRESQL if on_postgresql else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE chunk_words")
    op.drop_table("chunk")
    op.drop_table("document")
