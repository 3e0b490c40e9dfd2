"""The flow of the goods made at once and on this thread, before the hours are searched: what one county of many does."""

import numpy as np

from matching.solver.flows import EXCHANGE, MOST_ROUNDS, Flow
from matching.solver.instance import SINGLE
from matching.solver.levels import tier_points
from matching.solver.state import broken

LEAST = 0.999  # of an earlier tier's points must stay, whatever a flow brings to the last tier


class _Weighed(Flow):
    """Keeps every plan it makes: which is best is asked here by the weights of the flow, not by the first tier that differs."""

    def __init__(self, instance, steps, tier):
        super().__init__(instance, steps, tier)
        self.made = []

    def plan(self, flow, prices):
        """As in Flow."""
        self.made.append(super().plan(flow, prices))
        return self.made[-1]


def take_flow(search, relaxation, tier):
    """Puts the flow of the tiers up to `tier` (0-based) in the place of the goods where that is worth more as the flow weighs tiers.

    What it then lacks of an earlier tier by its rounding is searched back with the parts; one that is late for a few points in ten
    thousand of tier 2 would cost all that tier 3 has to win.
    """
    i = search.instance

    def worth(steps):
        return sum(EXCHANGE ** (tier - t) * points for t, points in enumerate(tier_points(i, steps)[: tier + 1]))

    flow = _Weighed(i, search.steps, tier)
    _, done = flow.search(relaxation, MOST_ROUNDS if tier == 2 else (2, 1))
    search.work.note(f"tier{tier + 1} flows", rounds=done)
    steps = max(flow.made, key=worth)
    before, after = tier_points(i, search.steps), tier_points(i, steps)
    held = all(a >= LEAST * b for a, b in zip(after[:tier], before[:tier], strict=True))
    if held and worth(steps) > worth(search.steps) and not broken(i, steps):
        search.steps = np.where((i.fill[i.need] == SINGLE) | (i.low > 0), search.steps, steps)
