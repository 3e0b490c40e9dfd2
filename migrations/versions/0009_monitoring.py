"""Monitoring: departments' records, the warnings they raise, who entered and left; imports of such records"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KIND_KNOWN = "ck_import_batches_kind_known"


def upgrade() -> None:
    op.drop_constraint(op.f(KIND_KNOWN), "import_batches", type_="check")
    op.create_check_constraint(
        op.f(KIND_KNOWN), "import_batches", "kind IN ('donors','offerings','households','needs','monitoring')"
    )
    op.create_table(
        "department_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("record_index", sa.LargeBinary(), nullable=False),
        sa.Column("record_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.SmallInteger(), nullable=True),
        sa.Column("person_index", sa.LargeBinary(), nullable=True),
        sa.Column("person_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("detail_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'medical_bill') = (amount_fen IS NOT NULL)", name=op.f("ck_department_records_bill_has_amount")
        ),
        sa.CheckConstraint(
            "kind IN ('medical_bill', 'employment', 'school', 'disability', 'disaster')",
            name=op.f("ck_department_records_kind_known"),
        ),
        sa.CheckConstraint(
            "source IN ('medical_insurance', 'human_resources', 'education', 'disabled_federation', 'emergency_management', 'other')",
            name=op.f("ck_department_records_source_known"),
        ),
        sa.CheckConstraint(
            "(person_index IS NULL) = (person_sealed IS NULL)", name=op.f("ck_department_records_person_whole")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_department_records_amount_positive")),
        sa.CheckConstraint("grade BETWEEN 1 AND 4", name=op.f("ck_department_records_grade_range")),
        sa.CheckConstraint(
            "person_index IS NOT NULL OR address_sealed IS NOT NULL", name=op.f("ck_department_records_of_somebody")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_department_records_created_by_users")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_department_records_household_id_households")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["regions.code"], name=op.f("fk_department_records_region_code_regions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_records")),
        sa.UniqueConstraint("number", name=op.f("uq_department_records_number")),
        sa.UniqueConstraint("source", "record_index", name=op.f("uq_department_records_source_record_index")),
    )
    op.create_index(op.f("ix_department_records_household_id"), "department_records", ["household_id"], unique=False)
    op.create_index(op.f("ix_department_records_person_index"), "department_records", ["person_index"], unique=False)
    op.create_table(
        "warnings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("policy_code", sa.String(collation="C"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counted_to", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(status = 'handled') = (outcome IS NOT NULL) AND (status = 'handled') = (handled_at IS NOT NULL)",
            name=op.f("ck_warnings_handled_with_outcome"),
        ),
        sa.CheckConstraint(
            "outcome IN ('no_change', 'facts_updated', 'event_recorded', 'plan_to_change', 'left_monitoring', 'wrong_data')",
            name=op.f("ck_warnings_outcome_known"),
        ),
        sa.CheckConstraint("status IN ('open','handled')", name=op.f("ck_warnings_status_known")),
        sa.CheckConstraint("way IN ('in', 'out')", name=op.f("ck_warnings_way_known")),
        sa.ForeignKeyConstraint(["handled_by"], ["users.id"], name=op.f("fk_warnings_handled_by_users")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_warnings_household_id_households")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_warnings_region_code_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warnings")),
        sa.UniqueConstraint("number", name=op.f("uq_warnings_number")),
    )
    op.create_index(
        "ix_warnings_due", "warnings", ["due_on"], unique=False, postgresql_where=sa.text("status = 'open'")
    )
    op.create_index(op.f("ix_warnings_household_id"), "warnings", ["household_id"], unique=False)
    op.create_index(op.f("ix_warnings_region_code"), "warnings", ["region_code"], unique=False)
    op.create_index(
        "uq_warnings_open",
        "warnings",
        ["household_id", "rule"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "monitoring_spells",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("entered_by_rule", sa.Text(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(left_on IS NULL) = (reason_sealed IS NULL)", name=op.f("ck_monitoring_spells_leaves_with_reason")
        ),
        sa.CheckConstraint("left_on >= entered_on", name=op.f("ck_monitoring_spells_leaves_after_entering")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_monitoring_spells_household_id_households")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_spells")),
    )
    op.create_index(op.f("ix_monitoring_spells_household_id"), "monitoring_spells", ["household_id"], unique=False)
    op.create_index(
        "uq_monitoring_spells_open",
        "monitoring_spells",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("left_on IS NULL"),
    )


def downgrade() -> None:
    for table in ("monitoring_spells", "warnings", "department_records"):
        op.drop_table(table)
    # uploads of departments' data are sealed files on their way; the schema before knows no word for them
    op.execute("DELETE FROM import_batches WHERE kind = 'monitoring'")
    op.drop_constraint(op.f(KIND_KNOWN), "import_batches", type_="check")
    op.create_check_constraint(
        op.f(KIND_KNOWN), "import_batches", "kind IN ('donors','offerings','households','needs')"
    )
