"""Writing care visits: one done, with what was found; and that nobody was at home."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from households.models import Household
from households.policy.document import Policy
from households.policy.queries import policy_in_force
from households.queries import get_household
from households.visits.models import CareVisit, Problem, VisitTry
from households.visits.problems import add_problem
from households.visits.queries import get_visit, ways_before
from households.visits.rules import VisitEntry, again_on, check_visit, telephone_allowed
from households.visits.schedule import next_visit
from kernel import audit
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.errors import Conflict, InvalidInput


def do_visit(
    session: Session, *, visit_id: uuid.UUID, entry: VisitEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> tuple[CareVisit, list[Problem]]:
    """The planned visit was made; each finding opens a problem, and the next visit is planned.

    Raises NotFound (also outside `scope`), Conflict (it is on record already), InvalidFields (every fault), InvalidInput (no person,
    an owner who works elsewhere).
    """
    visit, household, policy = _planned(session, visit_id, actor, scope, now)
    today, visits = day_of(now), policy.visits if policy is not None else None
    checked = check_visit(
        entry, since=visit.base_on, today=today, visits=visits, telephone=may_telephone(session, household, policy)
    )
    visit.status, visit.way, visit.done_on, visit.recorded_at = "done", checked.way, checked.done_on, now
    visit.worker_id, visit.worker, visit.region_code = actor.id, actor.label, household.region_code
    visit.findings = [finding.kind for finding in checked.findings]
    if checked.words:
        visit.words_sealed = vault_of(session).seal(checked.words, table="care_visits", row=visit.id, column="words")
    session.flush()
    problems = [
        add_problem(session, household=household, finding=finding, visit_id=visit.id, actor=actor, now=now)
        for finding in checked.findings
    ]
    next_visit(session, household, after=visit, policy=policy, now=now)
    _record(session, visit, household, "visit.done", actor, now, way=visit.way, findings=visit.findings)
    return visit, problems


def note_absence(
    session: Session, *, visit_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> CareVisit:
    """Nobody was at home: it stands on record, and the visit comes again some days later; its day stays. Twice a day changes nothing.

    Raises NotFound, Conflict (it is done), InvalidInput (no person).
    """
    visit, household, policy = _planned(session, visit_id, actor, scope, now)
    today = day_of(now)
    added = session.execute(
        insert(VisitTry)
        .values(visit_id=visit.id, day=today, recorded_at=now, worker_id=actor.id, worker=actor.label)
        .on_conflict_do_nothing()
        .returning(VisitTry.day)
    ).scalar()
    if added is not None:
        visit.try_on = again_on(policy.visits if policy is not None else None, today)
        session.flush()
        _record(session, visit, household, "visit.nobody_home", actor, now, again_on=visit.try_on.isoformat())
    return visit


def may_telephone(session: Session, household: Household, policy: Policy | None) -> bool:
    """Whether the policy set in force lets the next visit of this household be made by telephone; without a set it does not."""
    if policy is None or policy.visits is None:
        return False
    tier = policy.visits.tiers[household.risk_tier]
    return telephone_allowed(tier, ways_before(session, household.id, limit=tier.telephone_in_a_row))


def _planned(
    session: Session, visit_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> tuple[CareVisit, Household, Policy | None]:
    """The visit's row, locked, so that two who record it at once do so one after the other."""
    if actor.id is None:
        raise InvalidInput("A visit is put on record by a person who answers for it", field="worker_id")
    get_visit(session, visit_id, scope=scope)
    visit = session.scalars(
        sa.select(CareVisit).where(CareVisit.id == visit_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if visit.status == "done":
        raise Conflict("This visit is on record already")
    if visit.status == "dropped":
        raise Conflict("This visit was dropped when the household was closed")
    household = get_household(session, visit.household_id, scope=scope)
    return visit, household, policy_in_force(session, region_code=household.region_code, day=day_of(now))


def _record(
    session: Session, visit: CareVisit, household: Household, action: str, actor: Actor, now: datetime, **detail: object
) -> None:
    audit.record(
        session, actor=actor, action=action, subject_type="visit", subject_id=visit.id, now=now,
        region_code=household.region_code, household_id=household.id, **detail,
    )  # fmt: skip
