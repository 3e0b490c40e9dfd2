"""The plan of a household 一户一策: its versions, the measures of each, what was done with it, and objections."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from households.consents.models import GIVERS
from kernel.database import Base, Code, new_id

PLAN_STATUSES = ("draft", "agreed", "approved", "in_force", "reviewed", "closed")
"""`reviewed`: a later version took its place; `closed`: ended without one, or dropped before it came in force"""
PREPARED = ("draft", "agreed", "approved")
EVERY = ("once", "monthly", "quarterly", "yearly")
CAUSES = ("household_closed", "last_member_died", "joined_into")
"""Why the program ends a plan: its household was closed, its last member died, or it came into another one"""
OBJECTION_STATUSES = ("open", "upheld", "rejected", "taken_back")


class Plan(Base):
    """One version of a household's plan. One version is in force at most, and one in preparation; the database holds both.

    `policy_set_id` is the policy whose catalogue the measures were chosen from; `basis` the portrait's category, main type and risk
    tier when it was drafted. `agreed_…` say who agreed for the household, how and on which day.
    """

    __tablename__ = "plans"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"))
    version_no: Mapped[int]
    status: Mapped[str] = mapped_column(default="draft")
    policy_set_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("policy_sets.id"))
    basis: Mapped[dict[str, Any]] = mapped_column(JSONB)
    drafter_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    agreed_way: Mapped[str | None]
    agreed_by: Mapped[str | None]
    agreed_giver: Mapped[str | None]
    agreed_relation: Mapped[str | None]
    agreed_reference: Mapped[str | None]
    agreed_on: Mapped[date | None]
    agreement_recorder_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    approver_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    starts_on: Mapped[date | None]
    review_on: Mapped[date | None]
    in_force_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    measures: Mapped[list["PlanMeasure"]] = relationship(order_by="PlanMeasure.position", cascade="all, delete-orphan")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint(f"status IN {PLAN_STATUSES}", name="status_known"),
        sa.CheckConstraint(f"agreed_by IN {GIVERS}", name="agreed_by_known"),
        sa.CheckConstraint("agreed_way IN ('paper','screen')", name="agreed_way_known"),
        sa.CheckConstraint("agreed_way <> 'paper' OR agreed_reference IS NOT NULL", name="paper_has_reference"),
        sa.CheckConstraint("agreed_by = 'self' OR agreed_relation IS NOT NULL", name="others_say_relation"),
        sa.CheckConstraint(
            "(agreed_on IS NULL) = (agreed_way IS NULL) AND (agreed_on IS NULL) = (agreed_by IS NULL)"
            " AND (agreed_on IS NULL) = (agreed_giver IS NULL)",
            name="agreement_whole",
        ),
        sa.CheckConstraint("status IN ('draft','closed') OR agreed_on IS NOT NULL", name="agreed_first"),
        sa.CheckConstraint(
            "status IN ('draft','agreed','closed') OR starts_on IS NOT NULL", name="approved_with_a_start"
        ),
        sa.CheckConstraint(
            "approver_id <> drafter_id AND approver_id <> agreement_recorder_id", name="approver_is_another"
        ),
        sa.CheckConstraint("status <> 'in_force' OR review_on IS NOT NULL", name="in_force_is_reviewed"),
        sa.UniqueConstraint("household_id", "version_no"),
        sa.Index("uq_plans_one_in_force", "household_id", unique=True, postgresql_where=sa.text("status = 'in_force'")),
        sa.Index(
            "uq_plans_one_in_preparation",
            "household_id",
            unique=True,
            postgresql_where=sa.text("status IN ('draft','agreed','approved')"),
        ),
        sa.Index("ix_plans_status", "status", "review_on"),
    )


class PlanMeasure(Base):
    """One measure of a version: what it asks for, how urgently, from when on, how often, and where it is delivered.

    `line_id` is the same in every version that keeps the measure, so that its needs follow. `days`: in how many days of its period
    it should be served. `next_on`: the start of the next period whose need is not posted yet (None: no more).
    `reasons`: what the portrait gave for suggesting it, as whole numbers in the fact's unit.
    """

    __tablename__ = "plan_measures"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    plan_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("plans.id"))
    line_id: Mapped[uuid.UUID] = mapped_column(default=new_id)
    position: Mapped[int]
    measure_code: Mapped[str] = mapped_column(Code)
    category_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("categories.code"))
    type: Mapped[str]
    quantity: Mapped[int]
    tier: Mapped[int] = mapped_column(sa.SmallInteger)
    weight: Mapped[int]
    every: Mapped[str] = mapped_column(default="once")
    starts_on: Mapped[date | None]
    days: Mapped[int]
    deliver_to: Mapped[str | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    chosen_by: Mapped[str] = mapped_column(default="worker")
    reasons: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    next_on: Mapped[date | None]
    __table_args__ = (
        sa.UniqueConstraint("plan_id", "measure_code"),
        sa.UniqueConstraint("plan_id", "line_id"),
        sa.CheckConstraint("quantity >= 1 AND quantity <= 1000 * weight", name="quantity_range"),
        sa.CheckConstraint("tier BETWEEN 1 AND 3", name="tier_range"),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name="weight_range"),
        sa.CheckConstraint(f"every IN {EVERY}", name="every_known"),
        sa.CheckConstraint("days BETWEEN 1 AND 3650", name="days_range"),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point_whole"),
        sa.CheckConstraint("chosen_by IN ('household','worker')", name="chosen_by_known"),
        sa.Index("ix_plan_measures_line", "line_id"),
        sa.Index("ix_plan_measures_next", "next_on", postgresql_where=sa.text("next_on IS NOT NULL")),
    )


class PlanNeed(Base):
    """A need that a measure became, for the period that starts on `period_from`. `measure_id` is the version's measure whose values
    the need has: where that is not the version in force, the need could not follow yet."""

    __tablename__ = "plan_needs"
    need_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("needs.id"), primary_key=True)
    measure_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("plan_measures.id"), index=True)
    line_id: Mapped[uuid.UUID]
    period_from: Mapped[date]
    __table_args__ = (sa.UniqueConstraint("line_id", "period_from"),)


class PlanStep(Base):
    """One step of a plan: what was done, by whom, why. Written once. `number` is its place in time.

    The reason is in somebody's words and sealed; `cause` says why the program took the step.
    """

    __tablename__ = "plan_steps"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), unique=True)
    plan_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("plans.id"), index=True)
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    step: Mapped[str]
    cause: Mapped[str | None]
    reason_sealed: Mapped[bytes | None]
    __table_args__ = (sa.CheckConstraint(f"cause IN {CAUSES}", name="cause_known"),)

    @property
    def has_reason(self) -> bool:
        """Whether somebody wrote why."""
        return self.reason_sealed is not None


class Objection(Base):
    """A household's objection 异议 to its plan, or to what happens with one need; its words and the answer to them are sealed.

    While it is open its needs stay out of every round. It is heard by another person than the plan's authors.
    """

    __tablename__ = "objections"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    plan_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("plans.id"), index=True)
    need_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("needs.id"), index=True)
    words_sealed: Mapped[bytes]
    raised_at: Mapped[datetime]
    raiser_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(default="open")
    hearer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None]

    @property
    def answered(self) -> bool:
        """Whether it was heard with an answer."""
        return self.answer_sealed is not None

    __table_args__ = (
        sa.CheckConstraint(f"status IN {OBJECTION_STATUSES}", name="status_known"),
        sa.CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="end_whole"),
        sa.CheckConstraint(
            "status NOT IN ('upheld','rejected') OR answer_sealed IS NOT NULL", name="heard_with_an_answer"
        ),
        sa.CheckConstraint("hearer_id <> raiser_id", name="hearer_is_another"),
        sa.Index(
            "uq_objections_open",
            "household_id",
            "need_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("status = 'open'"),
        ),
    )
