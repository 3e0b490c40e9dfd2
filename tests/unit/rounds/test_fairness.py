"""The price of fairness, from plans of the solver itself on small problems in which the floors bind."""

import random
from typing import Any

import pytest

from matching.problem import Problem, parse_problem
from matching.rounds.fairness import exceptions, least_kept, points_before, price_of_fairness
from matching.solution import parse_plan, plan_document
from matching.solver.engine import solve


def unequal(tolerance_permille: int, *, seed: int | None = None) -> Problem:
    """Two townships; the heavier needs all stand in the first, so that levels 1 to 3 leave the second with little."""
    draw = random.Random(seed)
    needs: list[dict[str, Any]] = []
    for town in (0, 1):
        for number in range(5):
            weight = (100 if town == 0 else 99) if seed is None else draw.randint(1, 40) + (40 if town == 0 else 0)
            needs.append(
                {
                    "id": f"n{town}{number}", "household": f"h{town}{number}", "region": f"33032411{town}", "category": "rice",
                    "quantity": 1 if seed is None else draw.randint(1, 4), "tier": 2 if seed is None else draw.randint(1, 3),
                    "weight": weight, "type": "care",
                }
            )  # fmt: skip
    return parse_problem(
        {
            "format": "zhongfu-problem/1",
            "regions": [
                {"code": "330324", "parent": ""},
                {"code": "330324110", "parent": "330324"},
                {"code": "330324111", "parent": "330324"},
            ],
            "needs": needs,
            "offerings": [{"id": "o", "donor": "d", "category": "rice", "capacity": 5}],
            "policy": {"floor_percent": 80, "tolerance_permille": tolerance_permille},
        }
    )


def test_the_price_and_what_it_bought_are_told_in_points() -> None:  # promise 30
    problem = unequal(tolerance_permille=10)
    price = price_of_fairness(problem, solve(problem, time_limit=5, threads=1))
    second = price["tiers"][1]
    assert (second["fixed"], second["least"]) == (500_000, 495_000)
    # Two of five bags go to the second township: each costs one weight of a hundred, and its shortfall falls.
    assert second["delivered"] == 498_000 and price["given_up"] == 2_000
    here, there = price["townships"]
    assert (here["before"], there["before"]) == (500_000, 0)
    assert (here["points"], there["points"]) == (300_000, 198_000)
    assert (price["shortfall_before"], price["shortfall"]) == (there["floor"], there["floor"] - 198_000)


def test_without_tolerance_fairness_costs_nothing() -> None:  # promise 30
    price = price_of_fairness(problem := unequal(tolerance_permille=0), solve(problem, time_limit=5, threads=1))
    assert price["given_up"] == 0 and price["shortfall"] == price["shortfall_before"] > 0


@pytest.mark.parametrize("seed", range(8))
def test_no_tier_gives_up_more_than_the_tolerance_and_no_floor_is_further_than_before(seed: int) -> None:  # promise 30
    problem = unequal(tolerance_permille=(0, 1, 50, 300)[seed % 4], seed=seed)
    price = price_of_fairness(problem, solve(problem, time_limit=5, threads=1))
    for tier in price["tiers"]:
        assert tier["delivered"] >= tier["least"] >= tier["fixed"] * (1000 - price["tolerance_permille"]) / 1000
    assert price["shortfall"] <= price["shortfall_before"]
    assert price["given_up"] == price["fixed"] - price["delivered"]
    assert sum(row["points"] for row in price["townships"]) == price["delivered"]
    assert sum(row["before"] for row in price["townships"]) == price["fixed"]


def test_a_plan_that_does_not_say_what_stood_before_is_not_made_to() -> None:
    problem = unequal(tolerance_permille=10)
    document = plan_document(solve(problem, time_limit=5, threads=1))
    document["solver"] = {}
    plan = parse_plan(document)
    assert points_before(plan, ["330324110", "330324111"]) is None
    price = price_of_fairness(problem, plan)
    assert price["shortfall_before"] is None and price["townships"][1]["before"] is None and price["given_up"] == 2_000


def test_what_may_be_given_up_is_rounded_in_favour_of_the_tier() -> None:
    assert [least_kept(value, 1) for value in (0, 1, 999, 1000, 1001)] == [0, 1, 999, 999, 1000]


def test_what_the_floors_gave_to_a_lighter_need_stands_among_the_exceptions_with_its_reason() -> None:  # promise 27
    problem = unequal(tolerance_permille=10)
    found = exceptions(problem, solve(problem, time_limit=5, threads=1))
    assert found is not None and found["unjustified"] == 0
    assert found["envy"].get("fairness_floor", 0) + found["envy"].get("tolerance", 0) > 0
