"""What people do with a round: create, freeze, draw, run, approve, reject, cancel, freeze anew; and what time does: expire.

`scope` is where the person holds the right of the step (round.write, round.review). Who may take which step is `lifecycle`'s.
Committing and voiding are `commit`'s; the solve is `solving`'s.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import audit
from kernel.accounts.rules import require_scope
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidInput
from kernel.outbox import enqueue
from kernel.regions.queries import get_region
from matching.problem import parse_problem, pool_sha256
from matching.rounds.directives import directed
from matching.rounds.documents import keep_problem
from matching.rounds.lifecycle import REFREEZABLE, STEPS
from matching.rounds.models import ExcludedNeed, MatchRound, PoolDraw
from matching.rounds.queries import held_by_rounds
from matching.rounds.references import require_known, scope_of_round
from matching.rounds.rules import KEEPS, RoundEntry, checked_round, checked_seed_value, limit_rows, seed_from
from matching.rounds.steps import round_in_scope, take_step, tell
from matching.rounds.waits import keep_waits, waited_in_scope
from matching.snapshot import take_snapshot
from matching.waiting import waiting_sha256

SOLVE_TOPIC = "round.solve"
POLICY = (
    "floor_percent", "tolerance_permille", "household_cap_fen", "waiting_step", "waiting_most", "time_limit_s",
)  # fmt: skip


class EmptyPool(Conflict):
    """Nothing in the scope can be matched."""

    code = "empty_pool"


class NotDrawn(Conflict):
    """The public seed has not been drawn yet."""

    code = "not_drawn"


class AlreadyDrawn(Conflict):
    """A pool is drawn once."""

    code = "already_drawn"


class ValueKnownBefore(Conflict):
    """The public value was known before the pool was frozen."""

    code = "value_known_before"


def create_round(
    session: Session, *, entry: RoundEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """A draft. Raises InvalidFields (every fault), NotFound (region), OutsideScope, InvalidInput (no person)."""
    entry = checked_round(entry)
    if actor.id is None:
        raise InvalidInput("A round is created by a person who answers for it", field="creator_id")
    get_region(session, entry.region_code)
    require_scope(scope, entry.region_code)
    require_known(session, entry)
    return _add_draft(session, entry=entry, actor=actor, now=now)


def freeze_round(
    session: Session, *, round_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """Stores the pool and publishes its hash. A pool that was drawn before keeps its seed (promise 26).

    Raises NotFound, WrongStep, EmptyPool, FaultyProblem (what the data says cannot be a problem; names row and field).
    """
    match_round = round_in_scope(session, round_id, scope)
    _freeze(session, match_round, actor=actor, now=now)
    return match_round


def draw_seed(
    session: Session, *, round_id: uuid.UUID, value: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """Records the public value of the source named at creation, and the seed it gives.

    Raises NotFound, Conflict (not frozen), AlreadyDrawn, ValueKnownBefore, InvalidInput.
    """
    match_round = round_in_scope(session, round_id, scope)
    value = checked_seed_value(value)
    if match_round.status != "frozen" or match_round.pool_sha256 is None or match_round.frozen_at is None:
        raise Conflict(
            "The seed is drawn after the freeze and before the run; the round is %(status)s now",
            status=match_round.status,
        )
    if match_round.seed is not None:
        raise AlreadyDrawn(
            "This pool was drawn already; one pool is drawn once, with the value %(value)s",
            value=match_round.seed_value,
        )
    source = match_round.seed_source or ""
    known = session.scalar(
        sa.select(PoolDraw.drawn_at)
        .where(PoolDraw.source == source, PoolDraw.value == value, PoolDraw.drawn_at <= match_round.frozen_at)
        .limit(1)
    )
    if known is not None:
        raise ValueKnownBefore(
            "The value %(value)s was used before this pool was frozen, so it was known; take a later one of the same source",
            field="value",
            value=value,
        )
    # Two people who draw at once: the first row stands, both rounds read it.
    session.execute(
        insert(PoolDraw)
        .values(
            pool_sha256=match_round.pool_sha256,
            source=source,
            value=value,
            seed=seed_from(match_round.pool_sha256, value),
            drawn_at=now,
        )
        .on_conflict_do_nothing()
    )
    draw = session.get_one(PoolDraw, match_round.pool_sha256, populate_existing=True)
    drawn = session.execute(
        sa.update(MatchRound)
        .where(MatchRound.id == round_id, MatchRound.status == "frozen", MatchRound.seed.is_(None))
        .values(seed=draw.seed, seed_value=draw.value, version=MatchRound.version + 1)
        .execution_options(synchronize_session=False)
    )
    session.refresh(match_round)
    if not drawn.rowcount:
        raise AlreadyDrawn(
            "This pool was drawn already; one pool is drawn once, with the value %(value)s",
            value=match_round.seed_value,
        )
    tell(session, match_round, actor=actor, now=now, before="frozen", reason=f"{draw.source}: {draw.value}")
    audit.record(
        session,
        actor=actor,
        action="round.drawn",
        subject_type="round",
        subject_id=round_id,
        now=now,
        region_code=match_round.region_code,
        pool_sha256=match_round.pool_sha256,
        source=draw.source,
        value=draw.value,
        seed=draw.seed,
    )
    return match_round


def press_run(
    session: Session, *, round_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """Puts the round into the queue; a worker takes it up after the commit. Raises NotFound, WrongStep, NotDrawn."""
    match_round = round_in_scope(session, round_id, scope)
    if match_round.status == "frozen" and match_round.seed is None:
        raise NotDrawn("Draw the public seed first: %(source)s", field="value", source=match_round.seed_source)
    take_step(
        session,
        match_round,
        step="queue",
        actor=actor,
        now=now,
        values={"queued_at": now, "expires_at": None, "progress": None},
    )
    enqueue(session, topic=SOLVE_TOPIC, now=now, round_id=round_id)
    return match_round


def approve_round(
    session: Session, *, round_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """A reviewer's yes, with the reason. Raises NotFound, WrongStep, CreatorMayNotReview, InvalidInput (no reason)."""
    match_round = round_in_scope(session, round_id, scope)
    take_step(
        session,
        match_round,
        step="approve",
        actor=actor,
        now=now,
        reason=reason,
        values={
            "reviewer_id": actor.id,
            "review_reason": reason.strip(),
            "approved_at": now,
            "expires_at": now + KEEPS,
        },
    )
    return match_round


