"""The fewest changes to a proposed plan that honour a new pin or forbid and keep what the tiers have.

Only needs around the pinned or forbidden pair may change; the neighbourhood grows until the tiers lose nothing beyond what was
allowed, or until it is as large as an exact search can bear. Within it three questions are settled one after the other, in whole numbers
(CP-SAT, one thread, limited by counted work): the least loss of the tiers, the fewest pairs that change, the most points with these.
"""

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.solver.instance import NO_LIMIT, SINGLE
from matching.solver.levels import COVERAGE_WEIGHTS, tier_points
from matching.solver.pins import start_from_pins
from matching.solver.rooms import usage
from matching.solver.rows import ConstraintModel

SIZES = (250, 1_000, 3_000)
"""Columns of the neighbourhood, smallest first"""
CHOICES = 12
"""Columns per need beside those in use"""
PATIENCE = {"lacking": 1.0, "changed": 2.0, "points": 0.5}
"""Deterministic seconds for each question"""


@dataclass(frozen=True)
class Settled:
    """`steps` (P,) keep every pin; `changed` pairs differ from the plan before; `proven`: no valid plan of the whole problem changes
    fewer while it loses no more; `searched` columns were free to change."""

    steps: np.ndarray
    changed: int
    proven: bool
    searched: int


def fewest_changes(instance, base, least, seeds, *, sizes=SIZES):
    """From `base` (P,), the steps of the plan before (its forbidden pairs gone already), to a plan that keeps the pins.

    `least` (3,) points that each tier should keep; `seeds` rows of the needs that are pinned or lost a forbidden pair. Raises
    ContradictingPins where no plan keeps the pins.
    """
    i = instance
    start_from_pins(i)  # names the conflict, if there is one
    settled = None
    for size in sizes:
        free = _neighbourhood(i, base, sorted(seeds), size)
        settled = _settle(i, base, free, least) or settled
        if settled is not None and _lacking(i, settled.steps, least) == (0, 0, 0):
            break
        if len(free) >= int((i.high > 0).sum()):
            break
    if settled is None:
        settled = _around_pins(i, base, least)
    return settled


def _lacking(instance, steps, least):
    return tuple(max(0, k - v) for k, v in zip(least, tier_points(instance, steps), strict=True))


def _around_pins(instance, base, least):
    """Where no neighbourhood sufficed: everything at the pinned needs and offerings gives way, and is settled anew from there."""
    i = instance
    pinned = i.pinned[i.low[i.pinned] > 0]
    steps = start_from_pins(i)
    taken = np.isin(i.need, i.need[pinned]) | np.isin(i.offering, i.offering[steps > 0])
    taken |= np.isin(i.household[i.need], i.household[i.need[pinned]]) | (i.cost > 0)
    steps = np.where(taken, steps, base)
    return Settled(steps, int((steps != base).sum()), False, int(taken.sum()))


def _settle(instance, base, free, least):
    """The three questions over the columns `free`, or None where the pins find no room among them."""
    i = instance
    whole = len(free) >= int((i.high > 0).sum())
    rows = ConstraintModel(i, free, base)
    model = rows.model
    points = [rows.points_of_tiers([int(t == tier) for t in range(3)]) for tier in range(3)]
    lacking = []
    for (expression, constant), wanted in zip(points, least, strict=True):
        lack = model.new_int_var(0, max(0, wanted), "")
        model.add(lack + expression >= wanted - constant)
        lacking.append(lack)
    changed = _counted_changes(rows, base[free])
    start, proven = base.copy(), whole
    start[free] = np.clip(base[free], i.low[free], i.high[free])
    for patience, goal in (*(("lacking", lack) for lack in lacking), ("changed", sum(changed))):
        solver, status = _solve(model, goal, rows, start, PATIENCE[patience])
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        start, proven = rows.read(solver), proven and status == cp_model.OPTIMAL
        model.add(goal <= solver.value(goal))
    found = start
    total = sum(weight * expression for weight, (expression, _) in zip(COVERAGE_WEIGHTS, points, strict=True))
    solver, status = _solve(model, -total, rows, start, PATIENCE["points"])
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = rows.read(solver)
    return Settled(found, int((found != base).sum()), proven, len(free))


