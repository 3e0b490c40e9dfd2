"""Taking a step of a round's life: checked by the table, guarded in the database, written to its story and to the audit trail."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.accounts.rules import covers
from kernel.audit import Actor
from kernel.errors import NotFound
from matching.rounds.lifecycle import ENDED, People, check_step, wrong_step
from matching.rounds.models import Allocation, MatchRound, RoundEvent


def round_in_scope(session: Session, round_id: uuid.UUID, scope: tuple[str, ...]) -> MatchRound:
    """The round as the database has it now. Raises NotFound, also outside `scope`."""
    found = session.get(MatchRound, round_id, populate_existing=True)
    if found is None or not covers(scope, found.region_code):
        raise NotFound("There is no such round, or it lies outside your regions")
    return found


def people_of(match_round: MatchRound) -> People:
    """Who answered for the round so far."""
    return People(match_round.creator_id, match_round.reviewer_id, match_round.committer_id)


def take_step(
    session: Session,
    match_round: MatchRound,
    *,
    step: str,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    values: dict[str, Any] | None = None,
    guard: sa.ColumnElement[bool] | None = None,
    detail: dict[str, Any] | None = None,
) -> bool:
    """Moves the round on and writes the event and the audit entry in the same transaction.

    False where `guard` (a fencing token, for one) did not hold any more. Raises what `lifecycle.check_step` raises; where
    somebody else moved the round since it was read, WrongStep names what it is now.
    """
    reason = (reason or "").strip() or None
    taken = check_step(
        step, status=match_round.status, people=people_of(match_round), person_id=actor.id, reason=reason
    )
    before = match_round.status
    changes: dict[Any, Any] = {"status": taken.after, "version": MatchRound.version + 1, **(values or {})}
    if taken.after in ENDED:
        changes["ended_at"] = now
    if taken.reason:
        changes["status_reason"] = reason
    session.flush()
    statement = (
        sa.update(MatchRound)
        .where(MatchRound.id == match_round.id, MatchRound.status == before)
        .values(changes)
        .returning(MatchRound.id)
        .execution_options(synchronize_session=False)
    )
    if guard is not None:
        statement = statement.where(guard)
    moved = session.scalar(statement)
    session.refresh(match_round)
    if moved is None:
        if match_round.status not in taken.before:
            raise wrong_step(step, match_round.status)
        return False
    if taken.after in ("rejected", "cancelled", "expired"):
        session.execute(
            sa.update(Allocation)
            .where(Allocation.round_id == match_round.id, Allocation.status == "proposed")
            .values(status="dropped")
        )
    tell(session, match_round, actor=actor, now=now, before=before, reason=reason)
    audit.record(
        session,
        actor=actor,
        action=f"round.{taken.after}" if before != taken.after else f"round.{taken.name}_again",
        subject_type="round",
        subject_id=match_round.id,
        now=now,
        region_code=match_round.region_code,
        number=match_round.number,
        before=before,
        reason=reason,
        **(detail or {}),
    )
    return True


def tell(
    session: Session, match_round: MatchRound, *, actor: Actor, now: datetime, before: str | None, reason: str | None
) -> None:
    """Adds one line to the round's story."""
    session.add(
        RoundEvent(
            round_id=match_round.id,
            at=now,
            actor_id=actor.id,
            from_status=before,
            to_status=match_round.status,
            reason=reason,
        )
    )
    session.flush()
