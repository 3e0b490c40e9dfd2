"""Care visits 探访关爱 and the problems 问题 found on them, and periodic reviews 定期核查 of a household's facts.

What people write about a household here may name an illness: every free text is sealed to its row.
"""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from households.models import RISK_TIERS
from households.policy.visiting import PROBLEM_KINDS
from households.visits.rules import OUTCOMES, WAYS
from kernel.database import Base, Code, Codes, new_id

STEPS = ("opened", "assigned", "escalated", "resolved", "reopened")


class CareVisit(Base):
    """A visit to a household: planned, then done. It belongs to the household and goes with it wherever it moves.

    `due_on` is `every_days` of the tier after `base_on`, the day of the visit before; `try_on` a later day on which somebody comes again
    after nobody was at home, which leaves `due_on` as it is. `region_code` is where the household lived when the visit was done.
    """

    __tablename__ = "care_visits"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"))
    tier: Mapped[str]
    every_days: Mapped[int]
    base_on: Mapped[date]
    due_on: Mapped[date]
    try_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(default="planned")
    way: Mapped[str | None]
    done_on: Mapped[date | None]
    recorded_at: Mapped[datetime | None]
    worker_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    worker: Mapped[str | None]
    region_code: Mapped[str | None] = mapped_column(Code, sa.ForeignKey("regions.code"))
    findings: Mapped[list[str]] = mapped_column(Codes, default=list)
    words_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]

    @property
    def has_words(self) -> bool:
        """Whether something was written."""
        return self.words_sealed is not None

    __table_args__ = (
        sa.CheckConstraint(f"tier IN {RISK_TIERS}", name="tier_known"),
        sa.CheckConstraint("status IN ('planned','done','dropped')", name="status_known"),
        sa.CheckConstraint(f"way IN {WAYS}", name="way_known"),
        sa.CheckConstraint("every_days > 0 AND due_on >= base_on", name="after_the_one_before"),
        sa.CheckConstraint(
            "(status = 'done') = (done_on IS NOT NULL AND way IS NOT NULL AND recorded_at IS NOT NULL"
            " AND worker IS NOT NULL AND region_code IS NOT NULL)",
            name="done_whole",
        ),
        sa.CheckConstraint("done_on >= base_on", name="done_after_the_one_before"),
        sa.CheckConstraint(f"findings <@ ARRAY{list(PROBLEM_KINDS)}::varchar[]", name="findings_known"),
        sa.Index("uq_care_visits_planned", "household_id", unique=True, postgresql_where=sa.text("status = 'planned'")),
        sa.Index("ix_care_visits_household", "household_id", "done_on"),
        sa.Index("ix_care_visits_ahead", "due_on", postgresql_where=sa.text("status = 'planned'")),
        sa.Index("ix_care_visits_due", "due_on", postgresql_where=sa.text("status <> 'dropped'")),
    )


class VisitTry(Base):
    """Nobody was at home: one line a day and visit."""

    __tablename__ = "visit_tries"
    visit_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("care_visits.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime]
    worker_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    worker: Mapped[str]


class HouseholdReview(Base):
    """A review of a household's facts: open, then done with an outcome. `rule_group` is the policy set's group that set `months` (None: none of them)."""

    __tablename__ = "household_reviews"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"))
    policy_code: Mapped[str] = mapped_column(Code)
    rule_group: Mapped[str | None]
    months: Mapped[int]
    base_on: Mapped[date]
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(default="open")
    outcome: Mapped[str | None]
    done_on: Mapped[date | None]
    recorded_at: Mapped[datetime | None]
    reviewer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    reviewer: Mapped[str | None]
    evidence_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("status IN ('open','done','dropped')", name="status_known"),
        sa.CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome_known"),
        sa.CheckConstraint("months > 0 AND due_on >= base_on", name="after_the_one_before"),
        sa.CheckConstraint(
            "(status = 'done') = (outcome IS NOT NULL AND done_on IS NOT NULL AND recorded_at IS NOT NULL"
            " AND reviewer IS NOT NULL AND evidence_sealed IS NOT NULL)",
            name="done_whole",
        ),
        sa.CheckConstraint("done_on >= base_on", name="done_after_the_one_before"),
        sa.Index("uq_household_reviews_open", "household_id", unique=True, postgresql_where=sa.text("status = 'open'")),
        sa.Index("ix_household_reviews_household", "household_id", "done_on"),
        sa.Index("ix_household_reviews_due", "due_on", postgresql_where=sa.text("status = 'open'")),
    )


class Problem(Base):
    """Something found that must be put right, by its owner, until a day. Late, or too large for the township, it goes to the county (`escalated_at`).

    `region_code` is where the household lived when it was resolved.
    """

    __tablename__ = "visit_problems"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    visit_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("care_visits.id"), index=True)
    kind: Mapped[str]
    region_code: Mapped[str | None] = mapped_column(Code, sa.ForeignKey("regions.code"))
    owner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), index=True)
    found_on: Mapped[date]
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(default="open")
    resolved_on: Mapped[date | None]
    escalated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint(f"kind IN {PROBLEM_KINDS}", name="kind_known"),
        sa.CheckConstraint("status IN ('open','resolved')", name="status_known"),
        sa.CheckConstraint(
            "(status = 'resolved') = (resolved_on IS NOT NULL AND region_code IS NOT NULL)", name="resolved_whole"
        ),
        sa.CheckConstraint("due_on >= found_on AND resolved_on >= found_on", name="days_in_order"),
        sa.Index("ix_visit_problems_due", "due_on"),
    )


class ProblemStep(Base):
    """One step of a problem's way: who, when, and in which words (sealed)."""

    __tablename__ = "problem_steps"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    problem_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("visit_problems.id"), index=True)
    at: Mapped[datetime]
    step: Mapped[str]
    actor_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    actor: Mapped[str]
    words_sealed: Mapped[bytes | None]
    __table_args__ = (
        sa.CheckConstraint(f"step IN {STEPS}", name="step_known"),
        sa.CheckConstraint("step NOT IN ('resolved','reopened') OR words_sealed IS NOT NULL", name="says_why"),
    )
