"""Keeping one visit and one review ahead for every active household: planned once, moved when tier, category or policy change, dropped at closing.

Everything here may run again at any time and changes nothing the second time. Visits are planned set by set in single statements, for a
province's households; a review's cycle follows from the facts of each household, so reviews are planned in portions.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased, selectinload

from households.models import Household
from households.policy.document import Policy
from households.policy.models import PolicySet
from households.policy.queries import LEVELS, policy_of
from households.portrait.facts import facts_of
from households.portrait.queries import known_on_record
from households.visits.models import CareVisit, HouseholdReview
from households.visits.rules import first_due, months_later, moved_due, review_cycle
from kernel.clock import SHANGHAI, day_of
from kernel.database import new_id, within

PORTION = 2_000
"""Households whose reviews are planned in one go"""


@dataclass(frozen=True)
class Planned:
    """How many rows were planned anew, moved, and dropped; `seen` households were looked at one by one."""

    planned: int
    moved: int
    dropped: int
    seen: int = field(default=0, compare=False)


@dataclass(frozen=True)
class _Reach:
    """A policy set in force and the households it holds for: those of its region without those of sets nearer to them."""

    code: str
    policy: Policy
    homes: sa.ColumnElement[bool]


def plan_visits(
    session: Session, *, today: date, now: datetime, household_ids: Sequence[uuid.UUID] | None = None
) -> Planned:
    """Plans the next visit where none is planned, by the household's tier and the policy set in force; moves and drops what no longer fits."""
    session.flush()
    chosen = _chosen(household_ids)
    planned = moved = 0
    for reach in _reaches(session, today, household_ids):
        if reach.policy.visits is None:
            continue
        days = {tier: one.every_days for tier, one in reach.policy.visits.tiers.items()}
        every = sa.case(*((Household.risk_tier == tier, count) for tier, count in days.items()))
        homes = (reach.homes, Household.status == "active", *chosen)
        planned += _plan_missing(session, every, homes, today=today, now=now)
        wanted = sa.func.greatest(CareVisit.base_on + every, today)
        moved += _count(
            session,
            sa.update(CareVisit)
            .where(
                CareVisit.household_id == Household.id, CareVisit.status == "planned", *homes,
                sa.or_(CareVisit.tier != Household.risk_tier, CareVisit.every_days != every),
            )
            .values(
                tier=Household.risk_tier, every_days=every,
                due_on=sa.case((CareVisit.due_on < today, CareVisit.due_on), else_=wanted),
            ),
        )  # fmt: skip
    return Planned(planned, moved, _drop(session, CareVisit, "planned", chosen))


def _plan_missing(session: Session, every: Any, homes: tuple[Any, ...], *, today: date, now: datetime) -> int:
    """One statement over all homes; whoever plans the same visit at once wins by the unique index, and nothing is planned twice."""
    before, planned = aliased(CareVisit), aliased(CareVisit)
    last = (
        sa.select(sa.func.max(before.done_on))
        .where(before.household_id == Household.id, before.status == "done")
        .scalar_subquery()
    )
    registered = sa.cast(sa.func.timezone(SHANGHAI.key, Household.created_at), sa.Date)
    base = sa.func.least(sa.func.coalesce(last, registered), today)
    rows = sa.select(
        sa.func.gen_random_uuid(), Household.id, Household.risk_tier, every, base,
        sa.func.greatest(base + every, today), sa.literal("planned"), sa.cast([], CareVisit.findings.type), sa.literal(now),
    ).where(
        *homes,
        ~sa.exists().where(planned.household_id == Household.id, planned.status == "planned"),
    )  # fmt: skip
    columns = ["id", "household_id", "tier", "every_days", "base_on", "due_on", "status", "findings", "created_at"]
    written = (
        insert(CareVisit).from_select(columns, rows).on_conflict_do_nothing().returning(CareVisit.id).cte("written")
    )
    return session.scalar(sa.select(sa.func.count()).select_from(written)) or 0


