"""Single needs that cost money beside goods that cost money: where the money is short, who earns least for it gives way."""

import itertools

import numpy as np
import pytest

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver.construct import fill
from matching.solver.instance import SINGLE, build_instance
from matching.solver.large import LargeSearch
from matching.solver.levels import exact_sum, tier_points
from matching.solver.money import CannotPayPins, cut_to_money, payable
from matching.solver.paid_hours import place_paid
from matching.solver.pins import start_from_pins
from matching.solver.state import broken, used_rows
from matching.solver.work import Work

LONG = 3_600.0


def village(budget, pins=()):
    """Twenty needs of ten parcels at 100 fen each and weight 100, six of two hours at 50 fen each and weight 900; `budget` in fen."""
    parcels = [
        {"id": f"P{k}", "household": f"H{k}", "region": "3303", "category": "parcels", "quantity": 10, "tier": 1, "weight": 100, "type": "care"}
        for k in range(20)
    ]  # fmt: skip
    hours = [
        {"id": f"S{k}", "household": f"G{k}", "region": "3303", "category": "hours", "quantity": 2, "tier": 1, "weight": 900, "type": "care",
         "fill": "single"}
        for k in range(6)
    ]  # fmt: skip
    return parse_problem(
        {
            "format": "zhongfu-problem/1",
            "regions": [{"code": "3303", "parent": ""}],
            "needs": parcels + hours,
            "offerings": [
                {"id": "O1", "donor": "D1", "category": "parcels", "capacity": 200, "unit_cost_fen": 100},
                *(
                    {"id": f"C{k}", "donor": "D2", "category": "hours", "capacity": 4, "unit_cost_fen": 50}
                    for k in range(3)
                ),
            ],
            "funds": [{"id": "F1", "amount_fen": 100_000}],
            "limits": [{"id": "budget", "max_fen": budget}],
            "pins": list(pins),
            "policy": {"floor_percent": 0, "tolerance_permille": 0},
        }
    )


@pytest.fixture
def full():
    """(instance, steps in which parcels have taken all the money)."""
    problem = village(5_000)
    instance = build_instance(problem, build_pairs(problem))
    single = instance.fill == SINGLE
    steps = fill(instance, start_from_pins(instance), order=np.flatnonzero(~single))
    assert exact_sum(instance.cost, steps) == 5_000
    return instance, steps


def test_single_needs_take_the_money_of_goods_that_earn_less_for_it(full):
    instance, steps = full
    before, single = tier_points(instance, steps), np.flatnonzero(instance.fill == SINGLE)
    search = LargeSearch(instance, Work(LONG, None, itertools.count().__next__), 1, steps)
    try:
        place_paid(search, "tier1 paid hours", 0, [single], LONG)
    finally:
        search.close()
    served = used_rows(instance.need, search.steps, len(instance.fill))
    assert served[single].all()
    assert broken(instance, search.steps) == []
    assert exact_sum(instance.cost, search.steps) <= 5_000
    # six times 900 of weight for 600 fen, of which parcels give back six: 60 of weight
    assert tier_points(instance, search.steps)[0] == before[0] + 6 * 900_000 - 60_000


def test_what_is_cut_earns_least_for_its_money(full):
    instance, _ = full
    everything = fill(instance, start_from_pins(instance), order=np.flatnonzero(instance.fill == SINGLE))
    single = (instance.fill == SINGLE)[instance.need]
    everything[~single] = 10  # 20,000 fen of parcels beside them
    assert not payable(instance, everything)
    kept = cut_to_money(instance, everything)
    assert payable(instance, kept)
    assert kept[single].sum() == 6
    assert kept[~single].sum() == 44


def test_pins_that_the_money_does_not_reach_for_are_named():
    problem = village(1_000, pins=[{"need": "P0", "offering": "O1", "quantity": 10}])
    instance = build_instance(problem, build_pairs(problem))
    steps = start_from_pins(instance)
    assert payable(instance, cut_to_money(instance, steps))
    instance.limit_max[0] = 900
    with pytest.raises(CannotPayPins, match="pinned"):
        cut_to_money(instance, steps)
