"""Items, and what was done with them."""

import sqlalchemy as sa
from alembic import op

revision = "recommendations_0001"
down_revision = None
branch_labels = ("recommendations",)
depends_on = "vectors_0001"

POSTGRESQL = (
    "ALTER TABLE item ALTER COLUMN embedding TYPE vector USING NULL",
    # For the length of the shipped model's vectors; docs/recommendations.md has one for another.
    "CREATE INDEX ix_item_embedding_384 ON item"
    " USING hnsw ((embedding::vector(384)) vector_cosine_ops) WHERE vector_dims(embedding) = 384",
)


def upgrade() -> None:
    row = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "item",
        sa.Column("id", row, nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.Column("heat", sa.Double(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_item"),
        sa.UniqueConstraint("owner", "name", name="uq_item_owner_name"),
    )
    op.create_index("ix_item_owner_heat", "item", ["owner", "heat"])
    op.create_index("ix_item_owner_model_id", "item", ["owner", "model", "id"])
    op.create_table(
        "item_event",
        sa.Column("id", row, nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("item_id", row, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name="fk_item_event_item_id_item", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_item_event"),
        sa.UniqueConstraint("owner", "name", name="uq_item_event_owner_name"),
    )
    op.create_index("ix_item_event_owner_subject_at", "item_event", ["owner", "subject", "at"])
    op.create_index("ix_item_event_item_id", "item_event", ["item_id"])
    op.create_index("ix_item_event_at", "item_event", ["at"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL:
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("item_event")
    op.drop_table("item")
