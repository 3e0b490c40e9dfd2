"""What would help an unmet need is checked by a worker; prices behind the bounds are taken without being asked for"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KIND_KNOWN = "ck_what_ifs_kind_known"


def upgrade() -> None:
    op.drop_constraint(op.f(KIND_KNOWN), "what_ifs", type_="check")
    op.create_check_constraint(op.f(KIND_KNOWN), "what_ifs", "kind IN ('prices', 'solve', 'fewest', 'claim')")
    op.alter_column("what_ifs", "creator_id", nullable=True)
    op.create_check_constraint(
        op.f("ck_what_ifs_asked_by_somebody"), "what_ifs", "kind = 'prices' OR creator_id IS NOT NULL"
    )
    op.create_index(
        "uq_what_ifs_claim",
        "what_ifs",
        ["round_id", sa.text("(change ->> 'need')")],
        unique=True,
        postgresql_where=sa.text("kind = 'claim' AND status NOT IN ('failed', 'cancelled')"),
    )


def downgrade() -> None:
    # What the schema before knows no word for can be asked for and computed again.
    op.execute("DELETE FROM what_ifs WHERE kind = 'claim' OR creator_id IS NULL")
    op.drop_index("uq_what_ifs_claim", "what_ifs")
    op.drop_constraint(op.f("ck_what_ifs_asked_by_somebody"), "what_ifs", type_="check")
    op.alter_column("what_ifs", "creator_id", nullable=False)
    op.drop_constraint(op.f(KIND_KNOWN), "what_ifs", type_="check")
    op.create_check_constraint(op.f(KIND_KNOWN), "what_ifs", "kind IN ('prices', 'solve', 'fewest')")
