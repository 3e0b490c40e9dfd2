"""Figures for everybody: no cell speaks of fewer than 10 households, and none can be worked out from the others (promise 21)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund, LedgerAccount
from donors.models import Donor
from households.needs.models import Need
from kernel.regions.models import Region
from matching.rounds.models import Allocation
from projects.models import Project
from projects.volunteering.models import Shift

SMALLEST_CELL = 10


@dataclass(frozen=True)
class Column:
    """Counts of households by place, fit for the public: None stands for a suppressed cell. `total` is None where it would tell."""

    cells: Mapping[str, int | None]
    total: int | None


def suppressed(counts: Mapping[str, int], *, smallest: int = SMALLEST_CELL) -> Column:
    """Hides every cell under `smallest`, and with them the smallest of the rest, so that total minus the shown cells tells nothing.

    Whoever knows the rule learns only the sum over the hidden cells, one of which is at least `smallest`. Where no cell is left to
    hide with them, the total is hidden.
    """
    hidden = {place for place, count in counts.items() if count < smallest}
    if not hidden:
        return Column(dict(counts), sum(counts.values()))
    large = sorted((count, place) for place, count in counts.items() if place not in hidden)
    if large:
        hidden.add(large[0][1])
    cells = {place: None if place in hidden else count for place, count in counts.items()}
    return Column(cells, sum(counts.values()) if large else None)


@dataclass(frozen=True)
class PlaceLine:
    """One township: households that asked for help, and those to whom help was promised or delivered; None is suppressed."""

    code: str
    name: str
    asked: int | None
    helped: int | None


@dataclass(frozen=True)
class CountyFigures:
    """A county's figures by township, with the totals that may be shown."""

    code: str
    name: str
    places: list[PlaceLine]
    asked: int | None
    helped: int | None


def figures_by_township(session: Session) -> list[CountyFigures]:
    """Every county in which somebody asked for help. Households count once in the township where the need stands."""
    area = sa.func.left(Need.region_code, 9).label("code")
    served = sa.select(Allocation.need_id).where(Allocation.status.in_(("reserved", "delivered"))).distinct().subquery()
    counted = (
        sa.select(
            area,
            sa.func.count(Need.household_id.distinct()).label("asked"),
            sa.func.count(Need.household_id.distinct()).filter(served.c.need_id.is_not(None)).label("helped"),
        )
        .outerjoin(served, served.c.need_id == Need.id)
        .where(Need.status.in_(("open", "met")))
        .group_by(area)
        .subquery()
    )
    rows = session.execute(
        sa.select(Region.code, Region.name, counted.c.asked, counted.c.helped)
        .join(counted, counted.c.code == Region.code)
        .order_by(Region.code)
    ).all()
    counties = sorted({row.code[:6] for row in rows})
    names = dict(session.execute(sa.select(Region.code, Region.name).where(Region.code.in_(counties))).all())
    found = []
    for county in counties:
        mine = [row for row in rows if row.code.startswith(county)]
        asked = suppressed({row.code: row.asked for row in mine})
        helped = suppressed({row.code: row.helped for row in mine})
        places = [PlaceLine(row.code, row.name, asked.cells[row.code], helped.cells[row.code]) for row in mine]
        found.append(CountyFigures(county, names.get(county, county), places, asked.total, helped.total))
    return found


@dataclass(frozen=True)
class Headline:
    """What the whole installation may say of itself: helpers by kind, listed projects, money in fen."""

    enterprises: int
    organisations: int
    volunteers: int
    projects: int
    received_fen: int
    spent_fen: int


def headline(session: Session) -> Headline:
    """Counts of active helpers and listed projects, and the sums over all funds."""
    kinds = dict(
        session.execute(
            sa.select(Donor.kind, sa.func.count()).where(Donor.status == "active").group_by(Donor.kind)
        ).all()
    )
    money = dict(
        session.execute(
            sa.select(LedgerAccount.kind, sa.func.sum(LedgerAccount.balance_fen))
            .join(Fund, Fund.id == LedgerAccount.fund_id)
            .group_by(LedgerAccount.kind)
        ).all()
    )
    listed = session.scalar(sa.select(sa.func.count()).select_from(Project).where(Project.status == "listed")) or 0
    return Headline(
        kinds.get("enterprise", 0),
        kinds.get("social_organisation", 0),
        kinds.get("volunteer", 0),
        listed,
        -int(money.get("source", 0) or 0),
        int(money.get("spent", 0) or 0),
    )


@dataclass(frozen=True)
class PublicProject:
    """A listed project as everybody may see it."""

    id: uuid.UUID
    name: str
    summary: str
    organiser: str
    region_name: str
    budget_fen: int
    starts_on: date
    ends_on: date
    free_places: int


def listed_projects(session: Session, *, now: datetime, today: date, limit: int = 30) -> list[PublicProject]:
    """Listed projects that have not ended, those with free volunteer places first."""
    free = sa.func.coalesce(sa.func.sum(Shift.capacity - Shift.taken), 0)
    rows = session.execute(
        sa.select(
            Project.id,
            Project.name,
            Project.summary,
            Project.organiser,
            Region.name,
            Project.budget_fen,
            Project.starts_on,
            Project.ends_on,
            free,
        )
        .join(Region, Region.code == Project.region_code)
        .outerjoin(Shift, sa.and_(Shift.project_id == Project.id, Shift.status == "open", Shift.starts_at > now))
        .where(Project.status == "listed", Project.ends_on >= today)
        .group_by(Project.id, Region.name)
        .order_by(free.desc(), Project.ends_on, Project.number)
        .limit(limit)
    )
    return [PublicProject(*row) for row in rows]
