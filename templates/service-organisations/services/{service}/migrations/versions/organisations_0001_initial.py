"""Organisations, who belongs to them, and who outside issuers know."""

import sqlalchemy as sa
from alembic import op

revision = "organisations_0001"
down_revision = None
branch_labels = ("organisations",)
depends_on = "accounts_0001"


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("key_id", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name="fk_organisation_key_id_api_key"),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("key_id", name="uq_organisation_key_id"),
    )
    op.create_table(
        "membership",
        sa.Column("organisation_id", sa.String(20), nullable=False),
        sa.Column("account_id", sa.String(20), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("by_issuer", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_membership_organisation_id_organisation",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_membership_account_id_account",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "account_id", name="pk_membership"),
    )
    op.create_index("ix_membership_account_id", "membership", ["account_id"])
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("organisation_id", sa.String(20), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_invitation_organisation_id_organisation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("digest", name="uq_invitation_digest"),
        sa.UniqueConstraint("organisation_id", "email", name="uq_invitation_organisation_id_email"),
    )
    op.create_table(
        "organisation_key",
        sa.Column("key_id", sa.String(20), nullable=False),
        sa.Column("organisation_id", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_key.id"], name="fk_organisation_key_key_id_api_key"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_organisation_key_organisation_id_organisation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key_id", name="pk_organisation_key"),
    )
    op.create_index("ix_organisation_key_organisation_id", "organisation_key", ["organisation_id"])
    op.create_table(
        "sign_in_for",
        sa.Column("sign_in_id", sa.String(20), nullable=False),
        sa.Column("organisation_id", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(
            ["sign_in_id"],
            ["sign_in.id"],
            name="fk_sign_in_for_sign_in_id_sign_in",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_sign_in_for_organisation_id_organisation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sign_in_id", name="pk_sign_in_for"),
    )
    op.create_index("ix_sign_in_for_organisation_id", "sign_in_for", ["organisation_id"])
    op.create_table(
        "identity",
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("account_id", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_identity_account_id_account",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identity"),
    )
    op.create_index("ix_identity_account_id", "identity", ["account_id"])


def downgrade() -> None:
    for table in (
        "identity",
        "sign_in_for",
        "organisation_key",
        "invitation",
        "membership",
        "organisation",
    ):
        op.drop_table(table)
