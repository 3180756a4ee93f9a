"""What keys may use and have used."""

import sqlalchemy as sa
from alembic import op

revision = "quotas_0001"
down_revision = None
branch_labels = ("quotas",)
depends_on = "0001"


def upgrade() -> None:
    op.create_table(
        "key_quota",
        sa.Column("key_id", sa.String(20), nullable=False),
        sa.Column("tokens_a_month", sa.BigInteger(), nullable=True),
        sa.Column("requests_a_day", sa.BigInteger(), nullable=True),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name="fk_key_quota_key_id_api_key"),
        sa.PrimaryKeyConstraint("key_id", name="pk_key_quota"),
    )


def downgrade() -> None:
    op.drop_table("key_quota")
