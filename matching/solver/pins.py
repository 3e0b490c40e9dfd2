"""Pins first: a start that honours every pin, or the smallest set of pins that cannot stand together, by name."""

import numpy as np
from ortools.sat.python import cp_model

from kernel.errors import Conflict
from matching.solver.instance import NO_LIMIT, SINGLE
from matching.solver.rooms import usage
from matching.solver.rows import ConstraintModel
from matching.solver.state import broken, class_spending, fund_flows

PATIENCE = 20.0  # deterministic seconds of search before pins that no row contradicts outright count as contradicting


class ContradictingPins(Conflict):
    """The pins cannot all be kept: no plan delivers exactly their quantities within the constraints.

    `pins` ((need id, offering id), …) is a smallest set that cannot stand together.
    """

    code = "contradicting_pins"

    def __init__(self, text, pins):
        super().__init__(text)
        self.pins = tuple(pins)


def start_from_pins(instance):
    """Steps (P,) that keep every pin and serve nobody beyond what pinned needs must have. Raises ContradictingPins."""
    steps = instance.low.copy()
    if not steps.any() or not broken(instance, steps):
        return steps
    pinned = instance.pinned[instance.low[instance.pinned] > 0].tolist()
    found = _settle(instance, pinned)
    if found is not None:
        return found
    core = list(pinned)
    for pin in pinned:
        fewer = [p for p in core if p != pin]
        if fewer and _settle(instance, fewer) is None:
            core = fewer
    raise ContradictingPins(_story(instance, core), [_name(instance, p) for p in core])


def _settle(instance, pins):
    """Steps that keep these pins (and the pins to 0), or None."""
    free = instance.columns_of_needs(np.unique(instance.need[pins]))
    low = np.zeros(instance.size, np.int64)
    low[pins] = instance.low[pins]
    rows = ConstraintModel(instance, free, np.zeros(instance.size, np.int64), low=low)
    rows.model.minimize(cp_model.LinearExpr.sum(rows.steps))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 20270101
    solver.parameters.max_deterministic_time = PATIENCE
    if solver.solve(rows.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return rows.read(solver)


def _name(instance, column):
    return instance.need_ids[instance.need[column]], instance.offering_ids[instance.offering[column]]


def _story(instance, core):
    """The pins in conflict and the first row that they break."""
    i = instance
    units = {p: int(i.low[p] * i.step[p]) for p in core}
    named = "; ".join(f"pin {n}, {o}: quantity {units[p]}" for p in core for n, o in [_name(i, p)])
    steps = np.zeros(i.size, np.int64)
    steps[core] = i.low[core]
    used = usage(i, steps)
    for o in np.flatnonzero(used.capacity > i.capacity).tolist():
        return f"{named}: offering {i.offering_ids[o]} has capacity {i.capacity[o]}, the pins take {used.capacity[o]}"
    for o in np.flatnonzero(used.places > i.max_needs).tolist():
        return f"{named}: offering {i.offering_ids[o]} may serve {i.max_needs[o]} needs (max_needs), the pins ask {used.places[o]}"
    served = np.bincount(i.need, steps, len(i.fill)).astype(np.int64)
    for n in np.flatnonzero(served > i.steps_wanted).tolist():
        if i.fill[n] == SINGLE:
            return f"{named}: need {i.need_ids[n]} takes all from one offering, the pins name {served[n]}"
        return f"{named}: need {i.need_ids[n]} asks {i.quantity[n]}, the pins deliver {served[n]}"
    for h in np.flatnonzero((i.household_cap < NO_LIMIT) & (used.household > i.household_cap)).tolist():
        return f"{named}: household {i.household_ids[h]} has a cap of {i.household_cap[h]} fen, the pins are worth {used.household[h]} fen"
    for k in np.flatnonzero(used.limits > i.limit_max).tolist():
        return f"{named}: limit {i.limit_ids[k]} allows {i.limit_max[k]} fen, the pins cost {used.limits[k]} fen"
    if fund_flows(i, [class_spending(i, steps)]) is None:
        return f"{named}: the funds that may pay do not suffice for {int((steps * i.cost).sum())} fen"
    return f"{named}: the rest of a need that takes all or nothing cannot be delivered beside the pins"
