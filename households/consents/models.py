"""Consents 知情同意: what a household allows, purpose by purpose, in which words, and who said so for it."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, new_id

PURPOSES = ("match", "share", "photos")
"""Needs matched by and shown to charities; facts shared with departments; photographs shown"""
WAYS = ("paper", "screen", "registration")
"""On paper; on a screen; ticked when the household was registered or imported, without its particulars"""
GIVERS = ("self", "guardian", "proxy")


class Consent(Base):
    """One consent from when it was recorded until it was taken back; at most one per purpose is in force.

    `text_version` names the words that were agreed to (`households.consents.texts`). `households.consented_at` follows from the
    consent to matching by a trigger and is written by nothing else.
    """

    __tablename__ = "consents"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    purpose: Mapped[str]
    text_version: Mapped[str]
    way: Mapped[str]
    given_by: Mapped[str]
    giver: Mapped[str]
    relation: Mapped[str | None]
    reference: Mapped[str | None]
    given_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorder_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    withdrawal_words_sealed: Mapped[bytes | None]
    __table_args__ = (
        sa.CheckConstraint(f"purpose IN {PURPOSES}", name="purpose_known"),
        sa.CheckConstraint(f"way IN {WAYS}", name="way_known"),
        sa.CheckConstraint(f"given_by IN {GIVERS}", name="given_by_known"),
        sa.CheckConstraint("way <> 'paper' OR reference IS NOT NULL", name="paper_has_reference"),
        sa.CheckConstraint("given_by = 'self' OR relation IS NOT NULL", name="others_say_relation"),
        sa.CheckConstraint("withdrawn_at >= recorded_at", name="withdrawn_after_given"),
        sa.Index(
            "uq_consents_in_force",
            "household_id",
            "purpose",
            unique=True,
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        ),
    )

    @property
    def has_withdrawal_words(self) -> bool:
        """Whether something was said when it was taken back."""
        return self.withdrawal_words_sealed is not None
