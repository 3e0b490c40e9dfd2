"""Plans of rounds kept warm in this process, so that a slider is answered at once: read and paired once, bounded in number.

A plan is found by the hashes of its pool and its result, so whatever is kept is what is stored. Two web processes keep one each; the
prices behind the bounds are computed once, by a worker, and stored.
"""

import threading
import uuid
from collections import OrderedDict

from sqlalchemy.orm import Session

from matching.rounds.models import MatchRound
from matching.rounds.whatif_queries import prepared_round, stored_prices
from matching.whatif import Prepared

MOST = 2
"""A county's plan takes some 150 MB"""

_kept: OrderedDict[tuple[uuid.UUID, str, str], Prepared] = OrderedDict()
_lock = threading.Lock()


def warm_plan(session: Session, match_round: MatchRound) -> Prepared:
    """The round's plan, warm, with its prices as far as they are there. Raises NotFound before there is a plan."""
    key = (match_round.id, match_round.pool_sha256 or "", match_round.result_sha256 or "")
    with _lock:
        found = _kept.get(key)
        if found is None:
            found = prepared_round(session, match_round.id)
            while len(_kept) >= MOST:
                _kept.popitem(last=False)
            _kept[key] = found
        _kept.move_to_end(key)
        if not found.has_prices:
            prices = stored_prices(session, match_round.id)
            if len(prices):
                found.with_prices(prices)
        return found
