"""What the staff's day pages show of supply: what lies idle or is about to end, money in the funds, projects.

Every function takes `scope`, the region codes in whose subtrees the reader holds the right, and returns frozen rows. Each is one
statement over an index on the region code, so that a county with 6,000 needs is answered within 50 ms.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund, LedgerAccount
from donors.models import Donor
from donors.offerings.models import Offering
from kernel.catalogue.models import Category
from kernel.database import within
from projects.models import Project
from projects.volunteering.models import Shift

ENDING = timedelta(days=7)  # an offering that ends within this time and has something left is about to be lost


@dataclass(frozen=True)
class IdleKind:
    """Open offerings of one kind of help: how many, and how many of them nobody was promised anything of."""

    kind: str
    offerings: int
    idle: int


def idle_by_kind(session: Session, *, scope: tuple[str, ...], today: date) -> list[IdleKind]:
    """Per kind of help, the kinds with most idle offerings first."""
    idle = sa.func.count().filter(Offering.reserved + Offering.delivered == 0)
    rows = session.execute(
        sa.select(Category.kind, sa.func.count(), idle)
        .select_from(Offering)
        .join(Category, Category.code == Offering.category_code)
        .where(within(Offering.region_code, scope), *on_offer(today))
        .group_by(Category.kind)
        .order_by(idle.desc(), Category.kind)
    )
    return [IdleKind(*row) for row in rows]


def on_offer(today: date) -> tuple[sa.ColumnElement[bool], ...]:
    """Open, not ended, and with something left."""
    return (
        Offering.status == "open",
        sa.or_(Offering.ends_on.is_(None), Offering.ends_on >= today),
        Offering.reserved + Offering.delivered < Offering.quantity,
    )


@dataclass(frozen=True)
class OfferingLine:
    """An offering with what is left of it."""

    id: uuid.UUID
    number: int
    title: str
    donor_name: str
    category: Category
    available: int
    ends_on: date | None


def ending_offerings(session: Session, *, scope: tuple[str, ...], today: date, limit: int = 5) -> list[OfferingLine]:
    """Offerings that end soonest with something left: used now or not at all."""
    rows = session.execute(
        sa.select(Offering, Donor.name, Category)
        .join(Donor, Donor.id == Offering.donor_id)
        .join(Category, Category.code == Offering.category_code)
        .where(within(Offering.region_code, scope), *on_offer(today), Offering.ends_on <= today + ENDING)
        .order_by(Offering.ends_on, Offering.number)
        .limit(limit)
    )
    return [
        OfferingLine(
            offering.id,
            offering.number,
            offering.title,
            name,
            category,
            offering.quantity - offering.reserved - offering.delivered,
            offering.ends_on,
        )
        for offering, name, category in rows
    ]


@dataclass(frozen=True)
class FundLine:
    """A fund and its balances in fen, read from the ledger's accounts."""

    id: uuid.UUID
    name: str
    kind: str
    status: str
    available_fen: int
    reserved_fen: int
    spent_fen: int


def fund_balances(session: Session, *, scope: tuple[str, ...]) -> list[FundLine]:
    """The open funds, those with most available first."""

    def balance(kind: str) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(LedgerAccount.balance_fen).filter(LedgerAccount.kind == kind), 0)

    available = balance("available")
    rows = session.execute(
        sa.select(Fund.id, Fund.name, Fund.kind, Fund.status, available, balance("reserved"), balance("spent"))
        .outerjoin(LedgerAccount, LedgerAccount.fund_id == Fund.id)
        .where(within(Fund.region_code, scope), Fund.status == "open")
        .group_by(Fund.id)
        .order_by(available.desc(), Fund.number)
    )
    return [FundLine(row[0], row[1], row[2], row[3], int(row[4]), int(row[5]), int(row[6])) for row in rows]


@dataclass(frozen=True)
class ProjectLine:
    """A project with its shifts still to come and the places taken on them."""

    id: uuid.UUID
    number: int
    name: str
    organiser: str
    status: str
    budget_fen: int
    ends_on: date
    shifts: int
    places: int
    taken: int


def projects_in(session: Session, *, scope: tuple[str, ...], now: datetime, limit: int = 8) -> list[ProjectLine]:
    """Drafts first, then the listed ones by the day they end; closed ones are history."""
    rows = session.execute(
        sa.select(
            Project.id,
            Project.number,
            Project.name,
            Project.organiser,
            Project.status,
            Project.budget_fen,
            Project.ends_on,
            sa.func.count(Shift.id),
            sa.func.coalesce(sa.func.sum(Shift.capacity), 0),
            sa.func.coalesce(sa.func.sum(Shift.taken), 0),
        )
        .outerjoin(Shift, sa.and_(Shift.project_id == Project.id, Shift.status == "open", Shift.starts_at > now))
        .where(within(Project.region_code, scope), Project.status != "closed")
        .group_by(Project.id)
        .order_by(sa.case((Project.status == "draft", 0), else_=1), Project.ends_on, Project.number)
        .limit(limit)
    )
    return [ProjectLine(*row) for row in rows]
