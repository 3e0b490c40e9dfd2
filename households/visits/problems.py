"""Writing problems 问题: opened by a finding, given to an owner, resolved with words, sent up to the county when late, opened again."""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.policy.queries import policy_in_force
from households.queries import get_household
from households.visits.models import Problem, ProblemStep
from households.visits.queries import get_problem
from households.visits.rules import MOST_TEXT, FindingEntry, check_finding
from kernel import audit
from kernel.accounts.models import RoleGrant, User
from kernel.audit import Actor
from kernel.checking import checked_text
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidInput

OWNERS = ("worker", "coordinator")
"""Roles whose holders may own a problem, where the household lies within their regions"""


def open_problem(
    session: Session,
    *,
    household_id: uuid.UUID,
    entry: FindingEntry,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    visit_id: uuid.UUID | None = None,
) -> Problem:
    """A problem found outside a report, or after it. Raises NotFound, Conflict (closed household), InvalidFields, InvalidInput."""
    household = get_household(session, household_id, scope=scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    policy = policy_in_force(session, region_code=household.region_code, day=day_of(now))
    visits = policy.visits if policy is not None else None
    checked = check_finding(entry, field="", today=day_of(now), visits=visits)
    return add_problem(session, household=household, finding=checked, visit_id=visit_id, actor=actor, now=now)


def add_problem(
    session: Session,
    *,
    household: Household,
    finding: FindingEntry,
    visit_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
) -> Problem:
    """Writes a finding that was checked. Raises InvalidInput where its owner does not work for the household."""
    owner_id = finding.owner_id or actor.id
    if owner_id is None:
        raise InvalidInput("A problem has a person who answers for it", field="owner_id")
    if finding.owner_id is not None:
        require_owner(session, finding.owner_id, household)
    assert finding.due_on is not None
    problem = Problem(
        id=new_id(), household_id=household.id, visit_id=visit_id, kind=finding.kind, owner_id=owner_id, found_on=day_of(now),
        due_on=finding.due_on, created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(problem)
    session.flush()
    _step(session, problem, household, "opened", finding.words, actor, now, kind=problem.kind, due_on=problem.due_on)
    return problem


def assign_problem(
    session: Session,
    *,
    problem_id: uuid.UUID,
    owner_id: uuid.UUID,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Problem:
    """Another person answers for it from now on. Raises NotFound, Conflict (changed meanwhile, resolved), InvalidInput (works elsewhere)."""
    problem, household = _open(session, problem_id, version, scope)
    require_owner(session, owner_id, household)
    if problem.owner_id != owner_id:
        problem.owner_id, problem.updated_at = owner_id, now
        session.flush()
        _step(session, problem, household, "assigned", None, actor, now, owner_id=owner_id)
    return problem


def escalate_problem(
    session: Session,
    *,
    problem_id: uuid.UUID,
    words: str,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Problem:
    """Sends a problem up to the county before it is late, with the reason. Raises NotFound, Conflict, InvalidInput (no words)."""
    problem, household = _open(session, problem_id, version, scope)
    text = checked_text(words, field="words", most=MOST_TEXT, lines=True)
    if problem.escalated_at is not None:
        raise Conflict("The county has this problem already")
    problem.escalated_at = problem.updated_at = now
    session.flush()
    _step(session, problem, household, "escalated", text, actor, now, late=False)
    return problem


def resolve_problem(
    session: Session,
    *,
    problem_id: uuid.UUID,
    words: str,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Problem:
    """The problem is put right; `words` say how. Raises NotFound, Conflict (changed meanwhile, resolved already), InvalidInput (no words)."""
    problem, household = _open(session, problem_id, version, scope)
    text = checked_text(words, field="words", most=MOST_TEXT, lines=True)
    problem.status, problem.resolved_on, problem.updated_at = "resolved", day_of(now), now
    problem.region_code = household.region_code
    session.flush()
    _step(session, problem, household, "resolved", text, actor, now, late=day_of(now) > problem.due_on)
    return problem


def reopen_problem(
    session: Session,
    *,
    problem_id: uuid.UUID,
    words: str,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Problem:
    """It was not put right after all, or came back: open again with the days of its kind. Raises NotFound, Conflict (open), InvalidInput (no words)."""
    problem = get_problem(session, problem_id, scope=scope)
    _require_version(problem, version)
    if problem.status == "open":
        raise Conflict("This problem is open")
    text = checked_text(words, field="words", most=MOST_TEXT, lines=True)
    household = get_household(session, problem.household_id, scope=scope)
    policy = policy_in_force(session, region_code=household.region_code, day=day_of(now))
    days = policy.visits.problem_days[problem.kind] if policy is not None and policy.visits is not None else 0
    problem.status, problem.resolved_on, problem.region_code, problem.updated_at = "open", None, None, now
    problem.due_on, problem.escalated_at = day_of(now) + timedelta(days=days), None
    session.flush()
    _step(session, problem, household, "reopened", text, actor, now, due_on=problem.due_on)
    return problem


def escalate_late(session: Session, *, actor: Actor, now: datetime) -> int:
    """Sends every open problem past its day up to the county, once; returns how many."""
    late = session.execute(
        sa.select(Problem, Household)
        .join(Household, Household.id == Problem.household_id)
        .where(Problem.status == "open", Problem.due_on < day_of(now), Problem.escalated_at.is_(None))
        .with_for_update(of=Problem, skip_locked=True)
    ).all()
    for problem, household in late:
        problem.escalated_at = problem.updated_at = now
        session.flush()
        _step(session, problem, household, "escalated", None, actor, now, late=True)
    return len(late)


def require_owner(session: Session, user_id: uuid.UUID, household: Household) -> None:
    """Raises InvalidInput unless the person is active and works where the household lives."""
    known = session.scalar(
        sa.select(User.id)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(
            User.id == user_id, User.active, RoleGrant.role.in_(OWNERS),
            sa.func.starts_with(sa.literal(household.region_code), RoleGrant.region_code),
        )
        .limit(1)
    )  # fmt: skip
    if known is None:
        raise InvalidInput("This person does not work where the household lives; choose another", field="owner_id")


def _open(session: Session, problem_id: uuid.UUID, version: int, scope: tuple[str, ...]) -> tuple[Problem, Household]:
    problem = get_problem(session, problem_id, scope=scope)
    _require_version(problem, version)
    if problem.status != "open":
        raise Conflict("This problem is resolved; open it again first")
    return problem, get_household(session, problem.household_id, scope=scope)


def _require_version(problem: Problem, version: int) -> None:
    if problem.version != version:
        raise Conflict("Somebody changed this problem meanwhile; look at it again and repeat your change")


def _step(
    session: Session,
    problem: Problem,
    household: Household,
    step: str,
    words: str | None,
    actor: Actor,
    now: datetime,
    **detail: object,
) -> None:
    row = ProblemStep(id=new_id(), problem_id=problem.id, at=now, step=step, actor_id=actor.id, actor=actor.label)
    if words:
        row.words_sealed = vault_of(session).seal(words, table="problem_steps", row=row.id, column="words")
    session.add(row)
    session.flush()
    audit.record(
        session, actor=actor, action=f"problem.{step}", subject_type="problem", subject_id=problem.id, now=now,
        region_code=household.region_code, household_id=household.id, **detail,
    )  # fmt: skip
