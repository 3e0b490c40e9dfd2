"""A lead 线索: somebody says that a household may be in need. It has an owner and a day from its first moment, and an end that says what came of it."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from households.policy.monitoring import CHANNELS
from kernel.database import Base, Code, new_id

STATUSES = ("open", "registered", "known", "merged", "closed")
CLOSINGS = ("no_hardship", "not_found", "moved_away", "declined", "referred")
"""Why a lead is closed without a household: no hardship found, nobody found, moved away, the family does not wish it, passed on"""


class Lead(Base):
    """One lead. `owner_region` is the village, township or county that answers for it, `owner_id` the person there; what was told, numbers, address
    and who told it are sealed. `found` holds what a data comparison found: rule, value and threshold, no numbers of people.

    ``registered``: it became `household_id`; ``known``: it speaks of that household; ``merged``: it goes on in `merged_into_id`.
    """

    __tablename__ = "leads"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    channel: Mapped[str]
    reference: Mapped[str | None] = mapped_column(Code)
    name: Mapped[str | None]
    pinyin: Mapped[str | None] = mapped_column(Code)
    initials: Mapped[str | None] = mapped_column(Code)
    told_sealed: Mapped[bytes | None]
    address_sealed: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None] = mapped_column(index=True)
    resident_id_sealed: Mapped[bytes | None]
    resident_id_index: Mapped[bytes | None] = mapped_column(index=True)
    teller_sealed: Mapped[bytes | None]
    receipt_index: Mapped[bytes | None] = mapped_column(unique=True)
    found: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    owner_region: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"))
    owner_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"), index=True)
    due_on: Mapped[date]
    escalated_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(default="open")
    closing: Mapped[str | None]
    reason_sealed: Mapped[bytes | None]
    household_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("households.id"), index=True)
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("leads.id"), index=True)
    created_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint(f"channel IN {CHANNELS}", name="channel_known"),
        sa.CheckConstraint(f"status IN {STATUSES}", name="status_known"),
        sa.CheckConstraint(f"closing IN {CLOSINGS}", name="closing_known"),
        sa.CheckConstraint(
            "(status = 'closed') = (closing IS NOT NULL) AND (closing IS NULL OR reason_sealed IS NOT NULL)",
            name="closed_with_reason",
        ),
        sa.CheckConstraint("(status IN ('registered','known')) = (household_id IS NOT NULL)", name="household_whole"),
        sa.CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged_whole"),
        sa.CheckConstraint("merged_into_id <> id", name="not_into_itself"),
        sa.CheckConstraint("(status = 'open') = (done_at IS NULL)", name="done_whole"),
        sa.CheckConstraint("starts_with(region_code, owner_region)", name="owner_above"),
        sa.CheckConstraint("(phone_sealed IS NULL) = (phone_index IS NULL)", name="phone_whole"),
        sa.CheckConstraint("(resident_id_sealed IS NULL) = (resident_id_index IS NULL)", name="resident_id_whole"),
        sa.CheckConstraint("(name IS NULL) = (pinyin IS NULL) AND (name IS NULL) = (initials IS NULL)", name="name_whole"),
        sa.CheckConstraint("told_sealed IS NOT NULL OR found IS NOT NULL", name="something_said"),
        sa.Index("ix_leads_open", "due_on", "number", postgresql_where=sa.text("status = 'open'")),
        sa.Index(
            "uq_leads_reference", "channel", "reference", unique=True, postgresql_where=sa.text("reference IS NOT NULL")
        ),
        sa.Index(
            "uq_leads_compared", "resident_id_index", unique=True,
            postgresql_where=sa.text("channel = 'data_comparison' AND status = 'open'"),
        ),
    )  # fmt: skip
