"""The history of indicators and the life of households; deliveries under way follow a household that moves"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

APPEND_ONLY = ("indicator_values", "household_changes")
EVIDENCE = "('none', 'statement', 'visit', 'certificate', 'bill', 'bank_record', 'department_data', 'photo', 'other')"
KINDS = "('born', 'died', 'moved', 'split_off', 'split_from', 'joined', 'joined_into')"


def upgrade() -> None:
    op.create_table(
        "indicator_values",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(collation="C"), nullable=False),
        sa.Column("value", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("evidence", sa.String(collation="C"), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorder", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("value >= 0", name=op.f("ck_indicator_values_value_not_negative")),
        sa.CheckConstraint(
            "value IS NOT NULL OR corrects IS NOT NULL", name=op.f("ck_indicator_values_only_a_correction_is_empty")
        ),
        sa.CheckConstraint(f"evidence IN {EVIDENCE}", name=op.f("ck_indicator_values_evidence_known")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_indicator_values_household_id_households")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_indicator_values_recorded_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator_values")),
        sa.UniqueConstraint("corrects", name=op.f("uq_indicator_values_corrects")),
        sa.UniqueConstraint("id", "household_id", "code", name=op.f("uq_indicator_values_id_household_id_code")),
        sa.ForeignKeyConstraint(
            ["corrects", "household_id", "code"],
            ["indicator_values.id", "indicator_values.household_id", "indicator_values.code"],
            name="fk_indicator_values_corrects_its_own",
        ),
    )
    op.create_index(
        "ix_indicator_values_latest", "indicator_values", ["household_id", "code", "as_of", "recorded_at"], unique=False
    )
    op.create_table(
        "household_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("person_name", sa.Text(), nullable=True),
        sa.Column("other_id", sa.Uuid(), nullable=True),
        sa.Column("from_region", sa.String(collation="C"), nullable=True),
        sa.Column("to_region", sa.String(collation="C"), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorder", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_household_changes_kind_known")),
        sa.CheckConstraint(
            "(kind IN ('born', 'died')) = (person_name IS NOT NULL)", name=op.f("ck_household_changes_names_the_person")
        ),
        sa.CheckConstraint(
            "(kind IN ('split_off', 'split_from', 'joined', 'joined_into')) = (other_id IS NOT NULL)",
            name=op.f("ck_household_changes_names_the_other"),
        ),
        sa.CheckConstraint(
            "(kind = 'moved') = (from_region IS NOT NULL AND to_region IS NOT NULL)",
            name=op.f("ck_household_changes_names_both_places"),
        ),
        sa.CheckConstraint("other_id <> household_id", name=op.f("ck_household_changes_of_two_households")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_changes_household_id_households")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["households.id"], name=op.f("fk_household_changes_other_id_households")),
        sa.ForeignKeyConstraint(
            ["from_region"], ["regions.code"], name=op.f("fk_household_changes_from_region_regions")
        ),
        sa.ForeignKeyConstraint(["to_region"], ["regions.code"], name=op.f("fk_household_changes_to_region_regions")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_household_changes_recorded_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_changes")),
    )
    op.create_index(op.f("ix_household_changes_household_id"), "household_changes", ["household_id"], unique=False)
    # Searching: initials beside pinyin, characters of a name beside its trigrams, and lists by number within a prefecture, county, township.
    op.create_index("ix_households_initials", "households", ["initials"], unique=False)
    op.create_index(
        "ix_households_name_characters",
        "households",
        [sa.text("string_to_array(head_name, NULL)")],
        unique=False,
        postgresql_using="gin",
    )
    for digits in (4, 6, 9):
        op.create_index(
            f"ix_households_at_{digits}",
            "households",
            [sa.text(f"left(region_code, {digits})"), "number"],
            unique=False,
        )
    # What was on file before there was a history is its first row.
    op.execute("""
        INSERT INTO indicator_values (id, household_id, code, value, as_of, source, evidence, recorder, recorded_at)
        SELECT gen_random_uuid(), i.household_id, i.code, i.value, i.as_of, i.source, 'none', 'system', h.updated_at
        FROM indicators i JOIN households h ON h.id = i.household_id
    """)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    _current_values()
    op.execute("""
        CREATE FUNCTION deliveries_follow_the_household() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE allocations SET region_code = NEW.region_code
            WHERE household_id = NEW.id AND status = 'reserved' AND region_code <> NEW.region_code;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER deliveries_follow AFTER UPDATE OF region_code ON households FOR EACH ROW
        WHEN (OLD.region_code <> NEW.region_code) EXECUTE FUNCTION deliveries_follow_the_household()
    """)


def _current_values() -> None:
    """`indicators` holds the latest value that nobody corrected; it follows the history and is not changed by hand."""
    op.execute("""
        CREATE FUNCTION current_values_follow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM indicators i USING (SELECT DISTINCT household_id, code FROM added WHERE corrects IS NOT NULL) t
            WHERE i.household_id = t.household_id AND i.code = t.code;
            INSERT INTO indicators AS i (household_id, code, value, as_of, source)
            SELECT DISTINCT ON (v.household_id, v.code) v.household_id, v.code, v.value, v.as_of, v.source
            FROM indicator_values v JOIN (SELECT DISTINCT household_id, code FROM added) t USING (household_id, code)
            WHERE v.value IS NOT NULL AND NOT EXISTS (SELECT 1 FROM indicator_values c WHERE c.corrects = v.id)
            ORDER BY v.household_id, v.code, v.as_of DESC, v.recorded_at DESC, v.id DESC
            ON CONFLICT (household_id, code) DO UPDATE
            SET value = EXCLUDED.value, as_of = EXCLUDED.as_of, source = EXCLUDED.source
            WHERE (i.value, i.as_of, i.source) IS DISTINCT FROM (EXCLUDED.value, EXCLUDED.as_of, EXCLUDED.source);
            RETURN NULL;
        END $$
    """)
    # A value that a bulk fill writes as the current one gets its row of the history; not the other way round once more.
    op.execute("""
        CREATE FUNCTION current_values_are_remembered() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO indicator_values (id, household_id, code, value, as_of, source, evidence, recorder, recorded_at)
            SELECT gen_random_uuid(), household_id, code, value, as_of, source, 'none', 'system', now() FROM added;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE FUNCTION only_the_history_changes_values() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF pg_trigger_depth() < 2 THEN
                RAISE EXCEPTION 'a current value changes by a row of its history alone'
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_the_history_changes_values';
            END IF;
            RETURN COALESCE(NEW, OLD);
        END $$
    """)
    op.execute("""
        CREATE TRIGGER current_values_follow AFTER INSERT ON indicator_values REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION current_values_follow()
    """)
    op.execute("""
        CREATE TRIGGER current_values_are_remembered AFTER INSERT ON indicators REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION current_values_are_remembered()
    """)
    op.execute("""
        CREATE TRIGGER only_the_history_changes_values BEFORE UPDATE OR DELETE ON indicators
        FOR EACH ROW EXECUTE FUNCTION only_the_history_changes_values()
    """)


def downgrade() -> None:
    for name in ("initials", "name_characters", "at_4", "at_6", "at_9"):
        op.drop_index(f"ix_households_{name}", "households")
    op.execute("DROP TRIGGER deliveries_follow ON households")
    op.execute("DROP TRIGGER only_the_history_changes_values ON indicators")
    op.execute("DROP TRIGGER current_values_are_remembered ON indicators")
    op.drop_table("household_changes")
    op.drop_table("indicator_values")
    for function in (
        "deliveries_follow_the_household",
        "only_the_history_changes_values",
        "current_values_are_remembered",
        "current_values_follow",
    ):
        op.execute(f"DROP FUNCTION {function}()")
