"""Reading warnings and who is monitored: always within the asker's regions."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.monitoring.models import HouseholdWarning, MonitoringSpell
from households.policy.queries import monitoring_in_force
from kernel.clock import day_of
from kernel.database import within
from kernel.errors import InvalidInput, NotFound
from kernel.paging import MOST, Page, page_of
from kernel.regions.models import Region

_TOWNSHIP = 9


@dataclass(frozen=True)
class WarningRow:
    """A warning with the name and number of its household."""

    warning: HouseholdWarning
    head_name: str
    household_number: int


@dataclass(frozen=True)
class BoardLine:
    """A township: warnings raised in the period, how many were handled in time or late, are open, are open and late; households monitored now,
    entered and left in the period.

    `handled_rate` handled of all raised; `on_time_rate` handled in time of all whose last day is over or that are handled.
    """

    code: str
    name: str
    raised: int
    on_time: int
    handled_late: int
    open: int
    open_late: int
    monitored: int
    entered: int
    left: int

    @property
    def handled_rate(self) -> float | None:
        """None where nothing was raised."""
        return (self.on_time + self.handled_late) / self.raised if self.raised else None

    @property
    def on_time_rate(self) -> float | None:
        """None while nothing is handled nor late."""
        due = self.on_time + self.handled_late + self.open_late
        return self.on_time / due if due else None


@dataclass(frozen=True)
class CalmHousehold:
    """A monitored household without a warning for so long that it may leave."""

    id: uuid.UUID
    number: int
    head_name: str
    region_code: str
    calm_since: date


def list_warnings(
    session: Session,
    *,
    scope: tuple[str, ...],
    region_code: str | None = None,
    rule: str | None = None,
    status: str | None = "open",
    late_on: date | None = None,
    household_id: uuid.UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """WarningRows by the day they are due, so that late ones stand first. Raises InvalidInput for a key that is none."""
    limit = min(limit, MOST)
    query = (
        sa.select(HouseholdWarning, Household.head_name, Household.number)
        .join(Household, Household.id == HouseholdWarning.household_id)
        .where(within(Household.region_code, scope))
        .order_by(HouseholdWarning.due_on, HouseholdWarning.number)
    )
    if region_code:
        query = query.where(within(Household.region_code, (region_code,)))
    for column, value in (
        (HouseholdWarning.rule, rule),
        (HouseholdWarning.status, status),
        (HouseholdWarning.household_id, household_id),
    ):
        if value:
            query = query.where(column == value)
    if late_on is not None:
        query = query.where(HouseholdWarning.status == "open", HouseholdWarning.due_on < late_on)
    if after is not None:
        query = query.where(sa.tuple_(HouseholdWarning.due_on, HouseholdWarning.number) > sa.tuple_(*_page_key(after)))
    rows = [WarningRow(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.warning.due_on:%Y%m%d}-{row.warning.number}")


def _page_key(after: str) -> tuple[date, int]:
    day, _, number = after.partition("-")
    try:
        if not (number.isascii() and number.isdigit() and len(number) < 16 and len(day) == 8):
            raise ValueError
        return date(int(day[:4]), int(day[4:6]), int(day[6:])), int(number)
    except ValueError as error:
        raise InvalidInput("This is no page of the list; start at its first page", field="after") from error


def get_warning(
    session: Session, warning_id: uuid.UUID, *, scope: tuple[str, ...], lock: bool = False
) -> HouseholdWarning:
    """The warning, whose household lies within `scope`. Raises NotFound."""
    query = (
        sa.select(HouseholdWarning)
        .join(Household, Household.id == HouseholdWarning.household_id)
        .where(HouseholdWarning.id == warning_id, within(Household.region_code, scope))
    )
    if lock:
        query = query.with_for_update(of=HouseholdWarning).execution_options(populate_existing=True)
    warning = session.scalar(query)
    if warning is None:
        raise NotFound("There is no such warning in the regions you work in")
    return warning


def rules_in_use(session: Session, *, scope: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(rule, Chinese name, English name) of the warnings there are, by rule."""
    rows = session.execute(
        sa.select(
            HouseholdWarning.rule,
            sa.func.max(HouseholdWarning.facts["name_zh"].astext),
            sa.func.max(HouseholdWarning.facts["name_en"].astext),
        )
        .where(within(HouseholdWarning.region_code, scope))
        .group_by(HouseholdWarning.rule)
        .order_by(HouseholdWarning.rule)
    )
    return [tuple(row) for row in rows]


