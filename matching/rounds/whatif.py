"""Questions asked of a proposed plan, as jobs: asked, claimed, answered, taken over. No question changes the round it is asked of.

Taking an answer over makes a successor of the round (as freezing anew does) that carries the pins, forbids and policy of the question,
each with its reason; it is frozen, drawn, run, reviewed and committed like any other round, by three people (promise 23).
"""

import gzip
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.audit import Actor
from kernel.errors import Conflict, InvalidInput
from kernel.outbox import OutboxItem, enqueue
from matching.alternatives import Change, change_document, change_from, changed_problem, checked_change
from matching.problem import Problem
from matching.rounds.documents import frozen_problem, plan_document_text, problem_text, stored_plan
from matching.rounds.models import MatchRound
from matching.rounds.operations import refreeze
from matching.rounds.rules import LEASE
from matching.rounds.solving import PlanRefused
from matching.rounds.steps import round_in_scope
from matching.rounds.whatif_models import WhatIf
from matching.rounds.whatif_queries import NotAnswered, covers_every_cost, get_what_if, prices_row
from matching.solution import Plan, plan_document, plan_text
from matching.solver.warm import prices_to_bytes
from matching.validation import violations
from matching.whatif import counted, differences

WHAT_IF_TOPIC = "round.what_if"
MOST_OPEN = 3
"""So many questions of a round may wait at a time"""
MOST_ATTEMPTS = 3
LISTED = 200
"""So many differences are kept beside the answer; the whole plan is kept with it"""


class NoPlanYet(Conflict):
    """The round has no plan to ask about."""

    code = "no_plan_yet"


class TooManyQuestions(Conflict):
    """Questions of this round wait already."""

    code = "too_many_questions"


class MoneyIsNotDecidedHere(Conflict):
    """A fund's amount cannot be taken over: money comes by a donation that is recorded."""

    code = "money_is_not_decided_here"


@dataclass(frozen=True)
class WhatIfClaim:
    """The right to answer until the lease ends; problem and plan as JSON text."""

    what_if_id: uuid.UUID
    token: int
    attempt: int
    kind: str
    change: dict[str, Any]
    problem: str
    plan: str
    time_limit_s: int


