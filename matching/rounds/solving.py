"""The solve of a round as a job: claimed under a lease, fenced by a token, judged again before anything is stored (promises 3, 25).

The round's row is the truth; the broker only wakes a worker. Whoever holds the newest token may report and write; a worker that was
silent for longer than the lease finds its token stale and writes nothing.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.needs.models import Need
from kernel.audit import SYSTEM
from kernel.clock import day_of
from kernel.database import new_id
from kernel.errors import DomainError
from kernel.outbox import OutboxItem
from matching.bounds import tier_claims
from matching.certificate import FaultyCertificate
from matching.problem import Problem
from matching.rounds.comparison import comparison
from matching.rounds.coverage import HouseholdGroups, coverage, groups_of
from matching.rounds.documents import frozen_problem, keep_plan, problem_text
from matching.rounds.fairness import exceptions, price_of_fairness
from matching.rounds.models import Allocation, AllocationCharge, MatchRound, UnmetNeed
from matching.rounds.operations import SOLVE_TOPIC
from matching.rounds.rules import KEEPS, LEASE, MOST_ATTEMPTS
from matching.rounds.steps import take_step
from matching.rules import Rules
from matching.snapshot import among, traits_of
from matching.solution import Plan, plan_document, result_sha256
from matching.validation import violations


class PlanRefused(DomainError):
    """The solver-free validator found the plan broken; nothing of it is stored."""

    code = "plan_refused"


@dataclass(frozen=True)
class Claim:
    """The right to solve a round until the lease ends: its token, which attempt this is, the problem as JSON text with seed,
    seconds for the search."""

    round_id: uuid.UUID
    token: int
    attempt: int
    problem: str
    time_limit_s: int


def claim_solve(session: Session, *, round_id: uuid.UUID, now: datetime) -> Claim | None:
    """Takes the round up, or over from a worker whose lease ended. None where there is nothing to do (now)."""
    # Whoever stores the result of this round holds its row, perhaps for longer than the lease: then there is nothing to take.
    match_round = session.scalar(
        sa.select(MatchRound)
        .where(MatchRound.id == round_id, MatchRound.status.in_(("queued", "solving")))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if match_round is None:
        return None
    free = sa.or_(MatchRound.lease_until.is_(None), MatchRound.lease_until < now)
    if match_round.lease_until is not None and match_round.lease_until >= now:
        return None
    if match_round.attempts >= MOST_ATTEMPTS:
        take_step(
            session,
            match_round,
            step="fail",
            actor=SYSTEM,
            now=now,
            guard=free,
            reason=f"Tried {MOST_ATTEMPTS} times; each time the worker ended before the solve did. Is there enough memory?",
            values={"lease_until": None, "fencing_token": MatchRound.fencing_token + 1},
        )
        return None
    taken = take_step(
        session,
        match_round,
        step="solve",
        actor=SYSTEM,
        now=now,
        guard=free,
        values={
            "lease_until": now + LEASE,
            "fencing_token": MatchRound.fencing_token + 1,
            "attempts": MatchRound.attempts + 1,
            "progress": {"stage": "starting", "started_at": now.isoformat()},
        },
    )
    if not taken:
        return None
    return Claim(
        round_id=round_id,
        token=match_round.fencing_token,
        attempt=match_round.attempts,
        problem=problem_text(session, round_id, seed=match_round.seed),
        time_limit_s=match_round.time_limit_s,
    )


def waits(session: Session, round_id: uuid.UUID) -> bool:
    """Whether the round still waits for a result."""
    status = session.scalar(sa.select(MatchRound.status).where(MatchRound.id == round_id))
    return status in ("queued", "solving")


def report_progress(
    session: Session, *, round_id: uuid.UUID, token: int, now: datetime, progress: Mapping[str, Any] | None = None
) -> bool:
    """Extends the lease and keeps the progress. False: cancelled or taken over, so the worker stops."""
    values: dict[str, Any] = {"lease_until": now + LEASE}
    if progress is not None:
        values["progress"] = dict(progress)
    kept = session.execute(
        sa.update(MatchRound)
        .where(MatchRound.id == round_id, MatchRound.status == "solving", MatchRound.fencing_token == token)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return bool(kept.rowcount)


def give_back(session: Session, *, round_id: uuid.UUID, token: int, now: datetime) -> bool:
    """A worker that is being stopped ends its lease, so that the next one need not wait for it."""
    ended = session.execute(
        sa.update(MatchRound)
        .where(MatchRound.id == round_id, MatchRound.status == "solving", MatchRound.fencing_token == token)
        .values(lease_until=None)
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount:
        wake(session, [round_id], now=now)
    return bool(ended.rowcount)


def fail_solve(session: Session, *, round_id: uuid.UUID, token: int, reason: str, now: datetime) -> bool:
    """Ends the round with the reason. False where the token is stale."""
    match_round = _held(session, round_id, token)
    if match_round is None:
        return False
    return take_step(
        session,
        match_round,
        step="fail",
        actor=SYSTEM,
        now=now,
        reason=reason[:500],
        values={"lease_until": None, "fencing_token": MatchRound.fencing_token + 1},
    )


def store_proposal(session: Session, *, round_id: uuid.UUID, token: int, plan: Plan, now: datetime) -> bool:
    """Judges the plan again and stores it: levels, allocations with charges, unmet needs, comparison, coverage, result hash.

    The bounds that the plan's certificate proves are recomputed here and stored beside the solver's. False, and nothing written, where
    the token is stale. Raises PlanRefused where the validator finds a violation, or the certificate is faulty or contradicts the plan.
    """
    match_round = _held(session, round_id, token)
    if match_round is None:
        return False
    problem = frozen_problem(session, round_id, seed=match_round.seed)
    found = violations(problem, plan)
    if found:
        raise PlanRefused(
            "The plan breaks %(count)s rules and is not stored; the first: %(first)s",
            count=len(found),
            first=str(found[0]),
        )
    levels = _with_certified_bounds(problem, plan)
    document, served = plan_document(plan), plan.served()
    _store_rows(session, round_id, problem, plan)
    keep_plan(session, round_id=round_id, plan=plan)
    needs = [uuid.UUID(need.id) for need in problem.needs]
    order = session.scalars(sa.select(Need.id).where(among(Need.id, needs)).order_by(Need.posted_at, Need.number))
    return take_step(
        session,
        match_round,
        step="propose",
        actor=SYSTEM,
        now=now,
        values={
            "proposed_at": now,
            "expires_at": now + KEEPS,
            "lease_until": None,
            "result_sha256": result_sha256(plan),
            "plan_status": plan.status,
            "levels": levels,
            "solver": document["solver"],
            "comparison": comparison(problem, served, posting_order=[str(one) for one in order]),
            "coverage": {
                **coverage(problem, served, _groups(session, problem, now)),
                "price": price_of_fairness(problem, plan),
                "exceptions": exceptions(problem, plan),
            },
        },
        detail={"result_sha256": result_sha256(plan), "status": plan.status, "allocations": len(plan.allocations)},
    )


def _with_certified_bounds(problem: Problem, plan: Plan) -> list[dict[str, Any]]:
    """The plan's levels as stored: with `certified_bound` in tiers that its certificate bounds."""
    try:
        claims = {claim.name: claim for claim in tier_claims(problem, plan)}
    except FaultyCertificate as error:
        raise PlanRefused(
            "The certificate of the plan cannot be read, and the plan is not stored; the first fault: %(first)s",
            first=str(error.faults[0]),
        ) from error
    levels: list[dict[str, Any]] = plan_document(plan)["levels"]
    for level in levels:
        claim = claims.get(level["name"])
        if claim is None or claim.certified_bound is None:
            continue
        if claim.contradicted:
            raise PlanRefused(
                "The certificate of the plan proves at most %(bound)s for %(level)s, but the plan states %(value)s; it is not stored",
                bound=claim.certified_bound,
                level=claim.name,
                value=claim.value,
            )
        level["certified_bound"] = claim.certified_bound
    return levels


