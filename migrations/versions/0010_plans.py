"""Plans of households with their measures and steps, consents by purpose, objections; the day of consent follows from the consents"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_FIRST_WORDS = "2027-1"


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorder_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawer_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawal_words_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("given_by = 'self' OR relation IS NOT NULL", name=op.f("ck_consents_others_say_relation")),
        sa.CheckConstraint("given_by IN ('self', 'guardian', 'proxy')", name=op.f("ck_consents_given_by_known")),
        sa.CheckConstraint("purpose IN ('match', 'share', 'photos')", name=op.f("ck_consents_purpose_known")),
        sa.CheckConstraint("way <> 'paper' OR reference IS NOT NULL", name=op.f("ck_consents_paper_has_reference")),
        sa.CheckConstraint("way IN ('paper', 'screen', 'registration')", name=op.f("ck_consents_way_known")),
        sa.CheckConstraint("withdrawn_at >= recorded_at", name=op.f("ck_consents_withdrawn_after_given")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_consents_household_id_households")),
        sa.ForeignKeyConstraint(["recorder_id"], ["users.id"], name=op.f("fk_consents_recorder_id_users")),
        sa.ForeignKeyConstraint(["withdrawer_id"], ["users.id"], name=op.f("fk_consents_withdrawer_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_household_id"), "consents", ["household_id"], unique=False)
    op.create_index(
        "uq_consents_in_force",
        "consents",
        ["household_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("policy_set_id", sa.Uuid(), nullable=False),
        sa.Column("basis", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("drafter_id", sa.Uuid(), nullable=True),
        sa.Column("agreed_way", sa.Text(), nullable=True),
        sa.Column("agreed_by", sa.Text(), nullable=True),
        sa.Column("agreed_giver", sa.Text(), nullable=True),
        sa.Column("agreed_relation", sa.Text(), nullable=True),
        sa.Column("agreed_reference", sa.Text(), nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("agreement_recorder_id", sa.Uuid(), nullable=True),
        sa.Column("approver_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("in_force_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "agreed_by = 'self' OR agreed_relation IS NOT NULL", name=op.f("ck_plans_others_say_relation")
        ),
        sa.CheckConstraint("agreed_by IN ('self', 'guardian', 'proxy')", name=op.f("ck_plans_agreed_by_known")),
        sa.CheckConstraint(
            "agreed_way <> 'paper' OR agreed_reference IS NOT NULL", name=op.f("ck_plans_paper_has_reference")
        ),
        sa.CheckConstraint("agreed_way IN ('paper','screen')", name=op.f("ck_plans_agreed_way_known")),
        sa.CheckConstraint("status <> 'in_force' OR review_on IS NOT NULL", name=op.f("ck_plans_in_force_is_reviewed")),
        sa.CheckConstraint(
            "status IN ('draft', 'agreed', 'approved', 'in_force', 'reviewed', 'closed')",
            name=op.f("ck_plans_status_known"),
        ),
        sa.CheckConstraint(
            "status IN ('draft','agreed','closed') OR starts_on IS NOT NULL",
            name=op.f("ck_plans_approved_with_a_start"),
        ),
        sa.CheckConstraint("status IN ('draft','closed') OR agreed_on IS NOT NULL", name=op.f("ck_plans_agreed_first")),
        sa.CheckConstraint(
            "(agreed_on IS NULL) = (agreed_way IS NULL) AND (agreed_on IS NULL) = (agreed_by IS NULL) AND (agreed_on IS NULL) = (agreed_giver IS NULL)",
            name=op.f("ck_plans_agreement_whole"),
        ),
        sa.CheckConstraint(
            "approver_id <> drafter_id AND approver_id <> agreement_recorder_id",
            name=op.f("ck_plans_approver_is_another"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_recorder_id"], ["users.id"], name=op.f("fk_plans_agreement_recorder_id_users")
        ),
        sa.ForeignKeyConstraint(["approver_id"], ["users.id"], name=op.f("fk_plans_approver_id_users")),
        sa.ForeignKeyConstraint(["drafter_id"], ["users.id"], name=op.f("fk_plans_drafter_id_users")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_plans_household_id_households")),
        sa.ForeignKeyConstraint(["policy_set_id"], ["policy_sets.id"], name=op.f("fk_plans_policy_set_id_policy_sets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("household_id", "version_no", name=op.f("uq_plans_household_id_version_no")),
    )
    op.create_index("ix_plans_status", "plans", ["status", "review_on"], unique=False)
    op.create_index(
        "uq_plans_one_in_force", "plans", ["household_id"], unique=True, postgresql_where=sa.text("status = 'in_force'")
    )
    op.create_index(
        "uq_plans_one_in_preparation",
        "plans",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('draft','agreed','approved')"),
    )
    op.create_table(
        "objections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("need_id", sa.Uuid(), nullable=True),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raiser_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("hearer_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("(status = 'open') = (ended_at IS NULL)", name=op.f("ck_objections_end_whole")),
        sa.CheckConstraint(
            "status IN ('open', 'upheld', 'rejected', 'taken_back')", name=op.f("ck_objections_status_known")
        ),
        sa.CheckConstraint(
            "status NOT IN ('upheld','rejected') OR answer_sealed IS NOT NULL",
            name=op.f("ck_objections_heard_with_an_answer"),
        ),
        sa.CheckConstraint("hearer_id <> raiser_id", name=op.f("ck_objections_hearer_is_another")),
        sa.ForeignKeyConstraint(["hearer_id"], ["users.id"], name=op.f("fk_objections_hearer_id_users")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_objections_household_id_households")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_objections_need_id_needs")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_objections_plan_id_plans")),
        sa.ForeignKeyConstraint(["raiser_id"], ["users.id"], name=op.f("fk_objections_raiser_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_household_id"), "objections", ["household_id"], unique=False)
    op.create_index(op.f("ix_objections_need_id"), "objections", ["need_id"], unique=False)
    op.create_index(op.f("ix_objections_plan_id"), "objections", ["plan_id"], unique=False)
    op.create_index(
        "uq_objections_open",
        "objections",
        ["household_id", "need_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "plan_measures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("measure_code", sa.String(collation="C"), nullable=False),
        sa.Column("category_code", sa.String(collation="C"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("deliver_to", sa.Text(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("chosen_by", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.CheckConstraint("chosen_by IN ('household','worker')", name=op.f("ck_plan_measures_chosen_by_known")),
        sa.CheckConstraint(
            "every IN ('once', 'monthly', 'quarterly', 'yearly')", name=op.f("ck_plan_measures_every_known")
        ),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_plan_measures_point_whole")),
        sa.CheckConstraint("days BETWEEN 1 AND 3650", name=op.f("ck_plan_measures_days_range")),
        sa.CheckConstraint("quantity >= 1 AND quantity <= 1000 * weight", name=op.f("ck_plan_measures_quantity_range")),
        sa.CheckConstraint("tier BETWEEN 1 AND 3", name=op.f("ck_plan_measures_tier_range")),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name=op.f("ck_plan_measures_weight_range")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_plan_measures_category_code_categories")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_measures_plan_id_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_measures")),
        sa.UniqueConstraint("plan_id", "line_id", name=op.f("uq_plan_measures_plan_id_line_id")),
        sa.UniqueConstraint("plan_id", "measure_code", name=op.f("uq_plan_measures_plan_id_measure_code")),
    )
    op.create_index("ix_plan_measures_line", "plan_measures", ["line_id"], unique=False)
    op.create_index(
        "ix_plan_measures_next",
        "plan_measures",
        ["next_on"],
        unique=False,
        postgresql_where=sa.text("next_on IS NOT NULL"),
    )
    op.create_table(
        "plan_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "cause IN ('household_closed', 'last_member_died', 'joined_into')", name=op.f("ck_plan_steps_cause_known")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_plan_steps_actor_id_users")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_steps_plan_id_plans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_steps")),
        sa.UniqueConstraint("number", name=op.f("uq_plan_steps_number")),
    )
    op.create_index(op.f("ix_plan_steps_plan_id"), "plan_steps", ["plan_id"], unique=False)
    op.create_table(
        "plan_needs",
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["measure_id"], ["plan_measures.id"], name=op.f("fk_plan_needs_measure_id_plan_measures")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_plan_needs_need_id_needs")),
        sa.PrimaryKeyConstraint("need_id", name=op.f("pk_plan_needs")),
        sa.UniqueConstraint("line_id", "period_from", name=op.f("uq_plan_needs_line_id_period_from")),
    )
    op.create_index(op.f("ix_plan_needs_measure_id"), "plan_needs", ["measure_id"], unique=False)
    # What was consented to until now was recorded without its particulars.
    op.execute(
        sa.text(
            "INSERT INTO consents (id, household_id, purpose, text_version, way, given_by, giver, given_on, recorded_at)"
            " SELECT gen_random_uuid(), id, 'match', :words, 'registration', 'self', head_name,"
            " (consented_at AT TIME ZONE 'Asia/Shanghai')::date, consented_at FROM households WHERE consented_at IS NOT NULL"
        ).bindparams(words=_FIRST_WORDS)
    )
    op.execute("""
        CREATE FUNCTION consents_decide() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE households household SET consented_at = standing.at
            FROM (
                SELECT one.household_id, (
                    SELECT max(recorded_at) FROM consents
                    WHERE household_id = one.household_id AND purpose = 'match' AND withdrawn_at IS NULL
                ) AS at
                FROM (SELECT DISTINCT household_id FROM changed WHERE purpose = 'match') one
            ) standing
            WHERE household.id = standing.household_id AND household.consented_at IS DISTINCT FROM standing.at;
            RETURN NULL;
        END $$
    """)
    for event, table in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER consents_decide_{event.lower()} AFTER {event} ON consents REFERENCING {table} TABLE AS changed"
            " FOR EACH STATEMENT EXECUTE FUNCTION consents_decide()"
        )
    # The day of consent is the trigger's alone: a direct change would show needs to charities without a consent on record.
    op.execute("""
        CREATE FUNCTION only_consents_consent() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF pg_trigger_depth() < 2 AND NEW.consented_at IS DISTINCT FROM (CASE TG_OP WHEN 'UPDATE' THEN OLD.consented_at END) THEN
                RAISE EXCEPTION 'households.consented_at follows from consents alone' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_consents_consent';
            END IF;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER only_consents_consent BEFORE INSERT OR UPDATE OF consented_at ON households"
        " FOR EACH ROW EXECUTE FUNCTION only_consents_consent()"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plan_steps FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON plan_steps FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER append_only ON plan_steps")
    op.execute("DROP TRIGGER append_only_whole ON plan_steps")
    op.execute("DROP TRIGGER only_consents_consent ON households")
    op.execute("DROP FUNCTION only_consents_consent()")
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER consents_decide_{event} ON consents")
    op.execute("DROP FUNCTION consents_decide()")
    op.drop_index(op.f("ix_plan_needs_measure_id"), table_name="plan_needs")
    op.drop_table("plan_needs")
    op.drop_index(op.f("ix_plan_steps_plan_id"), table_name="plan_steps")
    op.drop_table("plan_steps")
    op.drop_index("ix_plan_measures_next", table_name="plan_measures", postgresql_where=sa.text("next_on IS NOT NULL"))
    op.drop_index("ix_plan_measures_line", table_name="plan_measures")
    op.drop_table("plan_measures")
    op.drop_index(
        "uq_objections_open",
        table_name="objections",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_index(op.f("ix_objections_plan_id"), table_name="objections")
    op.drop_index(op.f("ix_objections_need_id"), table_name="objections")
    op.drop_index(op.f("ix_objections_household_id"), table_name="objections")
    op.drop_table("objections")
    op.drop_index(
        "uq_plans_one_in_preparation",
        table_name="plans",
        postgresql_where=sa.text("status IN ('draft','agreed','approved')"),
    )
    op.drop_index("uq_plans_one_in_force", table_name="plans", postgresql_where=sa.text("status = 'in_force'"))
    op.drop_index("ix_plans_status", table_name="plans")
    op.drop_table("plans")
    op.drop_index("uq_consents_in_force", table_name="consents", postgresql_where=sa.text("withdrawn_at IS NULL"))
    op.drop_index(op.f("ix_consents_household_id"), table_name="consents")
    op.drop_table("consents")
