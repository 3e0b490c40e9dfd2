"""What a round says of caps that case conferences raised: as they stood at its freeze, so that it stays explainable later."""

import uuid

from flask_babel import gettext as _

from marketplace.web.formatting import fen
from matching.rounds.models import MatchRound


def raised_by(match_round: MatchRound, household_id: uuid.UUID) -> str:
    """A sentence for each case conference that is in the household's cap, to follow the reason; empty where none is."""
    rows = ((match_round.pool_summary or {}).get("raised_caps") or {}).get(str(household_id), [])
    return "".join(
        _(
            " %(extra)s of the cap was granted by case conference no. %(case)s.",
            extra=fen(row["extra_fen"]),
            case=row["case"],
        )
        for row in rows
    )
