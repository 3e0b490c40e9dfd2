"""Levels 4 to 8 of a large problem: fairness, coverage, cost, distance and the lottery, part by part from a valid plan."""

import numpy as np

from matching.solver.instance import SINGLE
from matching.solver.levels import coverage_of, exact_sum, floors, kept_points, shortfall, tier_points, township_points
from matching.solver.nearer import nearer_hours
from matching.solver.parts import Part
from matching.solver.relaxation import POINTS
from matching.solver.state import used_rows
from matching.solver.transfers import lower_by_flow

GAP = 1e-4


def raise_the_floors(search, tier_values, until):
    """Townships under their floor get more, within the tolerance of the tiers."""
    i = search.instance
    floor = floors(i, tier_values)
    least = kept_points(i, tier_values)
    if not shortfall(i, search.steps, floor):
        search.work.note("fairness", steps=0)
        return

    def build(columns, rooms, share):
        part = Part(i, columns, rooms, np.zeros(len(columns)))
        _keep_tiers(part, search.steps, least, share)
        _count_shortfall(part, search.steps, floor, share)
        return part

    def better(before, after):
        return _allowed(i, after, least) and (-shortfall(i, after, floor), coverage_of(tier_points(i, after))) >= (
            -shortfall(i, before, floor), coverage_of(tier_points(i, before)))  # fmt: skip

    search.sweep("fairness", search.by_category(12_000), until, build, better, gap=GAP, thin=10)


def raise_coverage(search, tier_values, until):
    """What fairness set free is used again: more points, the shortfall no greater."""
    i = search.instance
    floor = floors(i, tier_values)
    least = kept_points(i, tier_values)
    held = shortfall(i, search.steps, floor)

    def build(columns, rooms, share):
        weight = np.array([10.0, 0.1, 0.001])[i.tier[i.need[columns]]]
        part = Part(i, columns, rooms, i.points[columns] / POINTS * weight)
        _keep_tiers(part, search.steps, least, share)
        _keep_townships(part, search.steps, floor, share)
        return part

    def better(before, after):
        more = coverage_of(tier_points(i, after)) > coverage_of(tier_points(i, before))
        return more and _allowed(i, after, least) and shortfall(i, after, floor) <= held

    search.sweep("coverage", search.by_category(12_000), until, build, better, gap=GAP, thin=10)


def lower_cost(search, tier_values, until):
    """Cheaper offerings for the same deliveries; returns the bound in fen for these deliveries, None where there was no time."""
    bound = lower_by_flow(search, "cost", until)
    paid = np.bincount(search.instance.need, search.instance.cost > 0, len(search.instance.fill)) > 0
    lower_amounts(search, until, "cost", paid & (search.instance.fill == SINGLE))
    return bound


def lower_distance(search, tier_values, until):
    """Nearer offerings for the same deliveries at the same cost; returns the bound in metres for these deliveries."""
    bound = lower_by_flow(search, "distance", until)
    more = nearer_hours(search, until)
    return None if bound is None else bound + more


def lower_lottery(search, tier_values, until):
    """Luckier offerings for the same deliveries at the same cost and distance."""
    lower_amounts(search, until, "lottery")


def lower_amounts(search, until, name, among=None):
    """The same deliveries to every need from cheaper, then nearer, then luckier offerings."""
    i = search.instance
    order = ("cost", "distance", "lottery")
    coefficients = {"cost": i.cost, "distance": i.distance, "lottery": i.lottery}
    earlier = order[: order.index(name)]
    scale = {"cost": 1e4, "distance": 1e3, "lottery": float(2**32)}

    def build(columns, rooms, share):
        part = Part(i, columns, rooms, -coefficients[name][columns] / scale[name])
        needs, row = np.unique(i.need[columns], return_inverse=True)
        served = used_rows(row, search.steps[columns], len(needs))
        part.keeps(i.need[columns], np.ones(len(columns)), least=served, most=served)
        for held in earlier:
            most = exact_sum(coefficients[held][columns], search.steps[columns])
            part.keeps(
                np.zeros(len(columns)), coefficients[held][columns].astype(float), most=[most], scale=scale[held]
            )
        return part

    def better(before, after):
        def amounts(steps):
            return tuple(exact_sum(coefficients[held], steps) for held in (*earlier, name))

        return (
            amounts(after) < amounts(before)
            and (used_rows(i.need, after, len(i.fill)) == used_rows(i.need, before, len(i.fill))).all()
        )

    served = used_rows(i.need, search.steps, len(i.fill)) > 0
    parts = [g[served[g]] for g in search.by_category(12_000, among=among)]
    search.sweep(name, [g for g in parts if len(g)], until, build, better, gap=GAP, thin=10)


def _allowed(instance, steps, least):
    return all(v >= k for v, k in zip(tier_points(instance, steps), least, strict=True))


def _keep_tiers(part, steps, least, share):
    """The part's tiers may fall by its share of what the tolerance still allows."""
    i, now = part.instance, tier_points(part.instance, steps)
    tier = i.tier[i.need[part.columns]]
    for t in range(3):
        own = int((i.points[part.columns] * steps[part.columns])[tier == t].sum())
        part.tier_keeps(t, own - max(0, now[t] - least[t]) // share)


def _keep_townships(part, steps, floor, share):
    """A township may lose its share of what it has above its floor, and nothing where it is below."""
    i, now = part.instance, township_points(part.instance, steps)
    town = i.township[i.need[part.columns]]
    names = np.unique(town)
    own = used_rows(town, i.points[part.columns] * steps[part.columns], len(floor))
    least = own - np.maximum(0, now - floor) // share
    part.keeps(town, i.points[part.columns].astype(float), least=np.maximum(0, least[names]) - 1e-4, scale=POINTS)


def _count_shortfall(part, steps, floor, share):
    """Each township below its floor counts what it lacks; those above keep their floor."""
    i, now = part.instance, township_points(part.instance, steps)
    town = i.township[i.need[part.columns]]
    names, row = np.unique(town, return_inverse=True)
    own = used_rows(town, i.points[part.columns] * steps[part.columns], len(floor))
    wanted = own - np.where(now >= floor, np.maximum(0, now - floor) // share, now - floor)
    lacking = part.rows.add_columns(np.zeros(len(names)), np.full(len(names), np.inf), False, -np.ones(len(names)))
    some = np.arange(len(row))
    part.rows.add_family(
        np.concatenate((row[some], np.arange(len(names)))), np.concatenate((part.own, lacking)),
        np.concatenate((i.points[part.columns] / POINTS, np.ones(len(names)))), wanted[names] / POINTS, np.full(len(names), np.inf),
    )  # fmt: skip
