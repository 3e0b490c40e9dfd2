"""Monitoring 动态监测: departments' records, the warnings 预警 they raise, and the households that entered and left."""

import uuid
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from households.policy.monitoring import RECORD_STATES, WAYS
from kernel.database import Base, Code, new_id

SOURCES = ("medical_insurance", "human_resources", "education", "disabled_federation", "emergency_management", "other")
"""Departments whose data come in: 医保, 人社, 教育, 残联, 应急管理"""
KINDS = tuple(RECORD_STATES)
OUTCOMES = ("no_change", "facts_updated", "event_recorded", "plan_to_change", "left_monitoring", "wrong_data")
"""What came of a warning: nothing changed for the household, indicators set anew, an event put on record, the plan is to be changed,
the household left monitoring, the department's data were wrong"""


class DepartmentRecord(Base):
    """One record of a department, known by its source, county and number (and by its address, where it is of no person) and kept once.

    The person, the number, the address and details are sealed; amounts, days and states are not, so that they can be summed.
    `household_id` is set where an address, not a person, was matched.
    """

    __tablename__ = "department_records"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), unique=True)
    source: Mapped[str]
    record_index: Mapped[bytes]
    record_sealed: Mapped[bytes]
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"))
    kind: Mapped[str]
    state: Mapped[str]
    happened_on: Mapped[date]
    amount_fen: Mapped[int | None] = mapped_column(sa.BigInteger)
    grade: Mapped[int | None] = mapped_column(sa.SmallInteger)
    person_index: Mapped[bytes | None] = mapped_column(index=True)
    person_sealed: Mapped[bytes | None]
    address_sealed: Mapped[bytes | None]
    detail_sealed: Mapped[bytes | None]
    household_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("households.id"), index=True)
    created_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("source", "record_index"),
        sa.CheckConstraint(f"source IN {SOURCES}", name="source_known"),
        sa.CheckConstraint(f"kind IN {KINDS}", name="kind_known"),
        sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
        sa.CheckConstraint("(kind = 'medical_bill') = (amount_fen IS NOT NULL)", name="bill_has_amount"),
        sa.CheckConstraint("grade BETWEEN 1 AND 4", name="grade_range"),
        sa.CheckConstraint("(person_index IS NULL) = (person_sealed IS NULL)", name="person_whole"),
        sa.CheckConstraint("person_index IS NOT NULL OR address_sealed IS NOT NULL", name="of_somebody"),
    )


class HouseholdWarning(Base):
    """A rule of the policy held for a household. One is open per household and rule; records up to number `counted_to` are in it and are
    not counted again once it is handled."""

    __tablename__ = "warnings"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    policy_code: Mapped[str] = mapped_column(Code)
    rule: Mapped[str]
    way: Mapped[str]
    facts: Mapped[dict[str, Any]]
    counted_to: Mapped[int] = mapped_column(sa.BigInteger)
    due_on: Mapped[date]
    raised_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="open")
    outcome: Mapped[str | None]
    note_sealed: Mapped[bytes | None]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    __table_args__ = (
        sa.CheckConstraint("status IN ('open','handled')", name="status_known"),
        sa.CheckConstraint(f"way IN {WAYS}", name="way_known"),
        sa.CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome_known"),
        sa.CheckConstraint(
            "(status = 'handled') = (outcome IS NOT NULL) AND (status = 'handled') = (handled_at IS NOT NULL)",
            name="handled_with_outcome",
        ),
        sa.Index(
            "uq_warnings_open", "household_id", "rule", unique=True, postgresql_where=sa.text("status = 'open'")
        ),
        sa.Index("ix_warnings_due", "due_on", postgresql_where=sa.text("status = 'open'")),
    )  # fmt: skip


class MonitoringSpell(Base):
    """A time in which a household is monitored: from a day, with the reason, until it leaves, with the reason. One is open at a time."""

    __tablename__ = "monitoring_spells"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    entered_on: Mapped[date]
    entered_by_rule: Mapped[str | None]
    left_on: Mapped[date | None]
    reason_sealed: Mapped[bytes | None]
    __table_args__ = (
        sa.CheckConstraint("left_on >= entered_on", name="leaves_after_entering"),
        sa.CheckConstraint("(left_on IS NULL) = (reason_sealed IS NULL)", name="leaves_with_reason"),
        sa.Index("uq_monitoring_spells_open", "household_id", unique=True, postgresql_where=sa.text("left_on IS NULL")),
    )