def open_spell(session: Session, household_id: uuid.UUID) -> MonitoringSpell | None:
    """Since when and why the household is monitored; None where it is not."""
    return session.scalar(
        sa.select(MonitoringSpell).where(
            MonitoringSpell.household_id == household_id, MonitoringSpell.left_on.is_(None)
        )
    )


def board(
    session: Session, *, scope: tuple[str, ...], since: datetime, until: datetime, today: date
) -> list[BoardLine]:
    """The closed loop by township, those with most late warnings first. The period is [since, until)."""
    warnings = HouseholdWarning
    township = sa.func.left(Household.region_code, _TOWNSHIP)
    handled_on = sa.cast(sa.func.timezone("Asia/Shanghai", warnings.handled_at), sa.Date)
    handled = warnings.status == "handled"
    counted = session.execute(
        sa.select(
            township,
            sa.func.count(),
            sa.func.count().filter(handled, handled_on <= warnings.due_on),
            sa.func.count().filter(handled, handled_on > warnings.due_on),
            sa.func.count().filter(~handled),
            sa.func.count().filter(~handled, warnings.due_on < today),
        )
        .join(Household, Household.id == warnings.household_id)
        .where(within(Household.region_code, scope), warnings.raised_at >= since, warnings.raised_at < until)
        .group_by(township)
    ).all()
    first, last = day_of(since), day_of(until)
    spells = session.execute(
        sa.select(
            township,
            sa.func.count().filter(MonitoringSpell.left_on.is_(None), Household.status == "active"),
            sa.func.count().filter(MonitoringSpell.entered_on >= first, MonitoringSpell.entered_on < last),
            sa.func.count().filter(MonitoringSpell.left_on >= first, MonitoringSpell.left_on < last),
        )
        .join(Household, Household.id == MonitoringSpell.household_id)
        .where(within(Household.region_code, scope))
        .group_by(township)
    ).all()
    loops = {row[0]: tuple(row[1:]) for row in counted}
    watched = {row[0]: tuple(row[1:]) for row in spells}
    codes = {*loops, *watched}
    names = {
        row[0]: row[1] for row in session.execute(sa.select(Region.code, Region.name).where(Region.code.in_(codes)))
    }
    lines = [
        BoardLine(code, names.get(code, code), *loops.get(code, (0,) * 5), *watched.get(code, (0,) * 3))
        for code in codes
    ]
    return sorted(lines, key=lambda line: (-line.open_late, -line.open, line.code))


def calm_households(session: Session, *, scope: tuple[str, ...], today: date, limit: int = 50) -> list[CalmHousehold]:
    """Monitored households without an open warning, whose last one lies (and whose entry lies) as many days back as the policy asks."""
    last = (
        sa.select(
            HouseholdWarning.household_id,
            sa.func.max(sa.func.coalesce(HouseholdWarning.handled_at, HouseholdWarning.raised_at)).label("at"),
            sa.func.bool_or(HouseholdWarning.status == "open").label("open"),
        )
        .where(HouseholdWarning.way == "in")
        .group_by(HouseholdWarning.household_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(Household, MonitoringSpell.entered_on, last.c.at)
        .join(MonitoringSpell, MonitoringSpell.household_id == Household.id)
        .outerjoin(last, last.c.household_id == Household.id)
        .where(
            within(Household.region_code, scope),
            MonitoringSpell.left_on.is_(None),
            Household.status == "active",
            sa.func.coalesce(last.c.open, sa.false()).is_(False),
        )
        .order_by(sa.func.coalesce(last.c.at, sa.cast(MonitoringSpell.entered_on, sa.DateTime(timezone=True))))
        .limit(limit * 4)
    )
    found, calm = [], {}
    for household, entered_on, at in rows:
        since = max(entered_on, day_of(at)) if at is not None else entered_on
        region = household.region_code[:_TOWNSHIP]
        if region not in calm:
            calm[region] = monitoring_in_force(session, region_code=household.region_code, day=today).calm_days
        if since + timedelta(days=calm[region]) <= today:
            found.append(
                CalmHousehold(household.id, household.number, household.head_name, household.region_code, since)
            )
    return found[:limit]
