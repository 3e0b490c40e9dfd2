"""The bound of a tier with patterns taken off: never below the exact optimum of an independent model, never above the linear bound."""

import numpy as np
import pytest

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver.instance import SINGLE, build_instance
from matching.solver.pattern_bounds import PatternBounds, single_groups
from matching.solver.prices import TierPrices
from matching.solver.relaxation import POINTS, price_bound, solve_lp
from tests.independent.optimum import best
from tests.unit.matching.scarce import scarce


def _instance(document):
    problem = parse_problem(document)
    return build_instance(problem, build_pairs(problem))


def _visits(seed, needs=11, offerings=4):
    """Hours alone, of two categories, with places and household caps that bind; offerings of up to nine hours, needs of up to five."""
    draw = np.random.default_rng(seed)
    return {
        "format": "zhongfu-problem/1",
        "regions": [{"code": "330324101", "parent": "", "lat": 28.1, "lon": 120.6}],
        "needs": [
            {
                "id": f"N{k:02d}", "household": f"H{draw.integers(0, 5)}", "region": "330324101", "fill": "single",
                "category": str(draw.choice(["care", "repair"])), "quantity": int(draw.integers(2, 6)), "type": "care",
                "tier": int(draw.integers(1, 4)), "weight": int(draw.integers(1, 40)), "unit_worth_fen": 100,
            }
            for k in range(needs)
        ],
        "offerings": [
            {
                "id": f"O{k}", "donor": "D", "category": ["care", "repair"][k % 2], "capacity": int(draw.integers(5, 10)),
                **({"max_needs": int(draw.integers(1, 3))} if draw.random() < 0.4 else {}),
            }
            for k in range(offerings)
        ],
        "policy": {"floor_percent": 0, "tolerance_permille": 0, "household_cap_fen": 900},
    }  # fmt: skip


@pytest.fixture
def priced():
    """TierPrices of an instance, all three tiers ready; closed at the end."""
    open_ = []

    def make(instance):
        open_.append(TierPrices(instance))
        assert all(open_[-1].ready(tier, 60.0) for tier in range(3))
        return open_[-1]

    yield make
    for prices in open_:
        prices.close()


CASES = {f"scarce {seed}": scarce(seed, needs=30) for seed in (3, 5, 7, 11)}
CASES |= {f"visits {seed}": _visits(seed) for seed in range(8)}


@pytest.fixture(scope="module")
def optima():
    """The exact values of the three tiers by the independent model, each found once."""
    found = {}

    def of(name):
        if name not in found:
            found[name] = best(CASES[name], seconds=60.0).values[:3]
        return found[name]

    return of


@pytest.mark.parametrize("name", CASES)
def test_a_tightened_bound_lies_between_the_optimum_and_the_linear_bound(name, optima, priced):
    exact, prices = optima(name), priced(_instance(CASES[name]))
    for tier in range(3):
        bound = prices.bound(tier, exact[:tier])
        assert exact[tier] <= bound <= prices.linear_bound(tier, exact[:tier])
        assert prices.excess[tier] >= 0


@pytest.mark.parametrize("name", CASES)
def test_any_prices_give_a_bound_that_holds_even_of_the_wrong_sign(name, optima, priced):
    instance, exact = _instance(CASES[name]), optima(name)
    prices = priced(instance)
    r, mine = prices.relaxation, PatternBounds(instance, prices.relaxation)
    draw = np.random.default_rng(7)
    for tier in range(3):
        objective, lower = prices.objective(tier), prices._lower(exact[:tier])
        own = prices.prices[tier]
        wide = np.abs(own).max() + 0.1
        for guess in (
            own,
            np.zeros(len(own)),
            own * draw.uniform(0, 2, len(own)),
            own + draw.normal(0, 0.3 * wide, len(own)),
            draw.normal(0, wide, len(own)),
        ):
            guess = guess.copy()
            for later in range(tier, 3):  # free rows have no price
                guess[r.first[f"tier{later + 1}"]] = 0
            linear, _ = price_bound(lower, r.upper, r.matrix, r.low, r.high, objective, guess)
            excess = mine.excess(objective, guess)
            assert excess >= 0
            assert (linear - excess) * POINTS >= exact[tier] - 1e-3
            # offerings shared with other problems, as a county has them, stay priced outside the groups
            rows = np.arange(r.first["capacity"], r.first["household_cap"])
            shared = rows[draw.random(len(rows)) < 0.5]
            assert (linear - mine.excess(objective, guess, outside=shared)) * POINTS >= exact[tier] - 1e-3


