"""The flow of the goods made beside the search of single needs, and joined with it."""

import numpy as np

from matching.solver.construct import fill, urgency
from matching.solver.flows import MOST_ROUNDS, Flow
from matching.solver.instance import NO_LIMIT, SINGLE
from matching.solver.levels import tier_points
from matching.solver.state import broken, used_rows

LEAST = 1e-3  # part of an earlier tier's points that a flow may lose: what is searched back costs less than doing without the flow


class FlowBeside:
    """A flow for the tiers up to `tier`, made in a thread of its own while single needs are searched beside it.

    The single needs of the tier may use what is left of a household's cap: as much as all of them could take is kept free for them; a flow
    `again` keeps nothing more than they have taken by then. The number of flows is recorded; a replay makes as many as the run did.
    """

    def __init__(self, search, relaxation, tier, until, pool, *, again=False):
        self.search, self.tier, self.stage = search, tier, f"tier{tier + 1} flows" + (" again" if again else "")
        work = search.work
        if work.replaying:
            rounds = (work.recorded(self.stage) or {"rounds": (0, 0)})["rounds"]
        else:
            rounds = (1, 1) if again else MOST_ROUNDS if tier == 2 and not search.brief else (2, 1)
        self.task = None
        self.left = None  # (H,) fen of each household's cap that single needs may take beside the flow
        if sum(rounds):
            flow = Flow(search.instance, search.steps, tier, keep=not again, brief=search.brief)
            self.flow, self.left = flow, flow.left
            self.task = pool.submit(self._searched, relaxation, rounds, until)

    def _searched(self, relaxation, rounds, until):
        work, start = self.search.work, self.search.work.elapsed()

        def late():
            return not work.replaying and (work.stop.is_set() or work.elapsed() > start + 0.6 * (until - start))

        return self.flow.search(relaxation, rounds, late)

    def take(self):
        """Puts the flow beside the single needs where what comes out is valid and better."""
        search, i = self.search, self.search.instance
        if self.task is None:
            search.work.note(self.stage, rounds=(0, 0))
            return
        steps, done = self.task.result()
        search.work.note(self.stage, rounds=done)
        fixed = (i.fill[i.need] == SINGLE) | (i.low > 0)
        steps = np.where(fixed, search.steps, steps)
        order = urgency(i)
        steps = fill(i, steps, order=order[(i.tier[order] < self.tier) & (i.fill[order] != SINGLE)])
        before = tier_points(i, search.steps)[: self.tier + 1]
        after = tier_points(i, steps)[: self.tier + 1]
        held = all(a >= b * (1 - LEAST) for a, b in zip(after[:-1], before, strict=False))
        worth = self.flow.worth_of
        if (after > before or (held and worth(after) > worth(before))) and not broken(i, steps):
            search.steps = steps

    def held_back(self):
        """Points that needs of these tiers lack in households where single needs did not take what was kept free for them."""
        search, i = self.search, self.search.instance
        if self.left is None:
            return 0
        single = i.fill == SINGLE
        own = np.where(single[i.need], search.steps * i.worth, 0)
        spare = (i.household_cap < NO_LIMIT) & (self.left > used_rows(i.household[i.need], own, len(i.household_cap)))
        lacking = (i.steps_wanted - used_rows(i.need, search.steps, len(i.fill))) * i.unit_points
        return int(lacking[~single & (i.tier <= self.tier) & spare[i.household]].sum())
