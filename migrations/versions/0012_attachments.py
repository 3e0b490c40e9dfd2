"""Attachments of households: sealed pictures beside their rows"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SUBJECTS = (
    "('identity', 'register', 'medical', 'disability', 'income', 'education', 'house', 'damage', 'agreement', 'other')"
)


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("indicator_value_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("content_index", sa.LargeBinary(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"subject IN {SUBJECTS}", name=op.f("ck_attachments_subject_known")),
        sa.CheckConstraint("size > 0 AND width > 0 AND height > 0", name=op.f("ck_attachments_size_positive")),
        sa.CheckConstraint("indicator_value_id IS NULL OR event_id IS NULL", name=op.f("ck_attachments_of_one_thing")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_attachments_created_by_users")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["household_events.id"], name=op.f("fk_attachments_event_id_household_events")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_attachments_household_id_households")
        ),
        sa.ForeignKeyConstraint(
            ["indicator_value_id"],
            ["indicator_values.id"],
            name=op.f("fk_attachments_indicator_value_id_indicator_values"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_household_id"), "attachments", ["household_id"], unique=False)
    op.create_index(
        "uq_attachments_content",
        "attachments",
        ["household_id", "content_index"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "attachment_contents",
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachments.id"], name=op.f("fk_attachment_contents_attachment_id_attachments")
        ),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_attachment_contents")),
    )
    # What is sealed does not compress; trying costs time at every write.
    op.execute("ALTER TABLE attachment_contents ALTER COLUMN sealed SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("attachment_contents")
    op.drop_table("attachments")