def next_visit(
    session: Session, household: Household, *, after: CareVisit, policy: Policy | None, now: datetime
) -> None:
    """Plans the visit that follows one just done. Without a rule for visits none follows; the sweep plans it once there is one."""
    if policy is None or policy.visits is None or household.status != "active" or after.done_on is None:
        return
    every = policy.visits.tiers[household.risk_tier].every_days
    session.add(
        CareVisit(
            household_id=household.id, tier=household.risk_tier, every_days=every, base_on=after.done_on,
            due_on=first_due(after.done_on, every, today=day_of(now)), created_at=now,
        )
    )  # fmt: skip
    session.flush()


def plan_reviews(
    session: Session,
    *,
    today: date,
    now: datetime,
    household_ids: Sequence[uuid.UUID] | None = None,
    most: int = PORTION,
) -> Planned:
    """Plans reviews of at most `most` households that have none ahead or whose review was dated under another policy set.

    With `household_ids` those households are dated anew by their present facts, whatever set dated them before.
    """
    session.flush()
    chosen, planned, moved, seen = _chosen(household_ids), 0, 0, 0
    for reach in _reaches(session, today, household_ids):
        if reach.policy.reviews is None:
            continue
        query = (
            sa.select(Household, HouseholdReview)
            .outerjoin(
                HouseholdReview,
                sa.and_(HouseholdReview.household_id == Household.id, HouseholdReview.status == "open"),
            )
            .where(reach.homes, Household.status == "active", *chosen)
            .order_by(Household.number)
            .limit(most - seen)
            .options(
                selectinload(Household.members), selectinload(Household.indicators), selectinload(Household.events)
            )
        )
        if household_ids is None:
            query = query.where(HouseholdReview.policy_code.is_distinct_from(reach.code))
        rows = session.execute(query).all()
        seen += len(rows)
        missing = [household for household, review in rows if review is None]
        last = _last_reviews(session, [household.id for household in missing])
        planned += _add_reviews(
            session,
            [_new_review(one, reach, since=last.get(one.id), today=today, now=now) for one in missing],
        )
        for household, review in rows:
            if review is not None:
                moved += _date_anew(session, household, review, reach, today=today)
    return Planned(planned, moved, _drop(session, HouseholdReview, "open", chosen), seen)


def next_review(
    session: Session, household: Household, *, after: HouseholdReview, row: PolicySet, now: datetime
) -> None:
    """Plans the review that follows one just done, by the facts as they stand now."""
    reach = _Reach(row.code, policy_of(row), sa.true())
    if reach.policy.reviews is None or household.status != "active":
        return
    _add_reviews(session, [_new_review(household, reach, since=after.done_on, today=day_of(now), now=now)])


def follow_household(session: Session, *, household: Household, now: datetime) -> None:
    """What is planned for a household after its tier, category, facts or status changed. Nothing needs to follow a move: visits are the household's."""
    plan_visits(session, today=day_of(now), now=now, household_ids=[household.id])
    plan_reviews(session, today=day_of(now), now=now, household_ids=[household.id])
    for row in list(session.identity_map.values()):
        if isinstance(row, CareVisit | HouseholdReview) and row.household_id == household.id:
            session.expire(row)


def _add_reviews(session: Session, rows: list[dict[str, Any]]) -> int:
    """How many were written: whoever plans the same review at once wins by the unique index, and nobody's work fails of it."""
    if not rows:
        return 0
    session.flush()
    table = HouseholdReview.__table__
    statement = (
        insert(table)
        .on_conflict_do_nothing(index_elements=["household_id"], index_where=sa.text("status = 'open'"))
        .returning(table.c.id)
    )
    return len(session.execute(statement, rows).all())


