"""Needs 需求: what a household asks for, how urgent it is, and how much of it has been promised and received."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, Codes, new_id

FILLS = ("any", "whole", "single")
NEED_STATUSES = ("open", "met", "withdrawn", "expired")


class Need(Base):
    """`quantity` whole units asked for; `reserved` are promised by a committed round, `delivered` arrived; the rest is open.

    `tier` 1 is most urgent; `weight` 1–1000 ranks within a tier; `rounds_waited` is how many whole rounds left it unserved, as
    last counted from the rounds themselves at a commit or void.
    """

    __tablename__ = "needs"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    household_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("households.id"), index=True)
    category_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("categories.code"), index=True)
    accepts: Mapped[list[str]] = mapped_column(Codes, default=list)
    quantity: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    tier: Mapped[int] = mapped_column(sa.SmallInteger)
    weight: Mapped[int]
    type: Mapped[str]
    fill: Mapped[str] = mapped_column(default="any")
    unit_worth_fen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    requires: Mapped[list[str]] = mapped_column(Codes, default=list)
    starts_on: Mapped[date | None]
    due_on: Mapped[date | None]
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    note: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="open")
    rounds_waited: Mapped[int] = mapped_column(default=0)
    posted_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("quantity >= 1 AND quantity <= 1000 * weight", name="quantity_range"),
        sa.CheckConstraint(
            "reserved >= 0 AND delivered >= 0 AND reserved + delivered <= quantity", name="never_over_served"
        ),
        sa.CheckConstraint("tier BETWEEN 1 AND 3", name="tier_range"),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000", name="weight_range"),
        sa.CheckConstraint("type IN ('subsistence','expenditure','emergency','development','care')", name="type_known"),
        sa.CheckConstraint(f"fill IN {FILLS}", name="fill_known"),
        sa.CheckConstraint(f"status IN {NEED_STATUSES}", name="status_known"),
        sa.CheckConstraint("unit_worth_fen >= 0", name="unit_worth_not_negative"),
        sa.CheckConstraint("starts_on <= due_on", name="period_in_order"),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point_whole"),
        sa.Index("ix_needs_open", "region_code", "tier", postgresql_where=sa.text("status = 'open'")),
    )
