"""Supply: who gives. Enterprises 爱心企业, social organisations 社会组织 and volunteers 志愿者."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, Codes, new_id

DONOR_KINDS = ("enterprise", "social_organisation", "volunteer")
DONOR_STATUSES = ("active", "suspended", "closed")


class Donor(Base):
    """One helper. Organisations carry a checked USCC; volunteers a sealed resident ID, skills and how far they travel.

    `reach_m` is in metres; `max_households` is how many households a volunteer carries at once.
    """

    __tablename__ = "donors"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    pinyin: Mapped[str] = mapped_column(Code)
    initials: Mapped[str] = mapped_column(Code)
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    uscc: Mapped[str | None] = mapped_column(Code, unique=True)
    contact_name: Mapped[str | None]
    phone_sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None] = mapped_column(index=True)
    resident_id_sealed: Mapped[bytes | None]
    resident_id_index: Mapped[bytes | None] = mapped_column(unique=True)
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    skills: Mapped[list[str]] = mapped_column(Codes, default=list)
    reach_m: Mapped[int | None]
    max_households: Mapped[int | None]
    consent_public: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint(f"kind IN {DONOR_KINDS}", name="kind_known"),
        sa.CheckConstraint(f"status IN {DONOR_STATUSES}", name="status_known"),
        sa.CheckConstraint("(kind = 'volunteer') = (uscc IS NULL)", name="organisations_have_uscc"),
        sa.CheckConstraint("(resident_id_sealed IS NULL) = (resident_id_index IS NULL)", name="resident_id_whole"),
        sa.CheckConstraint("(phone_sealed IS NULL) = (phone_index IS NULL)", name="phone_whole"),
        sa.CheckConstraint("reach_m > 0", name="reach_positive"),
        sa.CheckConstraint("max_households > 0", name="max_households_positive"),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point_whole"),
        sa.Index("ix_donors_pinyin", "pinyin"),
        sa.Index("ix_donors_name_trgm", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )


class DonorPerson(Base):
    """An account that acts for a donor (a volunteer's own, or an organisation's staff)."""

    __tablename__ = "donor_people"
    donor_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("donors.id"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), primary_key=True, index=True)
