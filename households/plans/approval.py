"""From the household's agreement on: approving, coming into force, reviewing, closing."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from households.models import Household
from households.plans.following import Follow, follow
from households.plans.models import Plan
from households.plans.operations import (
    back_to_draft,
    locked_plan,
    open_draft,
    portrait_of_household,
    require_version,
    required_reason,
    take_step,
)
from households.plans.queries import authors_of, plan_in_force
from households.plans.rules import add_months, next_status, require_other_approver, review_months
from households.policy.queries import policy_of
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.database import constraint_of
from kernel.errors import Conflict, InvalidInput

LONGEST_LEAD = timedelta(days=366)
OUTCOMES = ("continue", "change", "close")
"""Of a review: goes on as it is, a new version is drafted, or the plan ends"""
Rounds = Mapping[uuid.UUID, int]


def approve_plan(
    session: Session,
    *,
    plan_id: uuid.UUID,
    starts_on: date | None,
    rounds: Rounds,
    version: int | None = None,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> tuple[Plan, Follow | None]:
    """Another person approves what the household agreed to; on `starts_on` (None: today) it comes into force, today at once.

    Approving again by the same person changes nothing. Raises NotFound, WrongPlanStep, ApproverIsAuthor, InvalidInput (the day),
    Conflict (changed since `version`).
    """
    plan, household = locked_plan(session, plan_id, scope)
    if plan.approver_id == actor.id and plan.status in ("approved", "in_force"):
        return plan, None
    status, today = next_status("approve", plan.status), day_of(now)
    require_version(plan, version)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    require_other_approver(actor.id, authors_of(session, plan))
    start = starts_on or today
    if not today <= start <= today + LONGEST_LEAD:
        raise InvalidInput("A plan comes into force today or within a year", field="starts_on")
    plan.status, plan.approver_id, plan.starts_on, plan.updated_at = status, actor.id, start, now
    session.flush()
    take_step(session, plan, household, "approve", actor, now, starts_on=start.isoformat())
    if start > today:
        return plan, None
    return plan, bring_into_force(session, plan, household, rounds=rounds, actor=actor, now=now)


def refuse_plan(
    session: Session, *, plan_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Plan:
    """The agreed version goes back to its drafter with the reason. Raises NotFound, InvalidInput, WrongPlanStep."""
    plan, household = locked_plan(session, plan_id, scope)
    status, words = next_status("refuse", plan.status), required_reason(reason)
    back_to_draft(plan, status, now)
    session.flush()
    take_step(session, plan, household, "refuse", actor, now, reason=words)
    return plan


def bring_into_force(
    session: Session, plan: Plan, household: Household, *, rounds: Rounds, actor: Actor, now: datetime
) -> Follow:
    """The approved version takes the place of the one in force, and the household's needs follow it. The household is locked."""
    status, today = next_status("start", plan.status), day_of(now)
    made = portrait_of_household(session, household, now)
    months = review_months(made.portrait.facts, policy_of(made.policy_set))
    current = plan_in_force(session, plan.household_id)
    if current is not None:
        current.status = next_status("replace", current.status)
        current.ended_at = current.updated_at = now
        session.flush()
        take_step(session, current, household, "replace", actor, now)
    plan.status, plan.in_force_at, plan.updated_at = status, now, now
    plan.review_on = add_months(today, months)
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_plans_one_in_force":
            raise Conflict("Another version of this household's plan has just come into force") from error
        raise
    followed = follow(session, household_id=household.id, rounds=rounds, actor=actor, now=now)
    take_step(
        session, plan, household, "start", actor, now, review_on=plan.review_on.isoformat(),
        needs_posted=len(followed.posted), needs_kept=sum(one.kind not in ("changed", "withdrawn") for one in followed.fates),
    )  # fmt: skip
    return followed


def plans_to_start(session: Session, *, today: date, limit: int = 200) -> list[uuid.UUID]:
    """Approved plans whose day has come."""
    return list(
        session.scalars(
            sa.select(Plan.id)
            .join(Household, Household.id == Plan.household_id)
            .where(Plan.status == "approved", Plan.starts_on <= today, Household.status == "active")
            .order_by(sa.func.random())  # one that is refused each time must not keep the others waiting
            .limit(limit)
        )
    )


def start_plan(
    session: Session, *, plan_id: uuid.UUID, rounds: Rounds, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Follow | None:
    """Brings an approved plan into force on its day; one that is in force already stays. Raises NotFound, WrongPlanStep."""
    plan, household = locked_plan(session, plan_id, scope)
    if plan.status == "in_force":
        return None
    if plan.starts_on is None or plan.starts_on > day_of(now):
        raise Conflict("The day of this plan has not come yet")
    return bring_into_force(session, plan, household, rounds=rounds, actor=actor, now=now)


def review_plan(
    session: Session,
    *,
    plan_id: uuid.UUID,
    outcome: str,
    words: str,
    rounds: Rounds,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Plan:
    """The plan in force was looked at again, with what was found in `words`. Gives the plan to go on with: itself, or the new draft.

    It is next due after the months that the policy gives for the household as it is now. Raises InvalidInput, NotFound, WrongPlanStep.
    """
    plan, household = locked_plan(session, plan_id, scope)
    next_status("review", plan.status)
    if outcome not in OUTCOMES:
        raise InvalidInput("Choose one of the list", field="outcome")
    found = required_reason(words)
    if outcome == "close":
        return _close(session, plan, household, reason=found, rounds=rounds, actor=actor, now=now)
    made = portrait_of_household(session, household, now)
    plan.review_on = add_months(day_of(now), review_months(made.portrait.facts, policy_of(made.policy_set)))
    plan.updated_at = now
    session.flush()
    take_step(session, plan, household, "review", actor, now, reason=found, outcome=outcome)
    if outcome == "change":
        return open_draft(session, household_id=household.id, actor=actor, scope=scope, now=now)
    return plan


def close_plan(
    session: Session,
    *,
    plan_id: uuid.UUID,
    reason: str,
    rounds: Rounds,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Plan:
    """Ends the plan in force without another; its open needs are withdrawn where nothing holds them. Raises as review_plan does."""
    plan, household = locked_plan(session, plan_id, scope)
    if plan.status != "in_force":
        raise Conflict("Only a plan in force is closed; drop the draft instead")
    return _close(session, plan, household, reason=required_reason(reason), rounds=rounds, actor=actor, now=now)


def _close(
    session: Session, plan: Plan, household: Household, *, reason: str, rounds: Rounds, actor: Actor, now: datetime
) -> Plan:
    plan.status = next_status("close", plan.status)
    plan.ended_at = plan.updated_at = now
    session.flush()
    follow(session, household_id=household.id, rounds=rounds, actor=actor, now=now)
    take_step(session, plan, household, "close", actor, now, reason=reason)
    return plan