def _new_review(
    household: Household, reach: _Reach, *, since: date | None, today: date, now: datetime
) -> dict[str, Any]:
    base = min(since or day_of(household.created_at), today)
    cycle = review_cycle(
        reach.policy, facts_of(known_on_record(household, today), reach.policy.accounting), status_category=household.status_category
    )  # fmt: skip
    assert cycle is not None
    return {
        "id": new_id(), "household_id": household.id, "policy_code": reach.code, "rule_group": cycle.group, "months": cycle.months,
        "base_on": base, "due_on": max(months_later(base, cycle.months), today), "status": "open", "created_at": now,
    }  # fmt: skip


def _date_anew(session: Session, household: Household, review: HouseholdReview, reach: _Reach, *, today: date) -> bool:
    """Whether the day moved. The day stays where the cycle does: dating anew by another set with the same months changes no day. A review that
    somebody records meanwhile stays as it was recorded."""
    cycle = review_cycle(
        reach.policy, facts_of(known_on_record(household, today), reach.policy.accounting), status_category=household.status_category
    )  # fmt: skip
    assert cycle is not None
    before = (review.policy_code, review.rule_group, review.months, review.due_on)
    due = review.due_on
    if cycle.months != review.months:
        due = moved_due(due, months_later(review.base_on, cycle.months), today=today)
    if before == (reach.code, cycle.group, cycle.months, due):
        return False
    changed = _count(
        session,
        sa.update(HouseholdReview)
        .where(HouseholdReview.id == review.id, HouseholdReview.status == "open")
        .values(policy_code=reach.code, rule_group=cycle.group, months=cycle.months, due_on=due),
    )
    session.expire(review)
    return bool(changed) and due != before[-1]


def _last_reviews(session: Session, household_ids: list[uuid.UUID]) -> dict[uuid.UUID, date]:
    rows = session.execute(
        sa.select(HouseholdReview.household_id, sa.func.max(HouseholdReview.done_on))
        .where(HouseholdReview.household_id.in_(household_ids), HouseholdReview.status == "done")
        .group_by(HouseholdReview.household_id)
    )
    return {household_id: day for household_id, day in rows}


def _reaches(session: Session, day: date, household_ids: Sequence[uuid.UUID] | None = None) -> list[_Reach]:
    """The sets in force; of some households only those above them, so that a save asks one to three of them and not a province's."""
    query = sa.select(PolicySet).where(PolicySet.holds.contains(day)).order_by(PolicySet.region_code)
    if household_ids is not None:
        homes = session.scalars(sa.select(Household.region_code).where(Household.id.in_(household_ids)).distinct())
        above = {code[:digits] for code in homes for digits in LEVELS if digits <= len(code)}
        query = query.where(PolicySet.region_code.in_(above))
    rows = session.scalars(query).all()
    reaches = []
    for row in rows:
        nearer = tuple(
            one.region_code for one in rows if one is not row and one.region_code.startswith(row.region_code)
        )
        homes = within(Household.region_code, (row.region_code,))
        if nearer:
            homes = sa.and_(homes, ~within(Household.region_code, nearer))
        reaches.append(_Reach(row.code, policy_of(row), homes))
    return reaches


def _chosen(household_ids: Sequence[uuid.UUID] | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if household_ids is None else (Household.id.in_(household_ids),)


def _drop(session: Session, model: Any, status: str, chosen: tuple[Any, ...]) -> int:
    """What is ahead of a closed household is dropped; once it is open again the next sweep plans anew."""
    return _count(
        session,
        sa.update(model)
        .where(model.household_id == Household.id, model.status == status, Household.status == "closed", *chosen)
        .values(status="dropped"),
    )


def _count(session: Session, statement: Any) -> int:
    return int(session.execute(statement, execution_options={"synchronize_session": False}).rowcount)


def keep_planned(session: Session, *, now: datetime) -> tuple[Planned, Planned]:
    """What the dispatcher looks after every hour: visits of all households, and the next portion of reviews."""
    today = day_of(now)
    return plan_visits(session, today=today, now=now), plan_reviews(session, today=today, now=now)
