"""The whole assignment in one integer programme over the columns that are near the best, searched by HiGHS and limited by nodes."""

from math import floor

import numpy as np

from matching.solver.instance import NO_LIMIT
from matching.solver.mip import Rows

NODES, PROOF_NODES = 4_000, 1_000_000
WIDE = 3.0  # columns per need kept beside those that may not be left out
NEAR = 2.5  # the same where the rest is mostly out of question: a smaller programme is through with its root in half the time


def search_whole(problem, chosen, lost, bound, work, stage, until, proof):
    """(chosen, bound): a plan at least as good where HiGHS finds one by second `until`, and what no plan can pass.

    Where few columns may belong to a better plan, so that the search can end in a proof, it may last until second `proof`; also where they are
    less than half of all, with the nearest of them.

    `lost` (P,) must be true for `bound`: no plan with column p is worth more than bound + 1 − lost[p]. What is left out can therefore
    only be worth that much, and the bound returned counts it. A search that the clock cut off is recorded with what it found.
    """
    p, value = problem, problem.total(chosen)
    old = work.recorded(stage)
    if work.replaying and old is None:
        return chosen, bound
    if old is not None and old["cut_off"]:
        work.note(stage, **{key: old[key] for key in ("nodes", "cut_off", "columns", "bound")})
        found = np.full(p.count, -1)
        found[p.need[old["columns"]]] = old["columns"]
        return (found, old["bound"]) if p.valid(found) and p.total(found) >= value else (chosen, bound)
    may = lost <= bound - value
    mostly_out = 2 * int(may.sum()) < p.size
    keep, others = _kept(p, chosen, lost, may, mostly_out)
    whole = p.everyone and bool((chosen >= 0).all())
    rows, least = _rows(p, keep, whole)
    few = others is None and _few(p, may)
    seconds = 3_600.0 if work.replaying else max(0.1, (proof if few or mostly_out else until) - work.elapsed())
    answer = rows.solve(nodes=PROOF_NODES if few else NODES, gap=0.0, seconds=seconds)
    proven = bound
    if answer.bound is not None:
        outside = floor(bound + 1 - others) if others is not None else value
        proven = max(value, min(bound, max(least + floor(answer.bound + 1e-3 + 1e-9 * abs(answer.bound)), outside)))
    found = chosen
    if answer.x is not None:
        columns = keep[answer.x > 0.5]
        placed = np.full(p.count, -1)
        placed[p.need[columns]] = columns
        if p.valid(placed) and p.total(placed) > value:
            found, proven = placed, max(proven, p.total(placed))
    work.note(
        stage,
        nodes=int(answer.nodes),
        cut_off=not answer.on_time,
        columns=found[found >= 0].tolist(),
        bound=int(proven),
    )
    return found, proven


def provable(problem, chosen, lost, bound):
    """Whether so few columns may belong to a plan better than `chosen` that HiGHS is likely to prove it best."""
    return _few(problem, lost <= bound - problem.total(chosen))


def _few(p, may):
    return int(may.sum()) <= WIDE * p.count


def _kept(p, chosen, lost, may, mostly_out):
    """(columns, the least loss among the others or None): those that `may` (P,) belong to a better plan, or where too many the nearest."""
    rank, near = np.argsort(lost, kind="stable"), np.zeros(p.size, bool)
    near[rank[: int((NEAR if mostly_out else WIDE) * p.count)]] = True
    keep = may & (near | (may.sum() <= (WIDE if mostly_out else 2 * WIDE) * p.count))
    keep[chosen[chosen >= 0]] = True
    left = may & ~keep
    return np.flatnonzero(keep), float(lost[left].min()) if left.any() else None


def _rows(p, keep, whole):
    """(rows of the kept columns, constant to add to the objective). `whole`: every need is served, and profits count from its least."""
    needs, first, row = np.unique(p.need[keep], return_index=True, return_inverse=True)
    least = np.minimum.reduceat(p.profit[keep], first) if whole else np.zeros(len(needs), np.int64)
    rows = Rows([], [], [], [])
    columns = rows.add_columns(np.zeros(len(keep)), np.ones(len(keep)), True, p.profit[keep] - least[row])
    lower = np.ones(len(needs)) if whole else np.full(len(needs), -np.inf)
    rows.add_family(row, columns, np.ones(len(keep)), lower, np.ones(len(needs)))
    offerings, row = np.unique(p.offering[keep], return_inverse=True)
    rows.add_family(row, columns, p.load[keep], np.full(len(offerings), -np.inf), p.capacity[offerings])
    few = np.flatnonzero(p.max_needs[p.offering[keep]] < NO_LIMIT)
    if len(few):
        offerings, row = np.unique(p.offering[keep[few]], return_inverse=True)
        rows.add_family(row, columns[few], np.ones(len(few)), np.full(len(offerings), -np.inf), p.max_needs[offerings])
    some = np.flatnonzero((p.group_cap[p.group[p.need[keep]]] < NO_LIMIT) & (p.worth[keep] > 0))
    if len(some):
        groups, row = np.unique(p.group[p.need[keep[some]]], return_inverse=True)
        rows.add_family(row, columns[some], p.worth[keep[some]], np.full(len(groups), -np.inf), p.group_cap[groups])
    return rows, int(least.sum())
