"""Offerings 资源: what a donor can give, how much of it is left, where, when and under which conditions."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, Codes, new_id

OFFERING_STATUSES = ("open", "paused", "withdrawn")


class Offering(Base):
    """`quantity` whole units in all; `reserved` are promised, `delivered` are gone; the rest is available.

    Neither `areas` nor `radius_m`: everywhere. `unit_cost_fen` > 0 where the unit is bought, then a fund pays.
    """

    __tablename__ = "offerings"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    donor_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("donors.id"), index=True)
    category_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("categories.code"), index=True)
    title: Mapped[str]
    quantity: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    unit_cost_fen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    government_bought: Mapped[bool] = mapped_column(default=False)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    areas: Mapped[list[str] | None] = mapped_column(Codes)
    radius_m: Mapped[int | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    provides: Mapped[list[str]] = mapped_column(Codes, default=list)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    max_needs: Mapped[int | None]
    types: Mapped[list[str] | None] = mapped_column(Codes)
    fund_ids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(sa.Uuid))
    status: Mapped[str] = mapped_column(default="open")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("quantity >= 0 AND reserved >= 0 AND delivered >= 0", name="quantities_not_negative"),
        sa.CheckConstraint("reserved + delivered <= quantity", name="never_over_allocated"),
        sa.CheckConstraint("unit_cost_fen >= 0", name="unit_cost_not_negative"),
        sa.CheckConstraint("starts_on <= ends_on", name="period_in_order"),
        sa.CheckConstraint("radius_m > 0", name="radius_positive"),
        sa.CheckConstraint("max_needs > 0", name="max_needs_positive"),
        sa.CheckConstraint(
            "cardinality(areas) > 0 AND cardinality(types) > 0 AND cardinality(fund_ids) > 0", name="lists_not_empty"
        ),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point_whole"),
        sa.CheckConstraint(f"status IN {OFFERING_STATUSES}", name="status_known"),
    )


class StockMovement(Base):
    """Append-only journal of an offering's stock: what was held, given back or handed over, each once per reference."""

    __tablename__ = "stock_movements"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    offering_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("offerings.id"), index=True)
    kind: Mapped[str]
    quantity: Mapped[int]
    reference: Mapped[str]
    at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("kind IN ('reserve','release','deliver')", name="kind_known"),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.UniqueConstraint("reference", "kind"),
    )
