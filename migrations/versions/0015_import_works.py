"""Large imports are done by a worker, which tells how far it is"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATUS_KNOWN = "ck_import_batches_status_known"


def upgrade() -> None:
    op.drop_constraint(op.f(STATUS_KNOWN), "import_batches", type_="check")
    op.create_check_constraint(
        op.f(STATUS_KNOWN), "import_batches", "status IN ('checking','checked','importing','imported','discarded')"
    )
    op.create_table(
        "import_works",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("chinese", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("refusal", postgresql.JSONB(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("step IN ('check','import')", name=op.f("ck_import_works_step_known")),
        sa.CheckConstraint("stage IN ('read','checked','written')", name=op.f("ck_import_works_stage_known")),
        sa.CheckConstraint("done BETWEEN 0 AND total", name=op.f("ck_import_works_done_range")),
        sa.CheckConstraint("refusal IS NULL OR ended_at IS NOT NULL", name=op.f("ck_import_works_refusal_ends")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batches.id"], name=op.f("fk_import_works_batch_id_import_batches")
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_import_works")),
    )


def downgrade() -> None:
    op.drop_table("import_works")
    op.execute("UPDATE import_batches SET status = 'checked' WHERE status = 'importing'")
    op.execute(
        "UPDATE import_batches SET status = 'discarded', file_sealed = NULL, finished_at = created_at WHERE status = 'checking'"
    )
    op.drop_constraint(op.f(STATUS_KNOWN), "import_batches", type_="check")
    op.create_check_constraint(op.f(STATUS_KNOWN), "import_batches", "status IN ('checked','imported','discarded')")
