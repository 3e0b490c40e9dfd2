"""What the staff's day pages show: demand, supply, rounds, what is late, and money, each within the reader's regions.

Every function takes `scope`, the region codes in whose subtrees the reader holds the right, and returns frozen rows. Each is one
statement over an index on the region code, so that a county with 6,000 needs is answered within 50 ms.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund, LedgerAccount
from donors.models import Donor
from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from kernel.catalogue.models import Category
from kernel.database import within
from kernel.regions.models import Region
from matching.rounds.models import Allocation, MatchRound
from projects.models import Project
from projects.volunteering.models import Shift

DELIVERY_DUE = timedelta(days=14)  # a promise not delivered by then is late
REVIEW_DUE = timedelta(days=3)  # a round that waits longer for its reviewer or committer is late
ENDING = timedelta(days=7)  # an offering that ends within this time and has something left is about to be lost
UNDER_WAY = ("draft", "frozen", "queued", "solving", "proposed", "approved")


@dataclass(frozen=True)
class TierLine:
    """Open needs of one tier, of how many households, how many past their day, and since when the longest waits."""

    tier: int
    needs: int
    households: int
    overdue: int
    oldest: datetime | None


def open_needs_by_tier(session: Session, *, scope: tuple[str, ...], today: date) -> list[TierLine]:
    """The three tiers, most urgent first; a tier without open needs is there with zeros."""
    rows = session.execute(
        sa.select(
            Need.tier,
            sa.func.count(),
            sa.func.count(Need.household_id.distinct()),
            sa.func.count().filter(Need.due_on < today),
            sa.func.min(Need.posted_at),
        )
        .where(within(Need.region_code, scope), Need.status == "open")
        .group_by(Need.tier)
    )
    found = {row[0]: TierLine(*row) for row in rows}
    return [found.get(tier, TierLine(tier, 0, 0, 0, None)) for tier in (1, 2, 3)]


@dataclass(frozen=True)
class AreaLine:
    """One township (or village): open needs, and the share of all that was asked for there that is promised or delivered."""

    code: str
    name: str
    lat: float | None
    lon: float | None
    open_needs: int
    share: float | None


def needs_by_area(session: Session, *, scope: tuple[str, ...]) -> list[AreaLine]:
    """Townships of a county's scope, villages of a township's, those with most open needs first.

    `share` is the mean over open and met needs of (reserved + delivered) / quantity, each need counting once.
    """
    depth = 12 if scope and min(map(len, scope)) >= 9 else 9
    area = sa.func.left(Need.region_code, depth)
    counted = (
        sa.select(
            area.label("code"),
            sa.func.count().filter(Need.status == "open").label("open_needs"),
            sa.func.avg(sa.cast(Need.reserved + Need.delivered, sa.Float) / Need.quantity).label("share"),
        )
        .where(within(Need.region_code, scope), Need.status.in_(("open", "met")))
        .group_by(area)
        .subquery()
    )
    rows = session.execute(
        sa.select(Region.code, Region.name, Region.lat, Region.lon, counted.c.open_needs, counted.c.share)
        .join(counted, counted.c.code == Region.code)
        .order_by(counted.c.open_needs.desc(), Region.code)
    )
    return [AreaLine(*row) for row in rows]


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
        .where(within(Offering.region_code, scope), *_on_offer(today))
        .group_by(Category.kind)
        .order_by(idle.desc(), Category.kind)
    )
    return [IdleKind(*row) for row in rows]


def _on_offer(today: date) -> tuple[sa.ColumnElement[bool], ...]:
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
        .where(within(Offering.region_code, scope), *_on_offer(today), Offering.ends_on <= today + ENDING)
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
class RoundLine:
    """A round in a list; `since` is when it came into its present status, as far as that is kept."""

    id: uuid.UUID
    number: int
    name: str
    status: str
    region_name: str
    since: datetime
    expires_at: datetime | None
    progress: dict[str, Any] | None
    plan_status: str | None


def rounds_in(
    session: Session, *, scope: tuple[str, ...], statuses: tuple[str, ...] = UNDER_WAY, limit: int = 6
) -> list[RoundLine]:
    """The newest rounds in one of `statuses`."""
    since = sa.func.coalesce(
        MatchRound.ended_at,
        MatchRound.committed_at,
        MatchRound.approved_at,
        MatchRound.proposed_at,
        MatchRound.queued_at,
        MatchRound.frozen_at,
        MatchRound.created_at,
    )
    rows = session.execute(
        sa.select(
            MatchRound.id,
            MatchRound.number,
            MatchRound.name,
            MatchRound.status,
            Region.name,
            since,
            MatchRound.expires_at,
            MatchRound.progress,
            MatchRound.plan_status,
        )
        .join(Region, Region.code == MatchRound.region_code)
        .where(within(MatchRound.region_code, scope), MatchRound.status.in_(statuses))
        .order_by(MatchRound.number.desc())
        .limit(limit)
    )
    return [RoundLine(*row) for row in rows]


@dataclass(frozen=True)
class Late:
    """What should have happened already, counted."""

    needs: int
    deliveries: int
    rounds: int
    offerings_ending: int

    @property
    def any(self) -> bool:
        """Whether anything is late at all."""
        return bool(self.needs or self.deliveries or self.rounds or self.offerings_ending)


def what_is_late(session: Session, *, scope: tuple[str, ...], now: datetime, today: date) -> Late:
    """Open needs past their day, promises older than 14 days, rounds waiting for a person for 3 days, offerings ending within 7."""
    waiting = sa.func.coalesce(MatchRound.approved_at, MatchRound.proposed_at)
    return Late(
        *session.execute(
            sa.select(
                _count(Need, within(Need.region_code, scope), Need.status == "open", Need.due_on < today),
                sa.select(sa.func.count())
                .select_from(Allocation)
                .join(MatchRound, MatchRound.id == Allocation.round_id)
                .where(
                    within(Allocation.region_code, scope),
                    Allocation.status == "reserved",
                    MatchRound.committed_at < now - DELIVERY_DUE,
                )
                .scalar_subquery(),
                _count(
                    MatchRound,
                    within(MatchRound.region_code, scope),
                    MatchRound.status.in_(("proposed", "approved")),
                    waiting < now - REVIEW_DUE,
                ),
                _count(
                    Offering, within(Offering.region_code, scope), *_on_offer(today), Offering.ends_on <= today + ENDING
                ),
            )
        ).one()
    )


def _count(model: Any, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(model).where(*conditions).scalar_subquery()


@dataclass(frozen=True)
class DeliveryLine:
    """A promise that waits for its delivery to be confirmed."""

    id: uuid.UUID
    quantity: int
    category: Category
    household_number: int
    head_name: str
    region_name: str
    donor_name: str
    round_number: int
    promised_at: datetime | None


def deliveries_waiting(session: Session, *, scope: tuple[str, ...], limit: int = 6) -> list[DeliveryLine]:
    """Promises not yet delivered, the oldest first."""
    rows = session.execute(
        sa.select(
            Allocation.id,
            Allocation.quantity,
            Category,
            Household.number,
            Household.head_name,
            Region.name,
            Donor.name,
            MatchRound.number,
            MatchRound.committed_at,
        )
        .join(Offering, Offering.id == Allocation.offering_id)
        .join(Category, Category.code == Offering.category_code)
        .join(Donor, Donor.id == Offering.donor_id)
        .join(Household, Household.id == Allocation.household_id)
        .join(Region, Region.code == Allocation.region_code)
        .join(MatchRound, MatchRound.id == Allocation.round_id)
        .where(within(Allocation.region_code, scope), Allocation.status == "reserved")
        .order_by(MatchRound.committed_at, Allocation.id)
        .limit(limit)
    )
    return [DeliveryLine(*row) for row in rows]


def count_deliveries_waiting(session: Session, *, scope: tuple[str, ...]) -> int:
    """How many promises wait for their delivery."""
    query = sa.select(_count(Allocation, within(Allocation.region_code, scope), Allocation.status == "reserved"))
    return session.scalar(query) or 0


@dataclass(frozen=True)
class HouseholdLine:
    """A household in a list of the staff."""

    id: uuid.UUID
    number: int
    head_name: str
    region_name: str
    open_needs: int


def households_without_consent(
    session: Session, *, scope: tuple[str, ...], limit: int = 6
) -> tuple[int, list[HouseholdLine]]:
    """How many active households with open needs have not consented, so that no round sees them; and those with most needs."""
    conditions = (
        within(Household.region_code, scope),
        Household.status == "active",
        Household.consented_at.is_(None),
        Need.status == "open",
    )
    lines = (
        sa.select(Household.id, Household.number, Household.head_name, Region.name, sa.func.count().label("open_needs"))
        .join(Need, Need.household_id == Household.id)
        .join(Region, Region.code == Household.region_code)
        .where(*conditions)
        .group_by(Household.id, Region.name)
        .order_by(sa.desc("open_needs"), Household.number)
    )
    total = session.scalar(sa.select(sa.func.count()).select_from(lines.subquery())) or 0
    return total, [HouseholdLine(*row) for row in session.execute(lines.limit(limit))]


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
