"""Needs follow the plan: posted when a measure falls due, changed or withdrawn with it, and left alone where a promise or a round holds them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.consents.operations import locked
from households.models import Household
from households.needs.models import Need
from households.needs.operations import change_need, post_need, withdraw_need
from households.needs.rules import NeedEntry
from households.plans.models import Plan, PlanMeasure, PlanNeed
from households.plans.queries import open_needs_of, plan_in_force
from households.plans.rules import Fate, OpenNeed, asked_already, fate_of, period_starts, served_by
from kernel.audit import Actor
from kernel.clock import day_of

_VALUES = ("category_code", "quantity", "tier", "weight", "every", "starts_on", "days", "deliver_to", "lat", "lon")
WITHDRAWN = "The measure is no longer in the household's plan"


@dataclass(frozen=True)
class Follow:
    """What following did or would do: open needs with their fate, and needs posted anew (measure, need)."""

    fates: tuple[Fate, ...]
    posted: tuple[tuple[PlanMeasure, Need], ...] = ()


def fates_under(session: Session, plan: Plan, *, rounds: Mapping[uuid.UUID, int]) -> list[Fate]:
    """What would become of the household's open needs if this version came into force now; nothing is written."""
    return _fates(
        session, plan.household_id, plan.measures, open_needs_of(session, plan.household_id, rounds=dict(rounds))
    )


def follow(
    session: Session, *, household_id: uuid.UUID, rounds: Mapping[uuid.UUID, int], actor: Actor, now: datetime
) -> Follow:
    """Brings the household's needs to its plan in force (none: to no plan); again changes nothing.

    `rounds`: need → number of the round under way whose frozen pool holds it; the floor above knows them. Needs that were posted by
    hand are not touched. The caller holds the right to the household and its lock.
    """
    household = session.get_one(Household, household_id)
    scope = (household.region_code,)
    plan = plan_in_force(session, household_id)
    measures = list(plan.measures) if plan is not None else []
    opened = open_needs_of(session, household_id, rounds=dict(rounds), lock=True)
    fates = _fates(session, household_id, measures, opened)
    by_line = {one.line_id: one for one in measures}
    for fate in fates:
        need = session.get_one(Need, fate.need.need_id)
        if fate.kind == "withdrawn":
            withdraw_need(session, need_id=need.id, reason=WITHDRAWN, actor=actor, scope=scope, now=now)
        elif fate.kind == "changed":
            measure = by_line[fate.need.line_id]
            entry = _changed(session, need, measure, fate.need, day_of(now))
            change_need(session, need_id=need.id, entry=entry, version=need.version, actor=actor, scope=scope, now=now)
            _relink(session, need.id, measure.id)
    touched = {fate.need.need_id for fate in fates}
    for one in opened:
        if one.need_id not in touched and one.line_id in by_line and by_line[one.line_id].id != one.measure_id:
            _relink(session, one.need_id, by_line[one.line_id].id)
    posted = _post_due(session, household, plan, measures, actor, now) if plan is not None else []
    session.flush()
    return Follow(tuple(fates), tuple(posted))


def households_to_follow(session: Session, *, today: date, limit: int = 200) -> list[uuid.UUID]:
    """Households whose next period has begun, and then those with an open need that could not follow its plan and is free now; `limit` of
    each, by chance, so that none which is refused again and again keeps the others waiting.
    """
    due = (
        sa.select(Plan.household_id)
        .distinct()
        .join(PlanMeasure, PlanMeasure.plan_id == Plan.id)
        .join(Household, Household.id == Plan.household_id)
        .where(Plan.status == "in_force", Household.status == "active", PlanMeasure.next_on <= today)
    )
    behind = (
        sa.select(Need.household_id)
        .distinct()
        .join(PlanNeed, PlanNeed.need_id == Need.id)
        .join(PlanMeasure, PlanMeasure.id == PlanNeed.measure_id)
        # a need that was taken along into another household follows no plan any more
        .join(Plan, sa.and_(Plan.id == PlanMeasure.plan_id, Plan.household_id == Need.household_id))
        .join(Household, Household.id == Need.household_id)
        .where(
            Plan.status.in_(("reviewed", "closed")),
            Household.status == "active",
            Need.status == "open",
            Need.reserved == 0,
            Need.delivered == 0,
        )
    )
    found: list[uuid.UUID] = []
    for query in (due, behind):
        rows = query.subquery()
        found += session.scalars(sa.select(rows.c.household_id).order_by(sa.func.random()).limit(limit))
    return list(dict.fromkeys(found))


