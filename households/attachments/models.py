"""Evidence of a household: photographs and scans, cleaned of everything but the picture, sealed, apart from the rows that lists read."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base

SUBJECTS = (
    "identity", "register", "medical", "disability", "income", "education", "house", "damage", "agreement", "other",
)  # fmt: skip


class Attachment(Base):
    """One picture; `size` in bytes as kept. What it was called is not kept; `note` and the picture itself are sealed.

    The id is random: it tells nothing of when, and stands in addresses and file names. `removed_at`: the picture is gone, the row stays.
    """

    __tablename__ = "attachments"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    indicator_value_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("indicator_values.id"))
    event_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("household_events.id"))
    subject: Mapped[str]
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    content_index: Mapped[bytes]
    note_sealed: Mapped[bytes | None]
    created_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    creator: Mapped[str]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint(f"subject IN {SUBJECTS}", name="subject_known"),
        sa.CheckConstraint("size > 0 AND width > 0 AND height > 0", name="size_positive"),
        sa.CheckConstraint("indicator_value_id IS NULL OR event_id IS NULL", name="of_one_thing"),
        sa.Index(
            "uq_attachments_content",
            "household_id",
            "content_index",
            unique=True,
            postgresql_where=sa.text("removed_at IS NULL"),
        ),
    )


class AttachmentContent(Base):
    """The sealed picture of an attachment; gone once the attachment is removed."""

    __tablename__ = "attachment_contents"
    attachment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("attachments.id"), primary_key=True)
    sealed: Mapped[bytes]