def wake_stranded(session: Session, *, now: datetime) -> list[uuid.UUID]:
    """Rounds that wait for a worker although none holds them (it died, or its wake-up was lost): their items are due now."""
    stranded = list(
        session.scalars(
            sa.select(MatchRound.id).where(
                sa.or_(
                    sa.and_(MatchRound.status == "queued", MatchRound.queued_at < now - LEASE),
                    sa.and_(
                        MatchRound.status == "solving",
                        sa.or_(MatchRound.lease_until.is_(None), MatchRound.lease_until < now),
                    ),
                )
            )
        )
    )
    wake(session, stranded, now=now)
    return stranded


def wake_queued(session: Session, *, now: datetime) -> bool:
    """Makes the rounds that wait for a worker due at once; whether there are any. For work that gives way to a round."""
    queued = list(session.scalars(sa.select(MatchRound.id).where(MatchRound.status == "queued")))
    wake(session, queued, now=now)
    return bool(queued)


def wake(session: Session, round_ids: list[uuid.UUID], *, now: datetime) -> None:
    """Makes the open outbox items of these rounds due at once."""
    if round_ids:
        session.execute(
            sa.update(OutboxItem)
            .where(
                OutboxItem.topic == SOLVE_TOPIC,
                OutboxItem.done_at.is_(None),
                OutboxItem.due_at > now,
                OutboxItem.payload["round_id"].astext.in_([str(one) for one in round_ids]),
            )
            .values(due_at=now)
            .execution_options(synchronize_session=False)
        )


