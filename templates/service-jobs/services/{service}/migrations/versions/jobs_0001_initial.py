"""Jobs and their results."""

import sqlalchemy as sa
from alembic import op

revision = "jobs_0001"
down_revision = None
branch_labels = ("jobs",)
depends_on = "0001"


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("key_id", sa.String(20), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("request", sa.JSON(), nullable=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name="fk_job_key_id_api_key"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("key_id", "idempotency_key", name="uq_job_key_id_idempotency_key"),
    )
    op.create_index("ix_job_key_id_id", "job", ["key_id", "id"])
    op.create_index("ix_job_status_due_at", "job", ["status", "due_at"])
    op.create_index("ix_job_finished_at", "job", ["finished_at"])
    op.create_table(
        "job_result",
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["job.id"], name="fk_job_result_job_id_job", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_result"),
    )


def downgrade() -> None:
    op.drop_table("job_result")
    op.drop_table("job")
