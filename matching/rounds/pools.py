"""Which needs the frozen pools of rounds under way hold: what follows a household's plan waits for these rounds to end."""

import re
import uuid
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.needs.models import Need
from matching.rounds.documents import problem_text
from matching.rounds.models import MatchRound

HOLDING = ("frozen", "queued", "solving", "proposed", "approved")
"""Statuses in which a round's pool is frozen and its plan neither committed nor ended"""

_IDS = re.compile('"id":"([0-9a-f-]{36})"')


def rounds_holding(session: Session, household_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Need → number of the newest round under way whose frozen pool holds it, for the open needs of these households.

    Every such round is asked, wherever it is held: a household that moved since the freeze left its need in the pool of the old place. The frozen
    problem is searched as text: an id stands in it only where the need is in the pool. A county's problem takes some 10 ms, and a county
    has a few rounds at a time.
    """
    wanted = set(session.scalars(sa.select(Need.id).where(Need.household_id.in_(household_ids), Need.status == "open")))
    if not wanted:
        return {}
    found: dict[uuid.UUID, int] = {}
    rounds = session.execute(
        sa.select(MatchRound.id, MatchRound.number).where(MatchRound.status.in_(HOLDING)).order_by(MatchRound.number)
    ).all()
    by_text = {str(need_id): need_id for need_id in wanted}
    for round_id, number in rounds:
        held = by_text.keys() & set(_IDS.findall(problem_text(session, round_id, seed=None)))
        found |= {by_text[key]: number for key in held}
    return found
