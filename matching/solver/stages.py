"""The order of work on a large problem, and how much of the time each stage may use."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from matching.solver.construct import fill, urgency
from matching.solver.flow_beside import FlowBeside
from matching.solver.hours import place_hours
from matching.solver.instance import NO_LIMIT, SINGLE
from matching.solver.large import LargeSearch
from matching.solver.later import lower_cost, lower_distance, lower_lottery, raise_coverage, raise_the_floors
from matching.solver.levels import LevelResult, note_before_fairness, tier_points, values
from matching.solver.paid_hours import place_paid
from matching.solver.prices import TierPrices, Unpriced
from matching.solver.rounding import take_rounded
from matching.solver.state import used_rows

# Share of the time after the first plan by which a stage should be over; charges and reasons have a reserve of their own.
SHARES = {
    "tier1": 0.15,
    "tier2": 0.4,
    "tier3": 0.76,
    "fairness": 0.78,
    "coverage": 0.80,
    "cost": 0.84,
    "distance": 0.98,
}
# The same for a county's tiers alone; what tier 2 lacks is paid for many times in the joint bound of tier 3.
ALONE = (0.08, 0.42, 1.0)
ALL_AT_ONCE = 1_000  # categories of single needs share nothing but households
PATIENCE = 0.5  # share of tier 1's time that one category of single needs is searched as a whole
GAP = (1e-6, 3e-4, 3e-4)  # relative, at which a programme is left
HELD_BACK = 1e-3  # part of a tier's points that may have been kept from the goods for nothing, before they flow again
BESIDE = 0.9  # share of a tier's time in which single needs are searched beside the flow of the goods
BEFORE = 0.5  # the same where the flow comes after them, on one thread
FINISH = 4.0  # seconds kept for charges, prices and reasons of a county


def solve_levels(instance, work, threads, pinned, greedy):
    """(steps, [LevelResult] of all eight levels, TierPrices). `pinned`, `greedy`: valid starts; the result is never worse than `greedy`."""
    # charges and reasons at the end take about half as long as pairs and the first plan took at the start
    slow = work.elapsed()
    total = max(0.3 * work.seconds, work.seconds - max(FINISH * min(1.0, instance.size / 200_000), 0.6 * slow))
    _quick(work, slow)
    due = {name: min(slow, total) + share * max(0.0, total - slow) for name, share in SHARES.items()}
    due["end"] = total
    search = LargeSearch(instance, work, threads, pinned)
    search.greedy = greedy
    prices = TierPrices(instance)
    beside = ThreadPoolExecutor(1)
    try:
        results = _tiers(search, prices, due, work, beside)
        reached = tuple(result.value for result in results)
        note_before_fairness(work, instance, search.steps)
        later_levels(search, results, due, work)
        final = values(instance, search.steps, reached)
        for result in results[3:]:
            result.value = final[result.name]
        known, tightened = _known_prices(prices, work)
        for tier, result in enumerate(results[:3]):
            result.bound = max(result.value, prices.bound(tier, reached[:tier], known, tightened))
        coverage = next(result for result in results if result.name == "coverage")
        coverage.bound = max(coverage.value, prices.coverage_bound(known, tightened))
    finally:
        prices.close()
        beside.shutdown(wait=True)
        search.close()
    return search.steps, results, prices


def solve_tiers(instance, work, pinned, greedy):
    """(P,) steps of the three tiers alone, on this thread only and without bounds: for one county of many, whose bound is a joint one.

    `pinned`, `greedy`: valid starts; the result is never worse than `greedy`.
    """
    _quick(work)
    begin = work.elapsed()
    due = {f"tier{t + 1}": begin + share * (work.seconds - begin) for t, share in enumerate(ALONE)}
    search = LargeSearch(instance, work, 1, pinned, brief=True)
    search.greedy = greedy
    try:
        _tiers(search, Unpriced(instance), due, work, _Afterwards())
    finally:
        search.close()
    return search.steps


class _Afterwards:
    """In place of a thread beside: does what it is given when the result is asked for, so that one thing follows another."""

    def submit(self, do, *arguments):
        return _Due(do, arguments)


@dataclass
class _Due:
    do: Callable
    arguments: tuple

    def result(self):
        return self.do(*self.arguments)


def _tiers(search, prices, due, work, beside):
    """The results of the three tiers; `beside` runs the flows."""
    instance, greedy, results = search.instance, search.greedy, []
    for tier in range(3):
        results.append(_tier(search, prices, tier, results, due, work, beside))
    if search.steps is not greedy:
        search.steps = fill(instance, search.steps)
    if tier_points(instance, search.steps) < tier_points(instance, greedy):
        search.steps = greedy
    for result, reached in zip(results, tier_points(instance, search.steps), strict=True):
        result.value = reached
    return results


def _tier(search, prices, tier, results, due, work, beside):
    instance, name, begin = search.instance, f"tier{tier + 1}", time.monotonic()
    until = due[name]
    earlier = [r.value for r in results]
    if not _in_time(work, name, until):
        if tier == 0:
            search.steps = search.greedy
        reached = tier_points(instance, search.steps)[tier]
        return LevelResult(name, reached, None, time.monotonic() - begin)

    def value():
        return tier_points(instance, search.steps)[tier]

    def open_():
        return prices.prices[tier] is None or value() < prices.bound(tier, earlier)

    def notify():
        work.tell(
            level=name,
            value=value(),
            bound=prices.bound(tier, earlier) if prices.prices[tier] is not None else None,
            stage=name,
        )

    def wanted(stage):
        return work.recorded(stage) is not None if work.replaying else open_()

    gap = GAP[tier]
    quick = _quick(work)
    begin_at = work.elapsed()
    single = instance.fill == SINGLE
    parts = search.by_category(5_000 if quick else 12_000, tier + 1, single)
    free, paid = [p for p in parts if search.is_free(p)], [p for p in parts if not search.is_free(p)]
    prices.begin(tier, earlier)
    free, flow = _begin_side_by_side(search, prices.relaxation, tier, free, until, beside)
    notify()
    if paid and wanted(f"{name} rounded"):
        split = take_rounded(search, prices.relaxation, tier, until)
        search.raise_tier(
            f"{name} split", tier, split, begin_at + 0.8 * (until - begin_at), gap=gap, notify=notify, thin=12
        )
    if paid and wanted(f"{name} paid hours"):
        place_paid(search, f"{name} paid hours", tier, paid, until)
    if wanted(f"{name} paid"):
        search.raise_tier(f"{name} paid", tier, paid, until, gap=gap, notify=notify, thin=12)
    if free and wanted(f"{name} hours again 1"):
        place_hours(search, f"{name} hours again", tier, free, until, anew=False)
        notify()
    if tier < 2 and flow.held_back() > HELD_BACK * max(1, value()) and wanted(f"{name} flows again"):
        FlowBeside(search, prices.relaxation, tier, until, beside, again=True).take()
    if wanted(f"{name} goods"):
        goods = search.by_category(5_000 if quick else 12_000, tier + 1, ~single)
        search.raise_tier(f"{name} goods", tier, goods, until, gap=gap, notify=notify, thin=12)
    filled = fill(instance, search.steps, key=instance.tier[instance.need] > tier)
    search.steps = search.steps + (filled - search.steps) * (instance.tier[instance.need] <= tier)
    notify()
    return LevelResult(name, value(), prices.bound(tier, earlier), time.monotonic() - begin)


def _begin_side_by_side(search, relaxation, tier, free, until, beside):
    """A search of the single needs that cost nothing, and the flow of the goods beside it; the parts that are not yet proven."""
    begin = search.work.elapsed()
    flow = FlowBeside(search, relaxation, tier, until, beside)
    if tier == 2 and free:
        _fill_singles(search, np.concatenate(free), flow.left)
    due = begin + (BEFORE if search.brief else BESIDE) * (until - begin)
    if tier == 0:  # few enough for a programme of each category as a whole
        patience = max(0.5, PATIENCE * (until - begin))
        search.raise_tier("tier1 single", tier, free, due, gap=GAP[tier], patience=patience, at_once=ALL_AT_ONCE)
    left = place_hours(search, f"tier{tier + 1} hours", tier, free, due, household=flow.left)
    flow.take()
    return left, flow


def _fill_singles(search, needs, left):
    """Gives `needs`, single ones that cost nothing, what is free. `left` (H,) fen of each household's cap that single needs may take while the
    goods flow anew, or None: then the goods stay as they are. Needs that cost money wait: what the goods will spend is not known yet."""
    i, room = search.instance, search.instance
    if left is not None:
        goods = np.where((i.fill == SINGLE)[i.need], 0, search.steps * i.worth)
        beside = used_rows(i.household[i.need], goods, len(i.household_cap)) + left
        room = replace(i, household_cap=np.where(i.household_cap < NO_LIMIT, beside, NO_LIMIT))
    order = urgency(i)
    search.steps = fill(room, search.steps, order=order[np.isin(order, needs)])


def _known_prices(prices, work):
    """(tiers whose prices came in time to bound with, those whose patterns did); a replay waits for the same ones."""
    if work.replaying:
        old = work.recorded("bounds") or {"known": [], "tightened": []}
        known = [tier for tier in old["known"] if prices.ready(tier, 3600.0)]
        tightened = old["tightened"]
    else:
        known = [tier for tier in range(3) if prices.prices[tier] is not None]
        tightened = [tier for tier in known if prices.excess[tier] is not None]
    work.note("bounds", known=known, tightened=tightened)
    return known, tightened


def _in_time(work, name, until):
    """Whether a tier's search begins at all; where even the first does not, the quick start stands."""
    if work.replaying:
        run = bool((work.recorded(f"{name} begun") or {"run": False})["run"])
    else:
        run = work.elapsed() < until
    work.note(f"{name} begun", run=run)
    return run


def _quick(work, start=0.0):
    """Whether the time is so short, measured by what the start took (seconds), that parts are made smaller; a replay repeats the choice."""
    if work.replaying:
        old = work.recorded("search")
        return bool(old and old["quick"])
    if work.recorded_now("search") is None:
        work.note("search", quick=bool(work.seconds < 20 * start))
    return work.recorded_now("search")["quick"]


def later_levels(search, results, due, work):
    """Levels 4 to 8, each by honest steps from the plan of the tiers."""
    instance = search.instance
    tier_values = tuple(r.value for r in results)
    for name, run in (
        ("fairness", raise_the_floors),
        ("coverage", raise_coverage),
        ("cost", lower_cost),
        ("distance", lower_distance),
        ("lottery", lower_lottery),
    ):
        begin = time.monotonic()
        deliveries = run(search, tier_values, due["end" if name == "lottery" else name])
        value = values(instance, search.steps, tier_values)[name]
        bound = 0 if name == "fairness" else None
        results.append(LevelResult(name, value, bound, time.monotonic() - begin, deliveries))
        work.tell(level=name, value=value, bound=bound, stage=name)
