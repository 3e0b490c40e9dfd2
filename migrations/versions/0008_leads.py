"""Leads: who is said to be in need, who answers for it until when, and what came of it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reference", sa.String(collation="C"), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("pinyin", sa.String(collation="C"), nullable=True),
        sa.Column("initials", sa.String(collation="C"), nullable=True),
        sa.Column("told_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("resident_id_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("resident_id_index", sa.LargeBinary(), nullable=True),
        sa.Column("teller_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("receipt_index", sa.LargeBinary(), nullable=True),
        sa.Column("found", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("owner_region", sa.String(collation="C"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'closed') = (closing IS NOT NULL) AND (closing IS NULL OR reason_sealed IS NOT NULL)",
            name=op.f("ck_leads_closed_with_reason"),
        ),
        sa.CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name=op.f("ck_leads_merged_whole")),
        sa.CheckConstraint("(status = 'open') = (done_at IS NULL)", name=op.f("ck_leads_done_whole")),
        sa.CheckConstraint(
            "(status IN ('registered','known')) = (household_id IS NOT NULL)", name=op.f("ck_leads_household_whole")
        ),
        sa.CheckConstraint(
            "channel IN ('application', 'home_visit', 'hotline', 'data_comparison', 'tip_off')",
            name=op.f("ck_leads_channel_known"),
        ),
        sa.CheckConstraint(
            "closing IN ('no_hardship', 'not_found', 'moved_away', 'declined', 'referred')",
            name=op.f("ck_leads_closing_known"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'registered', 'known', 'merged', 'closed')", name=op.f("ck_leads_status_known")
        ),
        sa.CheckConstraint(
            "(name IS NULL) = (pinyin IS NULL) AND (name IS NULL) = (initials IS NULL)",
            name=op.f("ck_leads_name_whole"),
        ),
        sa.CheckConstraint("(phone_sealed IS NULL) = (phone_index IS NULL)", name=op.f("ck_leads_phone_whole")),
        sa.CheckConstraint(
            "(resident_id_sealed IS NULL) = (resident_id_index IS NULL)", name=op.f("ck_leads_resident_id_whole")
        ),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("ck_leads_not_into_itself")),
        sa.CheckConstraint("starts_with(region_code, owner_region)", name=op.f("ck_leads_owner_above")),
        sa.CheckConstraint("told_sealed IS NOT NULL OR found IS NOT NULL", name=op.f("ck_leads_something_said")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_leads_created_by_users")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_leads_household_id_households")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["leads.id"], name=op.f("fk_leads_merged_into_id_leads")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_leads_owner_id_users")),
        sa.ForeignKeyConstraint(["owner_region"], ["regions.code"], name=op.f("fk_leads_owner_region_regions")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_leads_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
        sa.UniqueConstraint("number", name=op.f("uq_leads_number")),
        sa.UniqueConstraint("receipt_index", name=op.f("uq_leads_receipt_index")),
    )
    op.create_index(op.f("ix_leads_household_id"), "leads", ["household_id"], unique=False)
    op.create_index(op.f("ix_leads_merged_into_id"), "leads", ["merged_into_id"], unique=False)
    op.create_index(
        "ix_leads_open", "leads", ["due_on", "number"], unique=False, postgresql_where=sa.text("status = 'open'")
    )
    op.create_index(op.f("ix_leads_owner_id"), "leads", ["owner_id"], unique=False)
    op.create_index(op.f("ix_leads_phone_index"), "leads", ["phone_index"], unique=False)
    op.create_index(op.f("ix_leads_region_code"), "leads", ["region_code"], unique=False)
    op.create_index(op.f("ix_leads_resident_id_index"), "leads", ["resident_id_index"], unique=False)
    op.create_index(
        "uq_leads_compared",
        "leads",
        ["resident_id_index"],
        unique=True,
        postgresql_where=sa.text("channel = 'data_comparison' AND status = 'open'"),
    )
    op.create_index(
        "uq_leads_reference",
        "leads",
        ["channel", "reference"],
        unique=True,
        postgresql_where=sa.text("reference IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("leads")
