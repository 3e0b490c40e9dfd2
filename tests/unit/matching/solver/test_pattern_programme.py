"""The programme that keeps its basis says what one begun anew would: after every pattern added, closed or opened again."""

import numpy as np
import pytest

from matching.solver.patterns import Patterns
from matching.solver.relaxation import solve_lp
from tests.unit.matching.solver.test_patterns import _drawn


def worth_anew(patterns, profit, live, still):
    """The optimum over the patterns `live`, from rows written out and a solver that knows nothing."""
    p, groups = patterns.problem, patterns.tight
    rows = np.zeros((p.count + len(p.capacity) + len(groups), len(live)))
    for k, pattern in enumerate(live.tolist()):
        own = patterns.members[pattern]
        rows[p.need[own], k] = 1
        rows[p.count + patterns.offering[pattern], k] = 1
        for row, group in enumerate(groups.tolist()):
            rows[p.count + len(p.capacity) + row, k] = p.worth[own][p.group[p.need[own]] == group].sum()
    upper = np.concatenate((np.ones(p.count + len(p.capacity)), still.room[groups]))
    worth = np.array([profit[patterns.members[k]].sum() for k in live.tolist()])
    status, x, _ = solve_lp(np.full(len(rows), -np.inf), upper, rows, np.zeros(len(live)), np.ones(len(live)), worth)
    assert status == "OPTIMAL"
    return float(worth @ x)


@pytest.mark.parametrize("seed", range(8))
def test_a_programme_that_grows_and_shrinks_is_worth_what_one_begun_anew_is(seed):
    problem, draw = _drawn(seed), np.random.default_rng(seed)
    patterns, profit = Patterns(problem), problem.profit.astype(float)
    patterns.converge(profit)
    some = list(patterns.members)
    again = Patterns(problem)
    for step in range(12):
        for own in some[step * len(some) // 12 : (step + 1) * len(some) // 12]:
            again.add(own)
        still = again.all_open()
        still.needs = draw.random(problem.count) < 0.8
        still.offerings = draw.random(len(problem.capacity)) < 0.8
        still.room = (still.room * draw.uniform(0.5, 1.0, len(still.room))).astype(np.int64)
        shares, live, needs, offerings, groups = again.optimum(profit, still)
        if not len(live):
            continue
        worth = sum(share * profit[again.members[k]].sum() for share, k in zip(shares, live.tolist(), strict=True))
        assert worth == pytest.approx(worth_anew(again, profit, live, still), rel=1e-6, abs=1e-6)
        # strong duality: the prices are those of this programme
        room = (groups * still.room[again.tight]).sum()
        assert needs.sum() + offerings.sum() + room >= worth - 1e-6 * max(1.0, worth)
