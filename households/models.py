"""Demand: the household 家庭 ("户") as a unit of members, with the indicators that describe it."""

import uuid
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.database import Base, Code, new_id

STATUS_CATEGORIES = (
    "extreme_poverty",
    "subsistence_allowance",
    "subsistence_edge",
    "expenditure_hardship",
    "relative_low_income",
    "other",
)
RISK_TIERS = ("high", "key", "general")
EVENT_KINDS = ("fire", "accident", "disaster", "job_loss", "death_of_earner")
RELATIONS = ("head", "spouse", "child", "parent", "grandparent", "grandchild", "sibling", "other")


class Household(Base):
    """One household. `cap_fen` bounds what one round may give it (None: the policy's cap).

    Consent lets its needs enter rounds; `opted_out` keeps it out of automatic matching without losing its claim.
    """

    __tablename__ = "households"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    head_name: Mapped[str]
    pinyin: Mapped[str] = mapped_column(Code)
    initials: Mapped[str] = mapped_column(Code)
    address: Mapped[str | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    phone_sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None] = mapped_column(index=True)
    status_category: Mapped[str]
    main_type: Mapped[str]
    risk_tier: Mapped[str] = mapped_column(default="general")
    cap_fen: Mapped[int | None] = mapped_column(sa.BigInteger)
    consented_at: Mapped[datetime | None]
    opted_out: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    members: Mapped[list["Member"]] = relationship(order_by="Member.position", cascade="all, delete-orphan")
    indicators: Mapped[list["Indicator"]] = relationship(order_by="Indicator.code", cascade="all, delete-orphan")
    events: Mapped[list["HouseholdEvent"]] = relationship(
        order_by="HouseholdEvent.happened_on.desc(), HouseholdEvent.id", cascade="all, delete-orphan"
    )
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint(f"status_category IN {STATUS_CATEGORIES}", name="status_category_known"),
        sa.CheckConstraint(
            "main_type IN ('subsistence','expenditure','emergency','development','care')", name="main_type_known"
        ),
        sa.CheckConstraint(f"risk_tier IN {RISK_TIERS}", name="risk_tier_known"),
        sa.CheckConstraint("cap_fen >= 0", name="cap_not_negative"),
        sa.CheckConstraint("status IN ('active','closed')", name="status_known"),
        sa.CheckConstraint("(phone_sealed IS NULL) = (phone_index IS NULL)", name="phone_whole"),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point_whole"),
        sa.Index("ix_households_pinyin", "pinyin"),
        sa.Index("ix_households_initials", "initials"),
        # A page of a list is a walk along one of these: prefecture, county or township, then the number.
        sa.Index("ix_households_at_4", sa.text("left(region_code, 4)"), "number"),
        sa.Index("ix_households_at_6", sa.text("left(region_code, 6)"), "number"),
        sa.Index("ix_households_at_9", sa.text("left(region_code, 9)"), "number"),
        # A name of two characters has no trigram; its characters are found one by one.
        sa.Index("ix_households_name_characters", sa.text("string_to_array(head_name, NULL)"), postgresql_using="gin"),
        sa.Index(
            "ix_households_name_trgm", "head_name", postgresql_using="gin", postgresql_ops={"head_name": "gin_trgm_ops"}
        ),
    )


class HouseholdPerson(Base):
    """An account of somebody of the household."""

    __tablename__ = "household_people"
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), primary_key=True, index=True)


class Member(Base):
    """One person of a household; the same resident ID is in one household only. A diagnosis is sealed."""

    __tablename__ = "members"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    position: Mapped[int]
    name: Mapped[str]
    relation: Mapped[str]
    sex: Mapped[str]
    born_on: Mapped[date]
    resident_id_sealed: Mapped[bytes | None]
    resident_id_index: Mapped[bytes | None] = mapped_column(unique=True)
    disability_grade: Mapped[int | None] = mapped_column(sa.SmallInteger)
    diagnosis_sealed: Mapped[bytes | None]
    able_to_work: Mapped[bool] = mapped_column(default=False)
    in_school: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        sa.CheckConstraint(f"relation IN {RELATIONS}", name="relation_known"),
        sa.CheckConstraint("sex IN ('female','male')", name="sex_known"),
        sa.CheckConstraint("disability_grade BETWEEN 1 AND 4", name="disability_grade_range"),
        sa.CheckConstraint("(resident_id_sealed IS NULL) = (resident_id_index IS NULL)", name="resident_id_whole"),
        sa.Index("uq_members_one_head", "household_id", unique=True, postgresql_where=sa.text("relation = 'head'")),
    )


class Indicator(Base):
    """One indicator of a household as of a day, with its source: the raw material of the portrait."""

    __tablename__ = "indicators"
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), primary_key=True)
    code: Mapped[str] = mapped_column(Code, primary_key=True)
    value: Mapped[Decimal] = mapped_column(sa.Numeric(16, 2))
    as_of: Mapped[date]
    source: Mapped[str]
    __table_args__ = (sa.CheckConstraint("value >= 0", name="value_not_negative"),)


class HouseholdEvent(Base):
    """A shock that befell a household: what makes help urgent for a while."""

    __tablename__ = "household_events"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    kind: Mapped[str]
    happened_on: Mapped[date]
    source: Mapped[str]
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint(f"kind IN {EVENT_KINDS}", name="kind_known"),
        sa.UniqueConstraint("household_id", "kind", "happened_on"),
    )
