"""Who pays for which allocation: the canonical whole-fen charges of a plan, the same for any order of rows and any number of threads."""

import numpy as np

from matching.solution import Allocation, Charge
from matching.solver.state import class_flows, class_spending


def charged_allocations(instance, steps):
    """The allocations of `steps` by need and offering id; each cost is charged to funds that may pay it, to the last fen."""
    i = instance
    flows = class_flows(i, [class_spending(i, steps)])
    if flows is None:
        raise AssertionError("the funds cannot pay what the solver's own check let pass")
    left = {}
    for (_, k, fund), fen in sorted(flows.items()):
        left.setdefault(k, []).append([fund, fen])
    allocations = []
    for column in np.flatnonzero(steps).tolist():
        due, charges = int(i.cost[column] * steps[column]), []
        purse = left.get(int(i.payers[column]), [])
        while due:
            part = min(due, purse[0][1])
            charges.append(Charge(i.fund_ids[purse[0][0]], part))
            due -= part
            purse[0][1] -= part
            if not purse[0][1]:
                purse.pop(0)
        units = int(steps[column] * i.step[column])
        allocations.append(
            Allocation(i.need_ids[i.need[column]], i.offering_ids[i.offering[column]], units, tuple(charges))
        )
    return tuple(allocations)
