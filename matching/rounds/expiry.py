"""Rounds that nobody took further end by themselves."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM
from matching.rounds.lifecycle import STEPS
from matching.rounds.models import MatchRound
from matching.rounds.rules import KEEPS
from matching.rounds.steps import take_step


def expire_rounds(session: Session, *, now: datetime) -> int:
    """Ends frozen, proposed and approved rounds that nobody took further in time; returns how many."""
    overdue = list(
        session.scalars(
            sa.select(MatchRound)
            .where(MatchRound.status.in_(STEPS["expire"].before), MatchRound.expires_at <= now)
            .order_by(MatchRound.id)
            .with_for_update(skip_locked=True)
        )
    )
    for match_round in overdue:
        take_step(
            session,
            match_round,
            step="expire",
            actor=SYSTEM,
            now=now,
            reason=f"Nobody took it further within {KEEPS.days} days; freeze it anew",
        )
    return len(overdue)
