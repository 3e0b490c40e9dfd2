"""Waiting: what a round lets waiting add, and how each need entered its pool"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A constant default fills the rows that stand without rewriting the table; from here on the application names the values.
    for name, value in (("waiting_step", "20"), ("waiting_most", "400")):
        op.add_column("match_rounds", sa.Column(name, sa.Integer(), nullable=False, server_default=value))
        op.alter_column("match_rounds", name, server_default=None)
    op.create_check_constraint(
        op.f("ck_match_rounds_waiting_range"),
        "match_rounds",
        "waiting_step BETWEEN 0 AND 1000 AND waiting_most BETWEEN 0 AND 1000",
    )
    op.create_table(
        "round_waits",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(collation="C"), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("waited", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("open_units", sa.Integer(), nullable=False),
        sa.Column("entered", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "waited >= 0 AND counted BETWEEN weight AND 1000", name=op.f("ck_round_waits_waiting_only_adds")
        ),
        sa.CheckConstraint(
            "open_units BETWEEN 1 AND quantity AND entered BETWEEN 1 AND counted",
            name=op.f("ck_round_waits_open_part"),
        ),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_round_waits_need_id_needs")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_round_waits_region_code_regions")),
        sa.ForeignKeyConstraint(["round_id"], ["match_rounds.id"], name=op.f("fk_round_waits_round_id_match_rounds")),
        sa.PrimaryKeyConstraint("round_id", "need_id", name=op.f("pk_round_waits")),
    )
    op.create_index(op.f("ix_round_waits_need_id"), "round_waits", ["need_id"], unique=False)
    op.create_index("ix_round_waits_longest", "round_waits", ["round_id", "waited"], unique=False)
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON round_waits FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON round_waits FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("round_waits")
    op.drop_constraint(op.f("ck_match_rounds_waiting_range"), "match_rounds", type_="check")
    op.drop_column("match_rounds", "waiting_most")
    op.drop_column("match_rounds", "waiting_step")
