"""Volunteer shifts 志愿服务班次 and sign-ups 报名: never overbooked, never overlapping, both held by the database."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, Codes, new_id


class Shift(Base):
    """`capacity` places between two moments; `taken` is kept by guarded updates."""

    __tablename__ = "shifts"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    project_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("projects.id"), index=True)
    title: Mapped[str]
    place: Mapped[str]
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    requires: Mapped[list[str]] = mapped_column(Codes, default=list)
    status: Mapped[str] = mapped_column(default="open")
    created_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="times_in_order"),
        sa.CheckConstraint("capacity > 0", name="capacity_positive"),
        sa.CheckConstraint("taken >= 0 AND taken <= capacity", name="never_overbooked"),
        sa.CheckConstraint("status IN ('open','cancelled')", name="status_known"),
        sa.Index("ix_shifts_upcoming", "starts_at"),
    )


class SignUp(Base):
    """A volunteer's place on a shift; `period` repeats the shift's times so that the database can refuse an overlap."""

    __tablename__ = "sign_ups"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    shift_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("shifts.id"), index=True)
    volunteer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("donors.id"), index=True)
    period: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    status: Mapped[str] = mapped_column(default="signed_up")
    signed_up_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("status IN ('signed_up','cancelled')", name="status_known"),
        ExcludeConstraint(
            (sa.column("volunteer_id"), "="),
            (sa.column("period"), "&&"),
            name="ex_sign_ups_no_overlap",
            using="gist",
            where=sa.text("status = 'signed_up'"),
        ),  # fmt: skip
    )
