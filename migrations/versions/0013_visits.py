"""Care visits, what was found on them, and reviews of households"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "care_visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("base_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("try_on", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("region_code", sa.String(collation="C"), nullable=True),
        sa.Column("findings", postgresql.ARRAY(sa.String(collation="C")), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'done') = (done_on IS NOT NULL AND way IS NOT NULL AND recorded_at IS NOT NULL AND worker IS NOT NULL AND region_code IS NOT NULL)",
            name=op.f("ck_care_visits_done_whole"),
        ),
        sa.CheckConstraint(
            "findings <@ ARRAY['safety', 'health', 'care', 'living', 'housing', 'benefits', 'work_school', 'other']::varchar[]",
            name=op.f("ck_care_visits_findings_known"),
        ),
        sa.CheckConstraint("status IN ('planned','done','dropped')", name=op.f("ck_care_visits_status_known")),
        sa.CheckConstraint("tier IN ('high', 'key', 'general')", name=op.f("ck_care_visits_tier_known")),
        sa.CheckConstraint("way IN ('home', 'telephone')", name=op.f("ck_care_visits_way_known")),
        sa.CheckConstraint("done_on >= base_on", name=op.f("ck_care_visits_done_after_the_one_before")),
        sa.CheckConstraint("every_days > 0 AND due_on >= base_on", name=op.f("ck_care_visits_after_the_one_before")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_care_visits_household_id_households")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_care_visits_region_code_regions")),
        sa.ForeignKeyConstraint(["worker_id"], ["users.id"], name=op.f("fk_care_visits_worker_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_visits")),
    )
    op.create_index(
        "ix_care_visits_ahead",
        "care_visits",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("status = 'planned'"),
    )
    op.create_index(
        "ix_care_visits_due", "care_visits", ["due_on"], unique=False, postgresql_where=sa.text("status <> 'dropped'")
    )
    op.create_index("ix_care_visits_household", "care_visits", ["household_id", "done_on"], unique=False)
    op.create_index(
        "uq_care_visits_planned",
        "care_visits",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("status = 'planned'"),
    )
    op.create_table(
        "household_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("policy_code", sa.String(collation="C"), nullable=False),
        sa.Column("rule_group", sa.Text(), nullable=True),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("base_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewer_id", sa.Uuid(), nullable=True),
        sa.Column("reviewer", sa.Text(), nullable=True),
        sa.Column("evidence_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'done') = (outcome IS NOT NULL AND done_on IS NOT NULL AND recorded_at IS NOT NULL AND reviewer IS NOT NULL AND evidence_sealed IS NOT NULL)",
            name=op.f("ck_household_reviews_done_whole"),
        ),
        sa.CheckConstraint(
            "outcome IN ('unchanged', 'facts_changed', 'category_changed', 'leaves')",
            name=op.f("ck_household_reviews_outcome_known"),
        ),
        sa.CheckConstraint("status IN ('open','done','dropped')", name=op.f("ck_household_reviews_status_known")),
        sa.CheckConstraint("done_on >= base_on", name=op.f("ck_household_reviews_done_after_the_one_before")),
        sa.CheckConstraint("months > 0 AND due_on >= base_on", name=op.f("ck_household_reviews_after_the_one_before")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_reviews_household_id_households")
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["users.id"], name=op.f("fk_household_reviews_reviewer_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_reviews")),
    )
    op.create_index(
        "ix_household_reviews_due",
        "household_reviews",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_household_reviews_household", "household_reviews", ["household_id", "done_on"], unique=False)
    op.create_index(
        "uq_household_reviews_open",
        "household_reviews",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "visit_problems",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("resolved_on", sa.Date(), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'resolved') = (resolved_on IS NOT NULL AND region_code IS NOT NULL)",
            name=op.f("ck_visit_problems_resolved_whole"),
        ),
        sa.CheckConstraint(
            "kind IN ('safety', 'health', 'care', 'living', 'housing', 'benefits', 'work_school', 'other')",
            name=op.f("ck_visit_problems_kind_known"),
        ),
        sa.CheckConstraint("status IN ('open','resolved')", name=op.f("ck_visit_problems_status_known")),
        sa.CheckConstraint(
            "due_on >= found_on AND resolved_on >= found_on", name=op.f("ck_visit_problems_days_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_visit_problems_household_id_households")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_visit_problems_owner_id_users")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_visit_problems_region_code_regions")),
        sa.ForeignKeyConstraint(["visit_id"], ["care_visits.id"], name=op.f("fk_visit_problems_visit_id_care_visits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_problems")),
        sa.UniqueConstraint("number", name=op.f("uq_visit_problems_number")),
    )
    op.create_index("ix_visit_problems_due", "visit_problems", ["due_on"], unique=False)
    op.create_index(op.f("ix_visit_problems_household_id"), "visit_problems", ["household_id"], unique=False)
    op.create_index(op.f("ix_visit_problems_owner_id"), "visit_problems", ["owner_id"], unique=False)
    op.create_index(op.f("ix_visit_problems_visit_id"), "visit_problems", ["visit_id"], unique=False)
    op.create_table(
        "visit_tries",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["care_visits.id"], name=op.f("fk_visit_tries_visit_id_care_visits")),
        sa.ForeignKeyConstraint(["worker_id"], ["users.id"], name=op.f("fk_visit_tries_worker_id_users")),
        sa.PrimaryKeyConstraint("visit_id", "day", name=op.f("pk_visit_tries")),
    )
    op.create_table(
        "problem_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "step IN ('opened', 'assigned', 'escalated', 'resolved', 'reopened')",
            name=op.f("ck_problem_steps_step_known"),
        ),
        sa.CheckConstraint(
            "step NOT IN ('resolved','reopened') OR words_sealed IS NOT NULL", name=op.f("ck_problem_steps_says_why")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_problem_steps_actor_id_users")),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["visit_problems.id"], name=op.f("fk_problem_steps_problem_id_visit_problems")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_steps")),
    )
    op.create_index(op.f("ix_problem_steps_problem_id"), "problem_steps", ["problem_id"], unique=False)


def downgrade() -> None:
    op.drop_table("problem_steps")
    op.drop_table("visit_tries")
    op.drop_table("visit_problems")
    op.drop_table("household_reviews")
    op.drop_table("care_visits")
