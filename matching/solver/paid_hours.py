"""Single needs that cost money: dives over patterns at several prices of money, each plan checked against the funds as a whole."""

import numpy as np

from matching.solver.hours import group_problem, open_columns
from matching.solver.levels import tier_points
from matching.solver.money import payable, within_money
from matching.solver.pattern_search import LONG, SEED
from matching.solver.patterns import Patterns, Unsolved, too_large
from matching.solver.rooms import split_rooms
from matching.solver.state import broken

PRICES = (0.0, 0.03, 0.1, 0.3)  # of a fen, as parts of the points that a fen brings on average in the group
DIVES = 12


def place_paid(search, stage, tier, groups, until):
    """More points up to `tier` (0-based) for single needs of `groups` (arrays of need rows), the earlier tiers first.

    Patterns know capacities and household caps but not the funds, so money has a price there, a different one for each dive. Where what comes out
    costs more than the rest has left, whatever earns least per fen gives way, goods or single needs, and room is filled again; all else stays.
    It is taken where it keeps every row. That it was tried, and the number of dives of each group, is in the record.
    """
    i = search.instance
    search.work.note(stage, groups=len(groups))
    for k, needs in enumerate(groups):
        columns = open_columns(i, needs, tier)
        rooms = split_rooms(i, search.steps, [columns]) if 0 < len(columns) <= LONG else None
        if rooms is None:
            continue
        problem, _, lean, _ = group_problem(i, search.steps, tier, columns, rooms[0])
        if too_large(problem):
            continue
        _dive(search, f"{stage} {k + 1}", tier, columns, Patterns(problem), lean, until)


def _dive(search, stage, tier, columns, patterns, lean, until):
    i, draw = search.instance, np.random.default_rng(SEED)
    rate = float(lean.sum()) / max(1.0, float(i.cost[columns].sum()))
    for k in search.work.steps(stage, until, most=DIVES):
        profit = lean - PRICES[k % len(PRICES)] * rate * i.cost[columns]
        try:
            chosen, _ = patterns.dive(profit, draw if k >= len(PRICES) else None)
        except Unsolved:
            return
        joined = search.steps.copy()
        joined[columns] = 0
        joined[columns[chosen[chosen >= 0]]] = 1
        if not payable(i, joined):  # the goods have taken the money: who earns least for it gives it up
            joined = within_money(i, joined)
        if tier_points(i, joined)[: tier + 1] > tier_points(i, search.steps)[: tier + 1] and not broken(i, joined):
            search.steps = joined
