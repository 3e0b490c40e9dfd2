"""Charity projects 帮扶项目 that a federation lists, and what is tied to them."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, Code, Codes, new_id

PROJECT_STATUSES = ("draft", "listed", "closed")


class Project(Base):
    """One project: budget in fen, beneficiaries wanted (households), region in whose subtree it works."""

    __tablename__ = "projects"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=False), unique=True)
    name: Mapped[str]
    pinyin: Mapped[str] = mapped_column(Code)
    summary: Mapped[str]
    organiser: Mapped[str]
    region_code: Mapped[str] = mapped_column(Code, sa.ForeignKey("regions.code"), index=True)
    categories: Mapped[list[str]] = mapped_column(Codes, default=list)
    budget_fen: Mapped[int] = mapped_column(sa.BigInteger)
    beneficiaries_wanted: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    status: Mapped[str] = mapped_column(default="draft")
    listed_by: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("budget_fen >= 0", name="budget_not_negative"),
        sa.CheckConstraint("beneficiaries_wanted > 0", name="beneficiaries_positive"),
        sa.CheckConstraint("starts_on <= ends_on", name="period_in_order"),
        sa.CheckConstraint(f"status IN {PROJECT_STATUSES}", name="status_known"),
    )


class ProjectNeed(Base):
    """A need that belongs to a project (its `project` in a round)."""

    __tablename__ = "project_needs"
    need_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("needs.id"), primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("projects.id"), index=True)


class ProjectOffering(Base):
    """An offering earmarked for a project; an offering with no row here is for all."""

    __tablename__ = "project_offerings"
    offering_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("offerings.id"), primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("projects.id"), primary_key=True, index=True)


class ProjectFund(Base):
    """A fund earmarked for a project; a fund with no row here is for all."""

    __tablename__ = "project_funds"
    fund_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("funds.id"), primary_key=True)
    project_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("projects.id"), primary_key=True, index=True)
