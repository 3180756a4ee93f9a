"""Measurements and their windows."""

import sqlalchemy as sa
from alembic import op

revision = "realtime_0001"
down_revision = None
branch_labels = ("realtime",)
depends_on = "0001"


def upgrade() -> None:
    op.create_table(
        "measurement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key_id", sa.String(20), nullable=False),
        sa.Column("measurement_id", sa.String(64), nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("dimensions", sa.String(500), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name="fk_measurement_key_id_api_key"),
        sa.PrimaryKeyConstraint("id", name="pk_measurement"),
        sa.UniqueConstraint(
            "key_id", "measurement_id", name="uq_measurement_key_id_measurement_id"
        ),
    )
    op.create_index("ix_measurement_received_at", "measurement", ["received_at"])
    op.create_table(
        "measurement_window",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key_id", sa.String(20), nullable=False),
        sa.Column("metric", sa.String(64), nullable=False),
        sa.Column("dimensions", sa.String(500), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("least", sa.Double(), nullable=True),
        sa.Column("most", sa.Double(), nullable=True),
        sa.Column("buckets", sa.JSON(), nullable=False),
        sa.Column("late", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_key.id"], name="fk_measurement_window_key_id_api_key"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_measurement_window"),
        sa.UniqueConstraint(
            "key_id", "metric", "seconds", "starts_at", "dimensions", name="uq_measurement_window"
        ),
    )
    op.create_index(
        "ix_measurement_window_closed_closes_at", "measurement_window", ["closed", "closes_at"]
    )
    op.create_index(
        "ix_measurement_window_seconds_starts_at", "measurement_window", ["seconds", "starts_at"]
    )


def downgrade() -> None:
    op.drop_table("measurement_window")
    op.drop_table("measurement")
