"""The order of work on a large problem, and how much of the time each stage may use."""

import time

from matching.solver.construct import fill
from matching.solver.large import LargeSearch
from matching.solver.later import lower_amounts, raise_coverage, raise_the_floors
from matching.solver.levels import LevelResult, tier_points, values
from matching.solver.prices import TierPrices
from matching.solver.rounding import take_rounded

# Share of the time after the first plan by which a stage should be over; charges and reasons have a reserve of their own.
SHARES = {
    "tier1": 0.30,
    "tier2": 0.56,
    "tier3": 0.72,
    "fairness": 0.77,
    "coverage": 0.80,
    "cost": 0.86,
    "distance": 0.92,
}
FINISH = 1.6  # seconds kept for charges and reasons of a county


def solve_levels(instance, work, threads, pinned, greedy):
    """(steps, [LevelResult]) of all eight levels. `pinned`, `greedy`: valid starts; the result is never worse than `greedy`."""
    # charges and reasons at the end take about half as long as pairs and the first plan took at the start
    slow = work.elapsed()
    total = max(0.3 * work.seconds, work.seconds - max(FINISH * min(1.0, instance.size / 200_000), 0.6 * slow))
    _quick(work, slow)
    due = {name: min(slow, total) + share * max(0.0, total - slow) for name, share in SHARES.items()}
    due["end"] = total
    search = LargeSearch(instance, work, threads, pinned)
    search.greedy = greedy
    prices = TierPrices(instance)
    results = []
    try:
        for tier in range(3):
            results.append(_tier(search, prices, tier, results, due, work))
        if search.steps is not greedy:
            search.steps = fill(instance, search.steps)
        if tier_points(instance, search.steps) < tier_points(instance, greedy):
            search.steps = greedy
        reached = tier_points(instance, search.steps)
        for tier, result in enumerate(results):
            result.value = reached[tier]
        later_levels(search, results, due, work)
        final = values(instance, search.steps, reached)
        for result in results[3:]:
            result.value = final[result.name]
        known = _known_prices(prices, work)
        for tier, result in enumerate(results[:3]):
            result.bound = max(result.value, prices.bound(tier, reached[:tier], known))
    finally:
        prices.close()
        search.close()
    return search.steps, results


def _tier(search, prices, tier, results, due, work):
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

    gap = 1e-6 if tier == 0 else 3e-4
    quick = _quick(work)
    parts = search.by_category(5_000 if quick else 12_000, tier + 1)
    free, paid = [p for p in parts if search.is_free(p)], [p for p in parts if not search.is_free(p)]
    begin_at = work.elapsed()
    many = {"gap": gap, "notify": notify, "thin": None if tier == 0 else 14 if quick else 36}
    few = {"gap": gap, "notify": notify, "thin": None if tier == 0 else 12}
    split = take_rounded(search, prices.relaxation, tier, until)
    notify()
    if split and wanted(f"{name} split"):
        search.raise_tier(f"{name} split", tier, split, begin_at + 0.5 * (until - begin_at), **few)
    search.raise_tier(f"{name} free", tier, free, begin_at + (0.6 if paid else 0.9) * (until - begin_at), **many)
    guided = tier > 0 and _await_prices(prices, tier, until, work, name)
    if guided and paid:
        price, fund_price = prices.column_price(tier)
        few["reduced"] = prices.reduced[tier]
        search.raise_tier(f"{name} priced", tier, paid, until, prices=price, fund_prices=fund_price, **few)
    for stage in (f"{name} paid", f"{name} paid again"):
        if wanted(stage):
            search.raise_tier(stage, tier, paid, until, **few)
    filled = fill(instance, search.steps, key=instance.tier[instance.need] > tier)
    search.steps = search.steps + (filled - search.steps) * (instance.tier[instance.need] <= tier)
    if wanted(f"{name} mixed"):
        search.raise_tier(f"{name} mixed", tier, lambda k: search.by_chance(k, 6_000, tier + 1), until, **few)
    notify()
    return LevelResult(name, value(), prices.bound(tier, earlier), time.monotonic() - begin)


def _known_prices(prices, work):
    """The tiers whose prices came in time to bound with; a replay waits for the same ones."""
    if work.replaying:
        known = (work.recorded("bounds") or {"known": []})["known"]
        known = [tier for tier in known if prices.ready(tier, 3600.0)]
    else:
        known = [tier for tier in range(3) if prices.prices[tier] is not None]
    work.note("bounds", known=known)
    return known


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


def _await_prices(prices, tier, until, work, name):
    """Whether the search of this tier is guided by prices; recorded, since it depends on how fast they came."""
    if work.replaying:
        old = work.recorded(f"{name} prices")
        ready = bool(old and old["run"]) and prices.ready(tier, 3600.0)
    else:
        ready = prices.ready(tier, max(0.0, (until - work.elapsed()) * 0.4))
    work.note(f"{name} prices", run=ready)
    return ready


def later_levels(search, results, due, work):
    """Levels 4 to 8, each by honest steps from the plan of the tiers."""
    instance = search.instance
    tier_values = tuple(r.value for r in results)
    for name, until, run in (
        ("fairness", due["fairness"], raise_the_floors),
        ("coverage", due["coverage"], raise_coverage),
        ("cost", due["cost"], lambda *a: lower_amounts(*a, "cost")),
        ("distance", due["distance"], lambda *a: lower_amounts(*a, "distance")),
        ("lottery", due["end"], lambda *a: lower_amounts(*a, "lottery")),
    ):
        begin = time.monotonic()
        run(search, tier_values, until)
        value = values(instance, search.steps, tier_values)[name]
        bound = 0 if name == "fairness" else None
        results.append(LevelResult(name, value, bound, time.monotonic() - begin))
        work.tell(level=name, value=value, bound=bound, stage=name)