def follow_one(
    session: Session, *, household_id: uuid.UUID, rounds: Mapping[uuid.UUID, int], actor: Actor, now: datetime
) -> Follow:
    """`follow` under the household's lock, for the sweep."""
    region = session.get_one(Household, household_id).region_code
    locked(session, household_id, (region,))
    return follow(session, household_id=household_id, rounds=rounds, actor=actor, now=now)


def _fates(
    session: Session, household_id: uuid.UUID, measures: list[PlanMeasure], opened: list[OpenNeed]
) -> list[Fate]:
    kept = {one.line_id: one.id for one in measures}
    by_line = {one.line_id: one for one in measures}
    wanted = {one.measure_id for one in opened}
    before = {one.id: one for one in session.scalars(sa.select(PlanMeasure).where(PlanMeasure.id.in_(wanted)))}
    same = {
        one.line_id
        for one in opened
        if one.line_id in by_line
        and all(getattr(before[one.measure_id], name) == getattr(by_line[one.line_id], name) for name in _VALUES)
    }
    return [fate for one in opened if (fate := fate_of(one, kept=kept, same=same)) is not None]


def _post_due(
    session: Session, household: Household, plan: Plan, measures: list[PlanMeasure], actor: Actor, now: datetime
) -> list[tuple[PlanMeasure, Need]]:
    """Posts the need of each measure whose period has begun and that has none for it; a period is posted once, whoever asks."""
    today, posted = day_of(now), []
    known = _periods(session, measures)
    for measure in measures:
        asked = known.get(measure.line_id, ())
        # A line keeps its rhythm in every version: a plan that is replaced in the middle of a month asks for nothing twice.
        first = measure.starts_on or min(asked, default=None) or plan.starts_on or today
        present, following = period_starts(first, measure.every, today)
        if present is not None and not asked_already(asked, measure.every, present):
            entry = need_entry(measure, household_id=household.id, period_from=present, today=today)
            need = post_need(session, entry=entry, actor=actor, scope=(household.region_code,), now=now)
            session.add(PlanNeed(need_id=need.id, measure_id=measure.id, line_id=measure.line_id, period_from=present))
            posted.append((measure, need))
        if measure.next_on != following:
            measure.next_on = following
    return posted


def _periods(session: Session, measures: list[PlanMeasure]) -> dict[uuid.UUID, list[date]]:
    """Line → the starts of the periods that it asked for in any version."""
    found: dict[uuid.UUID, list[date]] = {}
    rows = session.execute(
        sa.select(PlanNeed.line_id, PlanNeed.period_from).where(PlanNeed.line_id.in_([one.line_id for one in measures]))
    )
    for line, start in rows:
        found.setdefault(line, []).append(start)
    return found


def need_entry(measure: PlanMeasure, *, household_id: uuid.UUID, period_from: date, today: date) -> NeedEntry:
    """The need of one period of a measure."""
    return NeedEntry(
        household_id=household_id,
        category_code=measure.category_code,
        quantity=measure.quantity,
        tier=measure.tier,
        weight=measure.weight,
        type=measure.type,
        starts_on=period_from,
        due_on=served_by(period_from, measure.days, today),
        lat=measure.lat,
        lon=measure.lon,
        note=measure.deliver_to,
    )


def _changed(session: Session, need: Need, measure: PlanMeasure, opened: OpenNeed, today: date) -> NeedEntry:
    """The need with the values of the new version; how it may be met stays as it is."""
    period = session.scalar(sa.select(PlanNeed.period_from).where(PlanNeed.need_id == opened.need_id)) or today
    entry = need_entry(measure, household_id=need.household_id, period_from=period, today=today)
    return replace(
        entry,
        fill=need.fill,
        accepts=tuple(need.accepts),
        requires=tuple(need.requires),
        unit_worth_fen=need.unit_worth_fen,
    )


def _relink(session: Session, need_id: uuid.UUID, measure_id: uuid.UUID) -> None:
    session.execute(sa.update(PlanNeed).where(PlanNeed.need_id == need_id).values(measure_id=measure_id))
