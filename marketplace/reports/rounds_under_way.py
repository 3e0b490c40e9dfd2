"""Which open needs of a household stand in the frozen pool of a match round that has not ended: they are not taken elsewhere meanwhile."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.needs.models import Need
from matching.rounds.models import ExcludedNeed, MatchRound
from projects.models import ProjectNeed

UNDER_WAY = ("frozen", "queued", "solving", "proposed", "approved")


def needs_in_rounds(session: Session, household_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Need → number of the newest round under way whose scope it was in when the pool was frozen, unless the round left it out."""
    of_project = sa.exists().where(ProjectNeed.need_id == Need.id, ProjectNeed.project_id == MatchRound.project_id)
    left_out = sa.exists().where(ExcludedNeed.round_id == MatchRound.id, ExcludedNeed.need_id == Need.id)
    rows = session.execute(
        sa.select(Need.id, MatchRound.number)
        .join(MatchRound, sa.func.starts_with(Need.region_code, MatchRound.region_code))
        .where(
            Need.household_id.in_(household_ids),
            Need.status == "open",
            MatchRound.status.in_(UNDER_WAY),
            MatchRound.frozen_at >= Need.posted_at,
            sa.or_(MatchRound.categories.is_(None), Need.category_code == sa.any_(MatchRound.categories)),
            sa.or_(MatchRound.project_id.is_(None), of_project),
            ~left_out,
        )
        .order_by(MatchRound.number)
    )
    return {need_id: number for need_id, number in rows}
