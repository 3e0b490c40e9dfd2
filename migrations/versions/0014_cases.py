"""Case conferences: who took part, what was decided, what a household may receive above the usual cap"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_conferences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("decision_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("extra_fen", sa.BigInteger(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("decider_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmer_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'revoked') = (ended_at IS NOT NULL)", name=op.f("ck_case_conferences_revoked_whole")
        ),
        sa.CheckConstraint(
            "reason IN ('above_cap', 'several_units', 'unresolved_problem', 'disputed_facts', 'other')",
            name=op.f("ck_case_conferences_reason_known"),
        ),
        sa.CheckConstraint(
            "status IN ('called', 'decided', 'confirmed', 'revoked')", name=op.f("ck_case_conferences_status_known")
        ),
        sa.CheckConstraint(
            "status NOT IN ('confirmed','revoked') OR (confirmer_id IS NOT NULL AND confirmed_at IS NOT NULL)",
            name=op.f("ck_case_conferences_confirmed_whole"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('decided','confirmed','revoked') OR (decision_sealed IS NOT NULL AND decider_id IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_case_conferences_decided_whole"),
        ),
        sa.CheckConstraint("confirmer_id <> decider_id", name=op.f("ck_case_conferences_four_eyes")),
        sa.CheckConstraint(
            "extra_fen = 0 OR (legal_basis IS NOT NULL AND valid_from IS NOT NULL AND valid_to IS NOT NULL)",
            name=op.f("ck_case_conferences_extra_has_basis_and_period"),
        ),
        sa.CheckConstraint("extra_fen >= 0", name=op.f("ck_case_conferences_extra_not_negative")),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_case_conferences_period_in_order")),
        sa.ForeignKeyConstraint(["confirmer_id"], ["users.id"], name=op.f("fk_case_conferences_confirmer_id_users")),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_case_conferences_creator_id_users")),
        sa.ForeignKeyConstraint(["decider_id"], ["users.id"], name=op.f("fk_case_conferences_decider_id_users")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_case_conferences_household_id_households")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_conferences")),
        sa.UniqueConstraint("number", name=op.f("uq_case_conferences_number")),
    )
    op.create_index(
        "ix_case_conferences_extra",
        "case_conferences",
        ["household_id", "valid_from", "valid_to"],
        unique=False,
        postgresql_where=sa.text("status = 'confirmed' AND extra_fen > 0"),
    )
    op.create_index(op.f("ix_case_conferences_household_id"), "case_conferences", ["household_id"], unique=False)
    op.create_table(
        "case_measures",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category_code", sa.String(collation="C"), nullable=True),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_conferences.id"], name=op.f("fk_case_measures_case_id_case_conferences")
        ),
        sa.ForeignKeyConstraint(
            ["category_code"], ["categories.code"], name=op.f("fk_case_measures_category_code_categories")
        ),
        sa.PrimaryKeyConstraint("case_id", "position", name=op.f("pk_case_measures")),
    )
    op.create_table(
        "case_participants",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case_conferences.id"], name=op.f("fk_case_participants_case_id_case_conferences")
        ),
        sa.PrimaryKeyConstraint("case_id", "position", name=op.f("pk_case_participants")),
    )


def downgrade() -> None:
    op.drop_table("case_participants")
    op.drop_table("case_measures")
    op.drop_table("case_conferences")