def reject_round(
    session: Session, *, round_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """A reviewer's no, with the reason. Raises as `approve_round`."""
    match_round = round_in_scope(session, round_id, scope)
    take_step(
        session,
        match_round,
        step="reject",
        actor=actor,
        now=now,
        reason=reason,
        values={"reviewer_id": actor.id, "review_reason": reason.strip(), "expires_at": None},
    )
    return match_round


def cancel_round(
    session: Session, *, round_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> MatchRound:
    """The creator ends the round before it is committed; a worker that solves it learns so at its next report, within a second.

    Raises NotFound, WrongStep, OnlyTheCreatorCancels, InvalidInput (no reason).
    """
    match_round = round_in_scope(session, round_id, scope)
    while_solving = match_round.status in ("queued", "solving")
    take_step(
        session,
        match_round,
        step="cancel",
        actor=actor,
        now=now,
        reason=reason,
        values={
            "cancel_requested_at": now if while_solving else None,
            # A raised token: whatever the worker still sends is written by nobody.
            "fencing_token": MatchRound.fencing_token + 1,
            "lease_until": None,
            "expires_at": None,
        },
    )
    return match_round


def refreeze(
    session: Session,
    *,
    round_id: uuid.UUID,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    amended: Mapping[str, Any] | None = None,
) -> MatchRound:
    """A successor with the same scope and policy, frozen at once; where this round is still alive it is cancelled for it.

    `amended` are values of the successor that differ from this round's (limits, floor_percent, tolerance_permille, directives).

    Raises NotFound, Conflict (being solved, committed or voided), EmptyPool.
    """
    old = round_in_scope(session, round_id, scope)
    if old.status not in REFREEZABLE:
        raise Conflict(
            "A round that is %(status)s cannot be frozen anew; %(mend)s",
            status=old.status,
            mend="freeze it first" if old.status == "draft" else "cancel it first, or create another round",
        )
    entry = RoundEntry(name=old.name, region_code=old.region_code, seed_source=old.seed_source or "")
    successor = _add_draft(session, entry=entry, actor=actor, now=now, like=old)
    for name, value in (amended or {}).items():
        setattr(successor, name, value)
    session.flush()
    if old.status in STEPS["supersede"].before:
        take_step(
            session,
            old,
            step="supersede",
            actor=actor,
            now=now,
            reason=f"Frozen anew as round {successor.number}",
            values={"expires_at": None, "fencing_token": MatchRound.fencing_token + 1},
        )
    _freeze(session, successor, actor=actor, now=now)
    return successor


def _add_draft(
    session: Session, *, entry: RoundEntry, actor: Actor, now: datetime, like: MatchRound | None = None
) -> MatchRound:
    match_round = MatchRound(
        id=new_id(), name=entry.name, region_code=entry.region_code, seed_source=entry.seed_source,
        creator_id=actor.id, created_at=now, refreezes_id=None if like is None else like.id,
    )  # fmt: skip
    if like is None:
        match_round.categories = None if entry.categories is None else list(entry.categories)
        match_round.project_id = entry.project_id
        match_round.fund_ids = None if entry.fund_ids is None else list(entry.fund_ids)
        match_round.limits = limit_rows(entry.limits)
    source = entry if like is None else like
    if like is not None:
        for name in ("categories", "project_id", "fund_ids", "limits", "directives"):
            setattr(match_round, name, getattr(like, name))
    for name in POLICY:
        setattr(match_round, name, getattr(source, name))
    session.add(match_round)
    session.flush()
    session.refresh(match_round)
    tell(session, match_round, actor=actor, now=now, before=None, reason=None)
    audit.record(
        session,
        actor=actor,
        action="round.created",
        subject_type="round",
        subject_id=match_round.id,
        now=now,
        region_code=match_round.region_code,
        number=match_round.number,
        refreezes=None if like is None else like.number,
    )
    return match_round


def _freeze(session: Session, match_round: MatchRound, *, actor: Actor, now: datetime) -> None:
    scope = scope_of_round(session, match_round)
    snapshot = take_snapshot(
        session,
        scope,
        held=held_by_rounds(session),
        today=day_of(now),
        waited=waited_in_scope(session, scope.region_code, scope.categories),
    )
    snapshot = replace(snapshot, **directed(snapshot.document, snapshot.summary, match_round.directives))
    if not snapshot.document["needs"] or not snapshot.document["offerings"]:
        raise EmptyPool(
            "Nothing can be matched: %(needs)s needs and %(offerings)s offerings are in the pool, %(excluded)s open needs are outside it; widen the scope, or look at the reasons",
            needs=len(snapshot.document["needs"]),
            offerings=len(snapshot.document["offerings"]),
            excluded=len(snapshot.excluded),
        )
    pool = pool_sha256(parse_problem(snapshot.document, "frozen pool"))
    draw = session.get(PoolDraw, pool)
    take_step(
        session,
        match_round,
        step="freeze",
        actor=actor,
        now=now,
        values={
            "frozen_at": now,
            "expires_at": now + KEEPS,
            "pool_sha256": pool,
            "pool_summary": snapshot.summary,
            "seed": None if draw is None else draw.seed,
            "seed_value": None if draw is None else draw.value,
            "seed_source": match_round.seed_source if draw is None else draw.source,
        },
        detail={
            "pool_sha256": pool,
            "needs": snapshot.summary["needs"],
            "offerings": snapshot.summary["offerings"],
            "waiting": snapshot.summary["waiting"],
            "waiting_sha256": waiting_sha256(scope.waiting, snapshot.waits) if snapshot.waits else None,
        },
    )
    keep_waits(session, round_id=match_round.id, waits=snapshot.waits)
    kept = keep_problem(session, round_id=match_round.id, document=snapshot.document)
    if kept != pool:
        raise RuntimeError(
            "the kept problem does not give the pool's hash; documents and problem disagree on canonical JSON"
        )
    if snapshot.excluded:
        session.execute(
            sa.insert(ExcludedNeed),
            [
                {
                    "round_id": match_round.id,
                    "need_id": one.need_id,
                    "region_code": one.region_code,
                    "tier": one.tier,
                    "reason": one.reason,
                }
                for one in snapshot.excluded
            ],
        )