def test_where_only_hours_are_asked_patterns_take_off_a_third_of_what_the_linear_bound_promises_too_much(
    optima, priced
):
    linear = tightened = 0
    for name in CASES:
        if name.startswith("visits"):
            prices = priced(_instance(CASES[name]))
            exact = optima(name)
            for tier in range(3):
                linear += prices.linear_bound(tier, exact[:tier]) - exact[tier]
                tightened += prices.bound(tier, exact[:tier]) - exact[tier]
    assert tightened < 0.67 * linear


def test_a_bound_known_too_late_or_tightened_too_late_is_left_out(optima, priced):
    prices, earlier = priced(_instance(CASES["scarce 5"])), optima("scarce 5")[:2]
    assert prices.bound(2, earlier, known=()) >= prices.linear_bound(2, earlier) > prices.bound(2, earlier)
    assert prices.bound(2, earlier, tightened=(0, 1)) == prices.linear_bound(2, earlier)


def test_patterns_priced_for_one_tier_take_nothing_off_the_bound_of_another(optima, priced):
    prices, exact = priced(_instance(CASES["scarce 11"])), optima("scarce 11")
    linear = prices.linear_bound(1, exact[:1], known=(1,))
    assert prices.bound(1, exact[:1], known=(1,)) < linear
    prices.prices[0], prices.excess[0] = prices.prices[1], prices.excess[1]  # any prices bound any tier
    assert prices.bound(1, exact[:1], known=(0,)) == linear


def test_a_group_that_the_end_of_the_search_interrupts_counts_for_nothing(priced):
    prices = priced(_instance(CASES["scarce 5"]))
    mine = PatternBounds(prices.instance, prices.relaxation)
    assert mine.excess(prices.objective(2), prices.prices[2], lambda: True) == 0
    assert mine.excess(prices.objective(2), prices.prices[2]) > 0


@pytest.mark.parametrize("seed", range(10))
def test_groups_hold_single_needs_whose_offerings_serve_nothing_else(seed):
    document = scarce(seed, needs=30)
    instance = _instance(document)
    i, seen = instance, set()
    for columns in single_groups(instance):
        needs, offerings = set(i.need[columns].tolist()), set(i.offering[columns].tolist())
        assert (np.diff(columns) > 0).all()
        assert (i.fill[i.need[columns]] == SINGLE).all()
        of_either = np.isin(i.need, list(needs)) | np.isin(i.offering, list(offerings))
        assert set(np.flatnonzero(of_either & (i.high > 0)).tolist()) == set(columns.tolist())
        assert not i.low[of_either].any()
        assert not seen & (needs | {-1 - o for o in offerings})
        seen |= needs | {-1 - o for o in offerings}


def _groups(document):
    instance = _instance(document)
    return [
        {(instance.need_ids[instance.need[c]], instance.offering_ids[instance.offering[c]]) for c in columns}
        for columns in single_groups(instance)
    ]


def test_a_pinned_need_and_an_offering_that_serves_goods_too_leave_no_group():
    document = _visits(1, needs=3, offerings=2)
    for k, need in enumerate(document["needs"]):
        need |= {"category": ["care", "repair", "repair"][k], "quantity": 2}
    assert _groups(document) == [{("N00", "O0")}, {("N01", "O1"), ("N02", "O1")}]
    pinned = {**document, "pins": [{"need": "N01", "offering": "O1", "quantity": 2}]}
    assert _groups(pinned) == [{("N00", "O0")}]
    other = {**document["needs"][0], "id": "N99", "fill": "any"}
    assert _groups({**document, "needs": [*document["needs"], other]}) == [{("N01", "O1"), ("N02", "O1")}]
    forbidden = {**document, "forbids": [{"need": "N02", "offering": "O1"}]}
    assert _groups(forbidden) == [{("N00", "O0")}, {("N01", "O1")}]


@pytest.mark.parametrize("name", CASES)
def test_tier_3_is_priced_at_what_the_tiers_before_reached(name, optima, priced):
    """Prices for these very values prove the linear optimum; prices for guessed values prove at most as little."""
    instance, earlier = _instance(CASES[name]), optima(name)[:2]
    guessed, known = priced(instance), TierPrices(instance)
    try:
        known.begin(2, earlier)
        assert known.ready(2, 60.0)
        r = known.relaxation
        status, x, _ = solve_lp(known._lower(earlier), r.upper, r.matrix, r.low, r.high, known.objective(2))
        assert status == "OPTIMAL"
        optimum = float(known.objective(2) @ x) * POINTS
        assert known.linear_bound(2, earlier, known=(2,)) == pytest.approx(optimum, abs=1.5)
        assert guessed.linear_bound(2, earlier, known=(2,)) >= optimum - 1.5
    finally:
        known.close()
