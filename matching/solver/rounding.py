"""A start for a tier from its linear relaxation: what earlier tiers have stays, whole parts are kept, room that is left is filled.

The relaxation of one tier over what the earlier ones leave is small (a second at county size) and nearly whole: most of its columns
are integers already. What it splits between offerings is then searched as a small integer problem of its own.
"""

import numpy as np

from matching.solver.construct import fill
from matching.solver.instance import WHOLE
from matching.solver.levels import tier_points
from matching.solver.relaxation import POINTS, solve_lp
from matching.solver.state import broken

NEARLY = 1e-6  # how far an LP value may be from a whole number and still be taken for it


def rounded_start(instance, relaxation, steps, tier, seconds):
    """(steps, needs split by the LP): `steps` with `tier` (0-based) served as its LP rounded down says, and filled up.

    None where the LP was not solved within `seconds`. The steps of the tiers before are those given; later tiers have none.
    """
    i, r = instance, relaxation
    own = np.flatnonzero((i.tier[i.need] == tier) & (i.high > 0))
    within = np.concatenate((own, np.arange(i.size, r.matrix.shape[1])))
    fixed = np.zeros(r.matrix.shape[1])
    earlier = i.tier[i.need] < tier
    fixed[: i.size][earlier] = steps[earlier]
    used = r.matrix @ fixed
    objective = np.zeros(len(within))
    objective[: len(own)] = i.points[own] / POINTS
    # only pins have a lower end, and the earlier tiers keep their points because they keep their columns
    status, x, _ = solve_lp(
        r.lower - used, r.upper - used, r.matrix[:, within], r.low[within], r.high[within], objective, seconds=seconds
    )
    if status != "OPTIMAL":
        return None
    found = np.where(earlier | (i.low > 0), steps, 0)
    found[own] = np.maximum(np.floor(x[: len(own)] + NEARLY).astype(found.dtype), i.low[own])
    part = np.bincount(i.need[own], found[own], minlength=len(i.fill))
    halves = np.flatnonzero((i.fill == WHOLE) & (part > 0) & (part < i.steps_wanted))
    found[own[np.isin(i.need[own], halves) & (i.low[own] == 0)]] = 0
    filled = fill(i, found)
    found = np.where(i.tier[i.need] <= tier, filled, found)
    split = np.unique(i.need[own[np.abs(x[: len(own)] - np.round(x[: len(own)])) > NEARLY]])
    return found, split


def take_rounded(search, relaxation, tier, until):
    """Puts the rounded start in place where it is valid and better; returns groups of the needs that the LP split, by category.

    The only thing that follows the clock is whether the LP ended in time; that is recorded and repeated by a replay.
    """
    work, stage = search.work, f"tier{tier + 1} rounded"
    old = work.recorded(stage)
    if work.replaying and not (old and old["solved"]):
        work.note(stage, solved=False)
        return []
    seconds = 3_600.0 if work.replaying else max(0.1, 0.5 * (until - work.elapsed()))
    start = rounded_start(search.instance, relaxation, search.steps, tier, seconds)
    work.note(stage, solved=start is not None)
    if start is None:
        return []
    steps, split = start
    better = tier_points(search.instance, steps)[: tier + 1] > tier_points(search.instance, search.steps)[: tier + 1]
    if better and not broken(search.instance, steps):
        search.steps = steps
    return _groups(search.instance, split)


def _groups(instance, needs, most_columns=5_000):
    """`needs` by category, cut where a category has too many columns."""
    i = instance
    wide = i.by_need[1:] - i.by_need[:-1]
    groups = []
    for block in np.unique(i.block[needs]):
        own = needs[i.block[needs] == block]
        pieces = max(1, -(-int(wide[own].sum()) // most_columns))
        groups += [group for group in np.array_split(own, pieces) if len(group)]
    return groups