def ask(
    session: Session,
    *,
    round_id: uuid.UUID,
    change: Change | None,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> WhatIf:
    """Puts a question into the queue; None asks for prices alone, and finds those that are there or on their way.

    Raises NotFound, NoPlanYet, TooManyQuestions, InvalidFields, InvalidInput (no person).
    """
    match_round = round_in_scope(session, round_id, scope)
    if actor.id is None:
        raise InvalidInput("A question is asked by a person", field="creator_id")
    if match_round.levels is None:
        raise NoPlanYet("This round has no plan yet; questions are asked of a plan")
    if change is None:
        known = prices_row(session, round_id)
        if known is not None:
            return known
        kind = "prices"
    else:
        checked_change(frozen_problem(session, round_id, seed=match_round.seed), change)
        kind = "fewest" if change.of_pairs else "solve"
        waiting = session.scalar(
            sa.select(sa.func.count()).where(
                WhatIf.round_id == round_id, WhatIf.kind != "prices", WhatIf.status.in_(("queued", "solving"))
            )
        )
        if (waiting or 0) >= MOST_OPEN:
            raise TooManyQuestions("%(most)s questions of this round wait already; cancel one or wait", most=MOST_OPEN)
    one = WhatIf(
        round_id=round_id,
        kind=kind,
        change={} if change is None else change_document(change),
        creator_id=actor.id,
        created_at=now,
    )
    session.add(one)
    session.flush()
    enqueue(session, topic=WHAT_IF_TOPIC, now=now, what_if_id=one.id)
    if change is not None:
        _record(session, match_round, one, actor=actor, now=now, action="round.what_if_asked")
    return one


def claim_what_if(session: Session, *, what_if_id: uuid.UUID, now: datetime) -> WhatIfClaim | None:
    """Takes the question up, or over from a worker whose lease ended. None where there is nothing to do (now)."""
    one = session.scalar(
        sa.select(WhatIf)
        .where(WhatIf.id == what_if_id, WhatIf.status.in_(("queued", "solving")))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if one is None or (one.lease_until is not None and one.lease_until >= now):
        return None
    if one.attempts >= MOST_ATTEMPTS:
        one.status, one.ended_at, one.lease_until = "failed", now, None
        one.reason = f"Tried {MOST_ATTEMPTS} times; each time the worker ended before the answer came"
        return None
    one.status, one.lease_until = "solving", now + LEASE
    one.fencing_token += 1
    one.attempts += 1
    one.progress = {"stage": "starting", "started_at": now.isoformat()}
    session.flush()
    match_round = session.get_one(MatchRound, one.round_id)
    return WhatIfClaim(
        what_if_id, one.fencing_token, one.attempts, one.kind, one.change,
        problem_text(session, one.round_id, seed=match_round.seed), plan_document_text(session, one.round_id),
        match_round.time_limit_s,
    )  # fmt: skip


def waits(session: Session, what_if_id: uuid.UUID) -> bool:
    """Whether the question still waits for an answer."""
    return session.scalar(sa.select(WhatIf.status).where(WhatIf.id == what_if_id)) in ("queued", "solving")


def report_progress(
    session: Session, *, what_if_id: uuid.UUID, token: int, now: datetime, progress: Mapping[str, Any]
) -> bool:
    """Extends the lease and keeps the progress. False: cancelled or taken over, so the worker stops."""
    return _write(session, what_if_id, token, lease_until=now + LEASE, progress=dict(progress))


def give_back(session: Session, *, what_if_id: uuid.UUID, token: int) -> bool:
    """A worker that is being stopped ends its lease; the outbox offers the question again."""
    return _write(session, what_if_id, token, lease_until=None)


def fail(session: Session, *, what_if_id: uuid.UUID, token: int, reason: str, now: datetime) -> bool:
    """Ends the question with the reason. False where the token is stale."""
    return _write(
        session, what_if_id, token, status="failed", reason=reason[:500], ended_at=now, lease_until=None, progress=None
    )


def wake_waiting(session: Session, *, now: datetime) -> int:
    """Makes the items of questions due that wait although no worker holds them; returns how many. A worker that was busy when one was
    offered is offered it again within seconds, not after the outbox's growing pause."""
    waiting = sa.select(sa.cast(WhatIf.id, sa.Text)).where(
        sa.or_(
            sa.and_(WhatIf.status == "queued", WhatIf.created_at < now - LEASE),
            sa.and_(WhatIf.status == "solving", sa.or_(WhatIf.lease_until.is_(None), WhatIf.lease_until < now)),
        )
    )
    woken = session.execute(
        sa.update(OutboxItem)
        .where(
            OutboxItem.topic == WHAT_IF_TOPIC,
            OutboxItem.done_at.is_(None),
            OutboxItem.due_at > now,
            OutboxItem.payload["what_if_id"].astext.in_(waiting),
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(woken.rowcount)


def store_prices(session: Session, *, what_if_id: uuid.UUID, token: int, prices: np.ndarray, now: datetime) -> bool:
    """Keeps the prices. False where the token is stale."""
    return _write(
        session, what_if_id, token, status="done", ended_at=now, lease_until=None, progress=None,
        body=prices_to_bytes(prices), result={"prices": len(prices)},
    )  # fmt: skip


def store_plan(
    session: Session, *, what_if_id: uuid.UUID, token: int, plan: Plan, now: datetime, found: Mapping[str, Any]
) -> bool:
    """Judges the plan of the changed problem and keeps it with its differences. False where the token is stale.

    `found` is what the search said of itself (`changed`, `proven`, `lost`). Raises PlanRefused.
    """
    one = session.get(WhatIf, what_if_id)
    if one is None:
        return False
    match_round = session.get_one(MatchRound, one.round_id)
    problem = frozen_problem(session, one.round_id, seed=match_round.seed)
    changed = changed_problem(problem, change_from(one.change))
    wrong = violations(changed, plan)
    if wrong:
        raise PlanRefused(
            "The plan breaks %(count)s rules and is not stored; the first: %(first)s",
            count=len(wrong),
            first=str(wrong[0]),
        )
    result = {**answer(problem, stored_plan(session, one.round_id), changed, plan), **found}
    return _write(
        session, what_if_id, token, status="done", ended_at=now, lease_until=None, progress=None,
        body=gzip.compress(plan_text(plan).encode(), compresslevel=6, mtime=0), result=result,
    )  # fmt: skip


def answer(problem: Problem, before: Plan, changed: Problem, after: Plan) -> dict[str, Any]:
    """``{"levels", "levels_before", "counts", "differences", "cost_fen", "cost_before_fen", "funds": [row, …]}`` as JSON values."""
    found = differences(problem, before.served(), after.served())
    sides = (before, problem), (after, changed)
    spent = []
    for plan, _ in sides:
        by_fund: dict[str, int] = {}
        for allocation in plan.allocations:
            for charge in allocation.charges:
                by_fund[charge.fund] = by_fund.get(charge.fund, 0) + charge.fen
        spent.append(by_fund)
    amounts = {fund.id: fund.amount_fen for fund in changed.funds}
    return {
        "levels_before": plan_document(before)["levels"],
        "levels": plan_document(after)["levels"],
        "counts": asdict(counted(found)),
        "differences": [asdict(row) for row in found[:LISTED]],
        "funds": [
            {"id": code, "amount_fen": amounts[code], "fen_before": spent[0].get(code, 0), "fen": spent[1].get(code, 0)}
            for code in sorted(amounts)
        ],
    }


def cancel(session: Session, *, what_if_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime) -> WhatIf:
    """Ends a question that waits; the worker learns so at its next report. Raises NotFound, NotAnswered."""
    one = get_what_if(session, what_if_id, scope=scope)
    ended = session.execute(
        sa.update(WhatIf)
        .where(WhatIf.id == what_if_id, WhatIf.status.in_(("queued", "solving")))
        .values(
            status="cancelled", ended_at=now, lease_until=None, progress=None, fencing_token=WhatIf.fencing_token + 1
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(one)
    if not ended.rowcount:
        raise NotAnswered("This question is %(status)s; only one that waits can be cancelled", status=one.status)
    _record(
        session, session.get_one(MatchRound, one.round_id), one, actor=actor, now=now, action="round.what_if_cancelled"
    )
    return one


def take_over(
    session: Session, *, what_if_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """A successor of the round with the question's pins, forbids, budget, floor and tolerance, frozen with today's pool.

    The reason stands beside each pin and forbid. Nothing is decided by it: the successor is drawn, run, reviewed and committed by
    three people. Raises NotFound, NotAnswered, MoneyIsNotDecidedHere, InvalidInput (no reason), and what `refreeze` raises.
    """
    one = get_what_if(session, what_if_id, scope=scope)
    if one.status != "done" or one.kind == "prices" or one.taken_round_id is not None:
        raise NotAnswered(
            "Only an answer that was not taken over before can be taken over; this one is %(status)s", status=one.status
        )
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why: this step needs a reason that others can read later", field="reason")
    change = change_from(one.change)
    if change.funds:
        raise MoneyIsNotDecidedHere(
            "The money of a fund is not decided here: record the donation or the grant first, then freeze anew"
        )
    match_round = round_in_scope(session, one.round_id, scope)
    stated = {"reason": reason[:500], "person": str(actor.id), "what_if": str(one.id)}
    directives = [
        *match_round.directives,
        *({"kind": "pin", **asdict(pin), **stated} for pin in change.pins),
        *({"kind": "forbid", **asdict(forbid), **stated} for forbid in change.forbids),
    ]
    amended: dict[str, Any] = {"directives": directives}
    for name in ("floor_percent", "tolerance_permille"):
        if getattr(change, name) is not None:
            amended[name] = getattr(change, name)
    if change.budget_fen is not None:
        amended["limits"] = limits_with_budget(match_round.limits, change.budget_fen)
    successor = refreeze(session, round_id=one.round_id, actor=actor, scope=scope, now=now, amended=amended)
    one.taken_round_id = successor.id
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="round.what_if_taken_over",
        subject_type="round",
        subject_id=successor.id,
        now=now,
        region_code=successor.region_code,
        what_if=str(one.id),
        of_round=match_round.number,
        change=one.change,
        reason=reason,
    )
    return successor


def limits_with_budget(limits: list[dict[str, Any]], budget_fen: int) -> list[dict[str, Any]]:
    """The round's limits with `budget_fen` as the bound of every cost: in the place of the one that stands, or added."""
    rows, found = [], False
    for row in limits:
        whole = covers_every_cost(row)
        rows.append({**row, "max_fen": budget_fen} if whole else dict(row))
        found = found or whole
    return rows if found else [*rows, {"id": f"limit-{len(rows) + 1}", "max_fen": budget_fen}]


def _write(session: Session, what_if_id: uuid.UUID, token: int, **values: Any) -> bool:
    written = session.execute(
        sa.update(WhatIf)
        .where(WhatIf.id == what_if_id, WhatIf.status == "solving", WhatIf.fencing_token == token)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return bool(written.rowcount)


def _record(
    session: Session, match_round: MatchRound, one: WhatIf, *, actor: Actor, now: datetime, action: str
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject_type="round",
        subject_id=match_round.id,
        now=now,
        region_code=match_round.region_code,
        what_if=str(one.id),
        kind=one.kind,
        change=one.change,
    )
