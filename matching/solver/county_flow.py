"""How a tier begins in one county of many: one thing after another on one thread, the hours of urgent tiers before the goods."""

import numpy as np

from matching.solver.construct import fill
from matching.solver.flows import EXCHANGE, MOST_ROUNDS, Flow
from matching.solver.instance import SINGLE
from matching.solver.levels import tier_points
from matching.solver.state import broken

LEAST = 0.999  # of an earlier tier's points must stay, whatever a flow brings to the last tier
ALL_AT_ONCE = 1_000  # categories of single needs share nothing but households
PATIENCE = (0.25, 0.18)  # share of a tier's time that one category of single needs is searched at most
FLOWS = 0.15  # share of a tier's time after which no more flows over a choice of the columns are made
NODES, GAP = 10_000, 1e-7  # nearly to the end: a tier counts 100 times the next in these objectives


def begin_alone(search, relaxation, tier, free, until):
    """The first search of `tier` (0-based): single needs that cost nothing (`free`, parts of needs) and the flow of the goods.

    Hours have fewer places to go, so in tiers 1 and 2 they take of a household's cap before the goods do, and are searched nearly to the
    end: what tier 2 lacks is paid for many times in the bound of tier 3. In tier 3 the goods come first; the hours are left to
    neighbourhoods.
    """
    i, work = search.instance, search.work
    if tier == 2:
        take_flow(search, relaxation, tier, until)
        singles = i.fill == SINGLE
        search.steps = np.where(singles[i.need], fill(i, search.steps), search.steps)
        return
    seconds = until - work.elapsed()
    patience = max(0.5, PATIENCE[tier] * seconds) * work.busy()
    search.raise_tier(
        f"tier{tier + 1} single", tier, free, work.elapsed() + 0.85 * seconds, gap=GAP, nodes=NODES, patience=patience,
        at_once=ALL_AT_ONCE,
    )  # fmt: skip
    take_flow(search, relaxation, tier, until)


class _Weighed(Flow):
    """Keeps every plan it makes: which is best is asked here by the weights of the flow, not by the first tier that differs."""

    def __init__(self, instance, steps, tier):
        super().__init__(instance, steps, tier)
        self.made = []

    def plan(self, flow, prices):
        """As in Flow."""
        self.made.append(super().plan(flow, prices))
        return self.made[-1]


def take_flow(search, relaxation, tier, until):
    """Puts the flow of the tiers up to `tier` (0-based) in the place of the goods where that is worth more as the flow weighs tiers.

    What it then lacks of an earlier tier by its rounding is searched back with the parts; one that is late for a few points in ten
    thousand of tier 2 would cost all that tier 3 has to win.
    """
    i, work = search.instance, search.work
    begin = work.elapsed()

    def late():
        return work.elapsed() > begin + FLOWS * (until - begin)

    def worth(steps):
        return sum(EXCHANGE ** (tier - t) * points for t, points in enumerate(tier_points(i, steps)[: tier + 1]))

    flow = _Weighed(i, search.steps, tier)
    _, done = flow.search(relaxation, MOST_ROUNDS if tier == 2 else (2, 1), late)
    work.note(f"tier{tier + 1} flows", rounds=done)
    steps = max(flow.made, key=worth)
    before, after = tier_points(i, search.steps), tier_points(i, steps)
    held = all(a >= LEAST * b for a, b in zip(after[:tier], before[:tier], strict=True))
    if held and worth(steps) > worth(search.steps) and not broken(i, steps):
        search.steps = np.where((i.fill[i.need] == SINGLE) | (i.low > 0), search.steps, steps)
