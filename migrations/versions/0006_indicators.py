"""Income and care in the words of the accounting rule: wages instead of all income, care because of a disability"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RENAMED = (("income_year", "wages_year"), ("care_year", "disability_care_year"))


def upgrade() -> None:
    for old, new in RENAMED:
        op.execute(f"UPDATE indicators SET code = '{new}' WHERE code = '{old}'")


def downgrade() -> None:
    for old, new in RENAMED:
        op.execute(f"UPDATE indicators SET code = '{old}' WHERE code = '{new}'")
