"""Policy sets, events of households, and indicators in the words of the accounting rule"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# wages instead of all income, care because of a disability
RENAMED = (("income_year", "wages_year"), ("care_year", "disability_care_year"))
INDICATORS = sa.table("indicators", sa.column("code", sa.String()))


def upgrade() -> None:
    for old, new in RENAMED:
        op.execute(INDICATORS.update().where(INDICATORS.c.code == old).values(code=new))
    op.create_table(
        "policy_sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(collation="C"), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("holds", postgresql.DATERANGE(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "NOT isempty(holds) AND lower(holds) IS NOT NULL", name=op.f("ck_policy_sets_holds_some_day")
        ),
        postgresql.ExcludeConstraint(
            (sa.column("region_code"), "="),
            (sa.column("holds"), "&&"),
            using="gist",
            name="ex_policy_sets_one_at_a_time",
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_policy_sets_creator_id_users")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_policy_sets_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_sets")),
        sa.UniqueConstraint("code", name=op.f("uq_policy_sets_code")),
    )
    op.create_index(op.f("ix_policy_sets_region_code"), "policy_sets", ["region_code"], unique=False)
    op.create_table(
        "household_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('fire', 'accident', 'disaster', 'job_loss', 'death_of_earner')",
            name=op.f("ck_household_events_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_events_household_id_households")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_events")),
        sa.UniqueConstraint(
            "household_id", "kind", "happened_on", name=op.f("uq_household_events_household_id_kind_happened_on")
        ),
    )
    op.create_index(op.f("ix_household_events_household_id"), "household_events", ["household_id"], unique=False)


def downgrade() -> None:
    op.drop_table("household_events")
    op.drop_table("policy_sets")
    for old, new in RENAMED:
        op.execute(INDICATORS.update().where(INDICATORS.c.code == new).values(code=old))
