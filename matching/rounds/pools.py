"""Which needs the frozen pools of rounds under way hold: what follows a household's plan waits for these rounds to end."""

import uuid
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.needs.models import Need
from matching.rounds.documents import problem_text
from matching.rounds.models import MatchRound

HOLDING = ("frozen", "queued", "solving", "proposed", "approved")
"""Statuses in which a round's pool is frozen and its plan neither committed nor ended"""


def rounds_holding(session: Session, household_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Need → number of the round under way whose frozen pool holds it, for the open needs of these households.

    The frozen problem is searched as text: an id stands in it only where the need is in the pool. A county's problem takes 10 ms.
    """
    needs = session.execute(
        sa.select(Need.id, Need.region_code).where(Need.household_id.in_(household_ids), Need.status == "open")
    ).all()
    if not needs:
        return {}
    found: dict[uuid.UUID, int] = {}
    rounds = session.execute(
        sa.select(MatchRound.id, MatchRound.number, MatchRound.region_code)
        .where(MatchRound.status.in_(HOLDING))
        .order_by(MatchRound.number)
    )
    for round_id, number, region_code in rounds:
        near = [need_id for need_id, code in needs if code.startswith(region_code)]
        if near:
            text = problem_text(session, round_id, seed=None)
            found |= {need_id: number for need_id in near if f'"id":"{need_id}"' in text}
    return found
