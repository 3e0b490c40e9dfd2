"""Portraits on record with what made them, renewals of whole regions, drafts of policy sets; what was published stays as it is"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CODE = sa.String(collation="C")
_KEPT = {
    "policy_sets": ("id", "code", "region_code", "document", "creator_id", "created_at"),
    "portraits": (
        "id", "household_id", "policy_set_id", "day", "category", "main_type", "secondary", "scores", "risk_tier", "suggested",
        "facts", "mark", "made_at",
    ),
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "portraits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("policy_set_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("main_type", sa.Text(), nullable=True),
        sa.Column("secondary", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("scores", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("risk_tier", sa.Text(), nullable=False),
        sa.Column("suggested", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "category IN ('extreme_poverty', 'subsistence_allowance', 'subsistence_edge', 'expenditure_hardship', "
            "'relative_low_income', 'other')",
            name=op.f("ck_portraits_category_known"),
        ),
        sa.CheckConstraint(
            "main_type IN ('subsistence', 'expenditure', 'emergency', 'development', 'care')",
            name=op.f("ck_portraits_main_type_known"),
        ),
        sa.CheckConstraint("risk_tier IN ('high', 'key', 'general')", name=op.f("ck_portraits_risk_tier_known")),
        sa.CheckConstraint("cardinality(scores) = 5", name=op.f("ck_portraits_five_scores")),
        sa.CheckConstraint("superseded_at >= made_at", name=op.f("ck_portraits_superseded_later")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_portraits_household_id_households")),
        sa.ForeignKeyConstraint(
            ["policy_set_id"], ["policy_sets.id"], name=op.f("fk_portraits_policy_set_id_policy_sets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portraits")),
    )
    op.create_index("ix_portraits_household_id", "portraits", ["household_id", "made_at"])
    op.create_index(
        "uq_portraits_one_current",
        "portraits",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "portrait_renewals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", _CODE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("policy_set_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reason IN ('policy', 'daily', 'asked')", name=op.f("ck_portrait_renewals_reason_known")),
        sa.CheckConstraint("status IN ('waiting', 'running', 'done')", name=op.f("ck_portrait_renewals_status_known")),
        sa.CheckConstraint(
            "(status = 'done') = (finished_at IS NOT NULL)", name=op.f("ck_portrait_renewals_finished_when_done")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_portrait_renewals_creator_id_users")),
        sa.ForeignKeyConstraint(
            ["policy_set_id"], ["policy_sets.id"], name=op.f("fk_portrait_renewals_policy_set_id_policy_sets")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_portrait_renewals_region_code_regions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portrait_renewals")),
    )
    op.create_index(op.f("ix_portrait_renewals_region_code"), "portrait_renewals", ["region_code"])
    op.create_index(
        "uq_portrait_renewals_once_a_day",
        "portrait_renewals",
        ["region_code", "planned_on"],
        unique=True,
        postgresql_where=sa.text("reason = 'daily'"),
    )
    op.create_table(
        "policy_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", _CODE, nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_policy_drafts_creator_id_users")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_policy_drafts_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_drafts")),
    )
    op.create_index(op.f("ix_policy_drafts_region_code"), "policy_drafts", ["region_code"])
    # What was published, and what was made under it, never changes; only how long it holds. Named columns cost the bulk renewal nothing.
    for table, columns in _KEPT.items():
        op.execute(
            f"CREATE TRIGGER stays_as_it_is BEFORE UPDATE OF {', '.join(columns)} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER superseded_once BEFORE UPDATE ON portraits FOR EACH ROW WHEN (OLD.superseded_at IS NOT NULL) "
        "EXECUTE FUNCTION refuse_change()"
    )
    op.execute("CREATE TRIGGER stays BEFORE DELETE ON policy_sets FOR EACH ROW EXECUTE FUNCTION refuse_change()")


def downgrade() -> None:
    op.drop_table("policy_drafts")
    op.drop_table("portrait_renewals")
    op.drop_table("portraits")
    op.execute("DROP TRIGGER stays ON policy_sets")
    op.execute("DROP TRIGGER stays_as_it_is ON policy_sets")
