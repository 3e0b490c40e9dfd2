"""Case conferences 个案会商: a household whose case several units discuss, what they decided, and what it may receive above the usual cap."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from households.cases.rules import REASONS, STATUSES
from kernel.database import Base, Code, new_id


class CaseConference(Base):
    """One conference on one household. A decision acts once another person than the one who recorded it has confirmed it.

    `extra_fen` is what each round in the period may give above the usual cap; it has a legal basis and a period, or is 0.
    Everything that people wrote of the case is sealed, facts, decision, measures, and why it was sent back or revoked: it may name an illness.
    """

    __tablename__ = "case_conferences"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    reason: Mapped[str]
    held_on: Mapped[date]
    status: Mapped[str] = mapped_column(default="called")
    facts_sealed: Mapped[bytes]
    creator_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"))
    decision_sealed: Mapped[bytes | None]
    extra_fen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    legal_basis: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    decider_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    confirmer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    status_reason_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    participants: Mapped[list["CaseParticipant"]] = relationship(
        order_by="CaseParticipant.position", cascade="all, delete-orphan", lazy="selectin"
    )
    measures: Mapped[list["CaseMeasure"]] = relationship(
        order_by="CaseMeasure.position", cascade="all, delete-orphan", lazy="selectin"
    )
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint(f"reason IN {REASONS}", name="reason_known"),
        sa.CheckConstraint(f"status IN {STATUSES}", name="status_known"),
        sa.CheckConstraint("extra_fen >= 0", name="extra_not_negative"),
        sa.CheckConstraint("valid_from <= valid_to", name="period_in_order"),
        sa.CheckConstraint(
            "extra_fen = 0 OR (legal_basis IS NOT NULL AND valid_from IS NOT NULL AND valid_to IS NOT NULL)",
            name="extra_has_basis_and_period",
        ),
        sa.CheckConstraint(
            "status NOT IN ('decided','confirmed','revoked')"
            " OR (decision_sealed IS NOT NULL AND decider_id IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided_whole",
        ),
        sa.CheckConstraint(
            "status NOT IN ('confirmed','revoked') OR (confirmer_id IS NOT NULL AND confirmed_at IS NOT NULL)",
            name="confirmed_whole",
        ),
        sa.CheckConstraint("confirmer_id <> decider_id", name="four_eyes"),
        sa.CheckConstraint("(status = 'revoked') = (ended_at IS NOT NULL)", name="revoked_whole"),
        sa.Index(
            "ix_case_conferences_extra",
            "household_id",
            "valid_from",
            "valid_to",
            postgresql_where=sa.text("status = 'confirmed' AND extra_fen > 0"),
        ),
    )


class CaseParticipant(Base):
    """Who took part, for which unit."""

    __tablename__ = "case_participants"
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("case_conferences.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    unit: Mapped[str]
    name: Mapped[str]


class CaseMeasure(Base):
    """One measure that was decided, in sealed words; `unit` answers for it, until `due_on`."""

    __tablename__ = "case_measures"
    case_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("case_conferences.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    category_code: Mapped[str | None] = mapped_column(Code, sa.ForeignKey("categories.code"))
    words_sealed: Mapped[bytes]
    unit: Mapped[str | None]
    due_on: Mapped[date | None]
