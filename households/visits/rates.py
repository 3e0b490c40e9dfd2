"""The rates of visits and problems, township by township and month by month, with what they count.

Visit rate 探访关爱率: of the visits due in the month up to the day of counting, those made by the end of the month. Problem-resolution rate
问题解决率: of the problems due in the month up to that day, those resolved by the end of the month. Target for both: 100 % (中国社会报,
积极推动新时代新征程社会救助事业高质量发展(上), national conference of 17–18 April 2023). A visit or problem that is done counts where the household lived
then, an open one where it lives now; a visit that was dropped when its household left counts nowhere.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.visits.models import CareVisit, Problem
from households.visits.rules import Rate, month_of, total
from kernel.database import within
from kernel.regions.models import Region


@dataclass(frozen=True)
class AreaRates:
    """One township's rates in a month."""

    code: str
    name: str
    visits: Rate
    problems: Rate


@dataclass(frozen=True)
class MonthRates:
    """The rates of all townships of a scope in the month that begins on `month`, and all together; counted up to and with `until`."""

    month: date
    until: date
    areas: tuple[AreaRates, ...]
    visits: Rate
    problems: Rate


def rates_of(session: Session, *, scope: tuple[str, ...], month: date, today: date) -> MonthRates:
    """The rates of the month in which the day `month` lies, townships by code; those where nothing was due are left out."""
    first, following = month_of(month)
    until = min(today, date.fromordinal(following.toordinal() - 1))
    visits = _counts(session, CareVisit, CareVisit.done_on, scope, first, until)
    problems = _counts(session, Problem, Problem.resolved_on, scope, first, until)
    names = dict(
        session.execute(sa.select(Region.code, Region.name).where(Region.code.in_({*visits, *problems}))).all()
    )
    nothing = Rate(0, 0)
    areas = tuple(
        AreaRates(code, names.get(code, code), visits.get(code, nothing), problems.get(code, nothing))
        for code in sorted({*visits, *problems})
    )
    return MonthRates(first, until, areas, total([one.visits for one in areas]), total([one.problems for one in areas]))


def _counts(
    session: Session, model: Any, done_on: Any, scope: tuple[str, ...], first: date, until: date
) -> dict[str, Rate]:
    place = sa.func.coalesce(model.region_code, Household.region_code)
    area = sa.func.left(place, 9)
    rows = session.execute(
        sa.select(area, sa.func.count().filter(done_on <= until), sa.func.count())
        .select_from(model)
        .join(Household, Household.id == model.household_id)
        .where(
            # the place by its cases and not by coalesce(), which no index serves
            sa.or_(
                within(model.region_code, scope),
                sa.and_(model.region_code.is_(None), within(Household.region_code, scope)),
            ),
            model.due_on >= first, model.due_on <= until, model.status != "dropped",
        )
        .group_by(area)
    )  # fmt: skip
    return {code: Rate(part, whole) for code, part, whole in rows}
