"""Which open needs of a household stand in the frozen pool of a match round that has not ended: they are not taken elsewhere meanwhile."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from matching.rounds.pools import rounds_holding


def needs_in_rounds(session: Session, household_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Need → number of the newest round under way whose frozen pool holds it, wherever the household lives by now."""
    return rounds_holding(session, household_ids)