def _held(session: Session, round_id: uuid.UUID, token: int) -> MatchRound | None:
    """The round, locked, where this token still holds it."""
    return session.scalar(
        sa.select(MatchRound)
        .where(MatchRound.id == round_id, MatchRound.status == "solving", MatchRound.fencing_token == token)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _groups(session: Session, problem: Problem, now: datetime) -> dict[str, HouseholdGroups]:
    households = {uuid.UUID(need.household) for need in problem.needs}
    return {str(key): groups_of(members) for key, members in traits_of(session, households, today=day_of(now)).items()}


def _store_rows(session: Session, round_id: uuid.UUID, problem: Problem, plan: Plan) -> None:
    rules = Rules(problem)
    allocations, charges = [], []
    for row in plan.allocations:
        need, offering = rules.need(row.need), rules.offering(row.offering)
        allocation_id = new_id()
        allocations.append(
            {
                "id": allocation_id,
                "round_id": round_id,
                "need_id": uuid.UUID(row.need),
                "offering_id": uuid.UUID(row.offering),
                "household_id": uuid.UUID(need.household),
                "region_code": need.region,
                "quantity": row.quantity,
                "delivered": 0,
                "points": need.unit_points * row.quantity,
                "cost_fen": rules.unit_cost_fen(need, offering) * row.quantity,
                "distance_m": rules.distance_m(need, offering),
                "status": "proposed",
            }
        )
        charges += [
            {"allocation_id": allocation_id, "fund_id": uuid.UUID(charge.fund), "fen": charge.fen}
            for charge in row.charges
            if charge.fen
        ]
    unmet = [
        {
            "round_id": round_id,
            "need_id": uuid.UUID(row.need),
            "region_code": rules.need(row.need).region,
            "tier": rules.need(row.need).tier,
            "missing": row.missing,
            "reason": row.reason,
            "detail": {"text": row.detail} if isinstance(row.detail, str) else dict(row.detail),
        }
        for row in plan.unmet
    ]
    for table, rows in ((Allocation, allocations), (AllocationCharge, charges), (UnmetNeed, unmet)):
        if rows:
            session.execute(sa.insert(table), rows)
