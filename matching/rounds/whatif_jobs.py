"""Questions asked of a round as jobs: put into the queue, claimed under a lease, fenced by a token, given back, ended.

The question's row is the truth, as a round's is (`matching.rounds.solving`); the broker only wakes a worker. Whoever holds the newest token
may report and write.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel.errors import Conflict
from kernel.outbox import OutboxItem, enqueue
from matching.rounds.documents import plan_document_text, problem_text
from matching.rounds.models import MatchRound
from matching.rounds.rules import LEASE
from matching.rounds.whatif_models import WhatIf

WHAT_IF_TOPIC = "round.what_if"
MOST_ATTEMPTS = 3


class TooManyQuestions(Conflict):
    """Questions of this round wait already."""

    code = "too_many_questions"


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


def put(
    session: Session,
    *,
    round_id: uuid.UUID,
    kind: str,
    change: Mapping[str, Any],
    creator_id: uuid.UUID | None,
    now: datetime,
) -> WhatIf | None:
    """Puts a question into the queue with its outbox item. None where an equal one is there that may be asked only once: the prices of a
    round, the check of a need. Two who ask at the same time get one question."""
    made = session.scalar(
        insert(WhatIf)
        .values(round_id=round_id, kind=kind, change=dict(change), creator_id=creator_id, created_at=now)
        .on_conflict_do_nothing()
        .returning(WhatIf.id)
    )
    if made is None:
        return None
    enqueue(session, topic=WHAT_IF_TOPIC, now=now, what_if_id=made)
    return session.get_one(WhatIf, made)


def put_prices(session: Session, *, round_id: uuid.UUID, now: datetime) -> None:
    """The prices behind the bounds, asked for by nobody: so that the sliders of a new plan answer narrowly at once."""
    put(session, round_id=round_id, kind="prices", change={}, creator_id=None, now=now)


def refuse_beyond(session: Session, *, round_id: uuid.UUID, kinds: tuple[str, ...], most: int) -> None:
    """Raises TooManyQuestions where `most` questions of these kinds wait."""
    waiting = session.scalar(
        sa.select(sa.func.count()).where(
            WhatIf.round_id == round_id, WhatIf.kind.in_(kinds), WhatIf.status.in_(("queued", "solving"))
        )
    )
    if (waiting or 0) >= most:
        raise TooManyQuestions("%(most)s questions of this round wait already; cancel one or wait", most=most)


def claim_what_if(session: Session, *, what_if_id: uuid.UUID, now: datetime) -> WhatIfClaim | None:
    """Takes the question up, or over from a worker whose lease ended. None where there is nothing to do (now).

    Prices and checks of claims, of which many may wait, are not taken up while a round waits for a worker.
    """
    one = session.scalar(
        sa.select(WhatIf)
        .where(WhatIf.id == what_if_id, WhatIf.status.in_(("queued", "solving")))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if one is None or (one.lease_until is not None and one.lease_until >= now):
        return None
    if one.kind in ("prices", "claim") and session.scalar(sa.select(sa.exists().where(MatchRound.status == "queued"))):
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
    session: Session, *, what_if_id: uuid.UUID, token: int, now: datetime, progress: Mapping[str, Any] | None = None
) -> bool:
    """Extends the lease and keeps the progress. False: cancelled or taken over, so the worker stops."""
    told = {} if progress is None else {"progress": dict(progress)}
    return write(session, what_if_id, token, lease_until=now + LEASE, **told)


def give_back(session: Session, *, what_if_id: uuid.UUID, token: int, counted: bool = True) -> bool:
    """A worker that is being stopped ends its lease; the outbox offers the question again. Not `counted`: it was no attempt."""
    attempts = WhatIf.attempts if counted else sa.func.greatest(WhatIf.attempts - 1, 0)
    return write(session, what_if_id, token, lease_until=None, attempts=attempts)


def fail(session: Session, *, what_if_id: uuid.UUID, token: int, reason: str, now: datetime) -> bool:
    """Ends the question with the reason. False where the token is stale."""
    return write(
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


def write(session: Session, what_if_id: uuid.UUID, token: int, **values: Any) -> bool:
    """Writes as the holder of the newest token; False, and nothing written, where the token is stale."""
    written = session.execute(
        sa.update(WhatIf)
        .where(WhatIf.id == what_if_id, WhatIf.status == "solving", WhatIf.fencing_token == token)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return bool(written.rowcount)