def _counted_changes(rows, before):
    """A literal or expression per free column that is 1 where its steps are not what they were."""
    changed = []
    for place, (steps, was) in enumerate(zip(rows.steps, before.tolist(), strict=True)):
        low, high = int(rows.low[place]), int(rows.high[place])
        if low == high:
            continue
        if high == 1 and low == 0:
            changed.append(1 - steps if was else steps)
            continue
        differs = rows.model.new_bool_var("")
        if not low <= was <= high:
            continue
        rows.model.add(steps <= was + (high - was) * differs)
        rows.model.add(steps >= was - (was - low) * differs)
        changed.append(differs)
    return changed or [0]


def _solve(model, goal, rows, start, patience):
    model.minimize(goal)
    rows.hint(start)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 20270101
    solver.parameters.max_deterministic_time = patience
    return solver, solver.solve(model)


def _neighbourhood(instance, base, seeds, size):
    """At most about `size` columns around the needs `seeds`, all of a need together."""
    i = instance
    everything = np.flatnonzero(i.high > 0)
    if len(everything) <= size:
        return everything
    room = i.capacity - usage(i, base).capacity
    taken, order, count = set(), [], 0
    queue, at = list(seeds), 0
    while at < len(queue) and count < size:
        need = queue[at]
        at += 1
        if need in taken:
            continue
        taken.add(need)
        columns = _columns_worth_trying(i, base, need, room)
        order.append(columns)
        count += len(columns)
        queue += _neighbours(i, base, need, columns, taken)
    return np.unique(np.concatenate(order)) if order else np.zeros(0, np.int64)


def _columns_worth_trying(instance, base, need, room):
    """Columns of a need: those in use or pinned, then where there is room, then the cheapest and nearest."""
    i = instance
    columns = i.columns_of_need(need)
    columns = columns[(i.high[columns] > 0) | (i.low[columns] > 0)]
    used = (base[columns] > 0) | (i.low[columns] > 0)
    full = room[i.offering[columns]] < i.load[columns]
    order = np.lexsort((i.distance[columns], i.cost[columns], full, ~used))
    return np.sort(columns[order[: int(used.sum()) + CHOICES]])


def _neighbours(instance, base, need, columns, taken):
    """Needs that share a row with `need`: its household, the offerings in play, and who spends the same money for least."""
    i, found = instance, []
    if i.household_cap[i.household[need]] < NO_LIMIT:
        found += np.flatnonzero(i.household == i.household[need]).tolist()
    first = columns[np.lexsort((columns, base[columns] == 0, i.low[columns] == 0))]
    for column in first[:CHOICES].tolist():
        of_offering = i.columns_of_offering(i.offering[column])
        found += np.unique(i.need[of_offering[base[of_offering] > 0]]).tolist()
    pinned = columns[i.low[columns] > 0]
    if i.cost[pinned].any():
        paid = np.flatnonzero((base > 0) & (i.cost > 0) & np.isin(i.payers, i.payers[pinned]))
        worth = i.points[paid] / i.cost[paid]
        found += i.need[paid[np.lexsort((paid, worth, -i.tier[i.need[paid]]))[:20]]].tolist()
    for column in first[: 1 + (i.fill[need] != SINGLE)].tolist():
        of_offering = i.columns_of_offering(i.offering[column])
        waiting = np.unique(i.need[of_offering[base[of_offering] == 0]])
        order = np.lexsort((waiting, -i.unit_points[waiting], i.tier[waiting]))
        found += waiting[order[:5]].tolist()
    return [one for one in found if one not in taken]
