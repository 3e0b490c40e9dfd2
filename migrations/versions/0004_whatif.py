"""What if: questions asked of a round with their answers, and the pins and forbids a round was given, each with its reason"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "what_ifs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("change", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("taken_round_id", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fencing_token", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('prices', 'solve', 'fewest')", name=op.f("ck_what_ifs_kind_known")),
        sa.CheckConstraint(
            "status IN ('queued', 'solving', 'done', 'failed', 'cancelled')", name=op.f("ck_what_ifs_status_known")
        ),
        sa.CheckConstraint("(status = 'done') = (body IS NOT NULL)", name=op.f("ck_what_ifs_done_has_an_answer")),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_what_ifs_creator_id_users")),
        sa.ForeignKeyConstraint(["round_id"], ["match_rounds.id"], name=op.f("fk_what_ifs_round_id_match_rounds")),
        sa.ForeignKeyConstraint(
            ["taken_round_id"], ["match_rounds.id"], name=op.f("fk_what_ifs_taken_round_id_match_rounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_ifs")),
    )
    op.create_index("ix_what_ifs_round", "what_ifs", ["round_id", "created_at"], unique=False)
    op.create_index(
        "uq_what_ifs_prices",
        "what_ifs",
        ["round_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'prices' AND status <> 'failed'"),
    )
    # A constant default fills the rows that stand without rewriting the table; from here on the application names the values.
    op.add_column(
        "match_rounds",
        sa.Column("directives", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"),
    )
    op.alter_column("match_rounds", "directives", server_default=None)


def downgrade() -> None:
    op.drop_column("match_rounds", "directives")
    op.drop_table("what_ifs")
