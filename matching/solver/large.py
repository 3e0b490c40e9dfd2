"""Large problems: category by category with HiGHS, guided by prices for what categories share, tier after tier.

A *part* is a set of needs; its columns are free, all others stay. Parts are searched two at a time, each within its own rooms, and joined
in a fixed order: the result does not depend on the number of threads. Whatever a search returns is checked in whole numbers against every
rule before it is taken, and otherwise the incumbent stays.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from matching.solver.instance import SINGLE
from matching.solver.levels import tier_points
from matching.solver.parts import Part
from matching.solver.relaxation import POINTS
from matching.solver.rooms import split_rooms
from matching.solver.state import broken

WORTH = 100.0  # what a point of a tier counts beside one of the next, while the rows keep the earlier tiers anyway
AT_ONCE = 2  # parts searched side by side; fixed, so that more threads do not change the result


class LargeSearch:
    def __init__(self, instance, work, threads, steps, brief=False):
        """`brief`: one county of many, whose time is short."""
        self.instance, self.work, self.steps, self.brief = instance, work, steps, brief
        self.at_once = max(1, min(AT_ONCE, threads))
        self.pool = ThreadPoolExecutor(self.at_once)

    def close(self):
        self.pool.shutdown(wait=False, cancel_futures=True)

    # -- partitions ---------------------------------------------------------------------------------------------------

    def by_category(self, most_columns, tiers=3, among=None):
        """Needs (those marked in `among`) of one category together, cut by township where there are too many columns; single ones first."""
        i = self.instance
        wide = i.by_need[1:] - i.by_need[:-1]
        if among is not None:
            wide = np.where(among, wide, 0)
        groups = []
        for block in range(int(i.block.max(initial=-1)) + 1):
            needs = np.flatnonzero((i.block == block) & (i.tier < tiers) & (wide > 0))
            if len(needs):
                needs = needs[np.lexsort((needs, i.township[needs]))]
                pieces = max(1, -(-int(wide[needs].sum()) // most_columns))
                cut = np.searchsorted(np.cumsum(wide[needs]), np.arange(1, pieces) * (wide[needs].sum() / pieces))
                groups += [np.sort(g) for g in np.split(needs, cut) if len(g)]
        hard = [float((i.fill[g] == SINGLE).mean()) for g in groups]
        return [groups[k] for k in sorted(range(len(groups)), key=lambda k: (-hard[k], -len(groups[k]), k))]

    def is_free(self, needs):
        """Whether nothing that these needs could receive costs anything: such parts need no prices for money."""
        return not self.instance.cost[self.instance.columns_of_needs(needs)].any()

    def thin(self, columns, sweep, most):
        """At most `most` columns per need: those in use, then a mixture of cheap and drawn ones."""
        i = self.instance
        rank = draws(columns, sweep)
        first = np.lexsort((rank, i.cost[columns] / np.maximum(1, i.step[columns]), i.need[columns]))
        cheap = np.empty(len(columns))
        cheap[first] = np.arange(len(columns)) - np.searchsorted(i.need[columns[first]], i.need[columns[first]])
        rank = np.where(cheap < most // 3, -1.0, rank)
        rank = np.where((self.steps[columns] > 0) | (i.low[columns] > 0), -np.inf, rank)
        order = np.lexsort((rank, i.need[columns]))
        sorted_ = i.need[columns[order]]
        place = np.arange(len(columns)) - np.searchsorted(sorted_, sorted_)
        return np.sort(columns[order[place < most]])

    # -- sweeps -------------------------------------------------------------------------------------------------------

    def sweep(
        self,
        stage,
        parts,
        until,
        build,
        better,
        *,
        gap,
        nodes=1,
        columns_of=None,
        notify=None,
        thin=None,
        patience=3600.0,
        at_once=AT_ONCE,
    ):
        """Searches `parts` (list, or function of the step number) in turn until the list or the time is over.

        `build(columns, rooms, share)` gives the Part; `better(before, after)` whether the joined steps may be taken.
        A part is searched at most `patience` seconds; what the clock cuts off is recorded, so that it can be repeated.
        """
        stage_seed = sum(map(ord, stage))
        batches = None if callable(parts) else [parts[k : k + at_once] for k in range(0, len(parts), at_once)]
        for step in self.work.steps(stage, until, most=None if batches is None else len(batches)):
            groups = parts(step) if batches is None else batches[step]
            columns = [(columns_of or self.instance.columns_of_needs)(g) for g in groups]
            columns = [c[self.instance.high[c] > 0] for c in columns]
            columns = [self.thin(c, stage_seed + step, thin) if thin else c for c in columns]
            columns = [c for c in columns if len(c)]
            if not columns:
                continue
            rooms = split_rooms(self.instance, self.steps, columns)
            if rooms is None:
                continue
            base = self.steps
            built = [build(c, r, len(columns)) for c, r in zip(columns, rooms, strict=True)]
            entry = self.work.record[-1]
            cut_off = self._cut_off_before(stage, step)
            seconds = 3600.0 if self.work.replaying else min(patience, max(0.3, until - self.work.elapsed()))
            tasks = [
                None if k in cut_off else self.pool.submit(part.solve, base, nodes=nodes, gap=gap, seconds=seconds)
                for k, part in enumerate(built)
            ]
            for k, (task, own) in enumerate(zip(tasks, columns, strict=True)):
                found = np.zeros_like(self.steps)
                if task is None:
                    row = cut_off[k]
                    found[row["columns"]] = row["counts"]
                    entry.setdefault("cut_off", []).append(row)
                    found = found if row["found"] else None
                else:
                    found, answer = task.result()
                    if not answer.on_time:
                        entry.setdefault("cut_off", []).append(_finding(step, k, found, own))
                if found is not None:
                    joined = self.steps.copy()
                    joined[own] = found[own]
                    self._take(joined, better)
            if notify:
                notify()
        return self.work.record[-1]["steps"]

    def _cut_off_before(self, stage, step):
        """What the replayed run found in searches that the clock cut off, by place in the batch."""
        old = self.work.recorded(stage) if self.work.replaying else None
        return {row["place"]: row for row in (old or {}).get("cut_off", []) if row["step"] == step}

    def _take(self, joined, better):
        if not better(self.steps, joined):
            return
        if not broken(self.instance, joined):
            self.steps = joined

    # -- tiers --------------------------------------------------------------------------------------------------------

    def raise_tier(
        self,
        stage,
        tier,
        parts,
        until,
        *,
        prices=None,
        gap=5e-4,
        nodes=1,
        notify=None,
        thin=None,
        patience=3600.0,
        at_once=AT_ONCE,
    ):
        """More points for `tier` (0-based), part by part, while each part keeps its points of the tiers before."""
        i = self.instance

        def build(columns, rooms, share):
            of_tier = i.tier[i.need[columns]]
            objective = i.points[columns] / POINTS * WORTH ** (tier - of_tier).astype(float)
            if prices is not None:
                objective = objective - 0.995 * prices[columns]
            part = Part(i, columns, rooms, objective)
            for earlier in range(tier):
                held = (i.points[columns] * self.steps[columns])[of_tier == earlier].sum()
                part.tier_keeps(earlier, int(held))
            return part

        def better(before, after):
            return tier_points(i, after)[: tier + 1] >= tier_points(i, before)[: tier + 1]

        def columns_of(needs):
            columns = i.columns_of_needs(needs)
            return columns[i.tier[i.need[columns]] <= tier]

        return self.sweep(
            stage,
            parts,
            until,
            build,
            better,
            gap=gap,
            nodes=nodes,
            columns_of=columns_of,
            notify=notify,
            thin=thin,
            patience=patience,
            at_once=at_once,
        )


def _finding(step, place, found, own):
    """A search that the clock cut off cannot be repeated by counting, so the record keeps what it had found by then."""
    if found is None:
        return {"step": step, "place": place, "found": False, "columns": [], "counts": []}
    used = own[found[own] > 0]
    return {"step": step, "place": place, "found": True, "columns": used.tolist(), "counts": found[used].tolist()}


def draws(columns, seed):
    """A fixed pseudo-random number in [0, 1) per column, different for every `seed`."""
    mixed = (columns.astype(np.uint64) + np.uint64(seed * 7_919 + 1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(40)).astype(float) / 2**24
