"""The audit log, whose rows cannot be changed."""

import sqlalchemy as sa
from alembic import op

revision = "audit_0001"
down_revision = None
branch_labels = ("audit",)
depends_on = "0001"

SQLITE = """
CREATE TRIGGER audit_event_is_kept BEFORE UPDATE ON audit_event
BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END
"""
FUNCTION = """
CREATE FUNCTION audit_event_is_kept() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is not changed'; END $$
"""
POSTGRESQL = """
CREATE TRIGGER audit_event_is_kept BEFORE UPDATE ON audit_event
FOR EACH ROW EXECUTE FUNCTION audit_event_is_kept()
"""


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(60), nullable=True),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_event"),
    )
    op.create_index("ix_audit_event_at", "audit_event", ["at"])
    if op.get_context().dialect.name == "sqlite":
        op.execute(SQLITE)
    else:
        op.execute(FUNCTION)
        op.execute(POSTGRESQL)


def downgrade() -> None:
    op.drop_table("audit_event")
    if op.get_context().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_event_is_kept")
