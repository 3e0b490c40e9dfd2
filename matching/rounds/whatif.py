"""Questions asked of a proposed plan: asked, cancelled, taken over. No question changes the round it is asked of.

Taking an answer over makes a successor of the round (as freezing anew does) that carries the pins, forbids and policy of the question,
each with its reason; it is frozen, drawn, run, reviewed and committed like any other round, by three people (promise 23).
"""

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.audit import Actor
from kernel.errors import Conflict, InvalidInput, NotFound
from matching.alternatives import Change, change_document, change_from, checked_change
from matching.rounds.documents import frozen_problem
from matching.rounds.models import MatchRound
from matching.rounds.operations import refreeze
from matching.rounds.steps import round_in_scope
from matching.rounds.whatif_jobs import put, refuse_beyond
from matching.rounds.whatif_models import ANSWERED_BY_PLAN, WhatIf
from matching.rounds.whatif_queries import NotAnswered, covers_every_cost, get_what_if, prices_row

MOST_OPEN = 3
"""So many questions of a round may wait at a time"""


class NoPlanYet(Conflict):
    """The round has no plan to ask about."""

    code = "no_plan_yet"


class MoneyIsNotDecidedHere(Conflict):
    """A fund's amount cannot be taken over: money comes by a donation that is recorded."""

    code = "money_is_not_decided_here"


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
        put(session, round_id=round_id, kind="prices", change={}, creator_id=actor.id, now=now)
        return prices_row(session, round_id)  # type: ignore[return-value]
    checked_change(frozen_problem(session, round_id, seed=match_round.seed), change)
    refuse_beyond(session, round_id=round_id, kinds=ANSWERED_BY_PLAN, most=MOST_OPEN)
    one = put(
        session, round_id=round_id, kind="fewest" if change.of_pairs else "solve", change=change_document(change),
        creator_id=actor.id, now=now,
    )  # fmt: skip
    assert one is not None, "questions answered by a plan may be asked any number of times"
    _record(session, match_round, one, actor=actor, now=now, action="round.what_if_asked")
    return one


def cancel(session: Session, *, what_if_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime) -> WhatIf:
    """Ends a question that waits; the worker learns so at its next report. Raises NotFound, NotAnswered."""
    one = get_what_if(session, what_if_id, scope=scope)
    if one.kind == "prices":  # nobody's own: everybody's sliders stand on them
        raise NotFound("There is no such question")
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
    if one.status != "done" or one.kind not in ANSWERED_BY_PLAN or one.taken_round_id is not None:
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
