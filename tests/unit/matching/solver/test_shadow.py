"""What one more unit or more money would gain: shown where it gains, in the order of the tiers, never more than the relaxed problem can."""

import pytest

from matching.changes import add_row, apply_changes
from matching.problem import parse_problem
from matching.solver.engine import solve
from matching.solver.shadow import STEP_FEN, prices_of_plan
from tests.unit.matching.problems import small
from tests.unit.matching.scarce import scarce

NEED = {"household": "H", "region": "330324", "category": "rice", "quantity": 10, "weight": 10, "type": "care"}


def prices(**parts) -> dict:
    """The prices of a small problem's optimum."""
    problem = parse_problem(small(**{"funds": [], "limits": [], "households": {}, **parts}))
    return prices_of_plan(problem, solve(problem, time_limit=20, threads=1).served())


def test_a_unit_goes_to_the_tier_that_still_lacks_it():
    needs = [{**NEED, "id": "A", "tier": 1}, {**NEED, "id": "B", "household": "K", "tier": 3}]
    told = prices(needs=needs, offerings=[{"id": "O", "donor": "D", "category": "rice", "capacity": 15}])
    assert told["offerings"] == [{"id": "O", "gain": [0, 0, 1000]}]
    assert told["places"] == [{"category": "rice", "township": "330324", "gain": [0, 0, 1000], "needs": 1, "units": 5}]


def test_a_place_that_nobody_serves_gains_a_whole_needs_share_by_a_unit():
    told = prices(
        needs=[{**NEED, "id": "A", "tier": 2}], offerings=[{"id": "O", "donor": "D", "category": "oil", "capacity": 1}]
    )
    assert told["places"] == [{"category": "rice", "township": "330324", "gain": [0, 1000, 0], "needs": 1, "units": 10}]


@pytest.mark.parametrize("money", ["funds", "limits"])
def test_more_money_gains_what_it_buys_and_no_more_than_is_lacking(money):
    """Three units are paid, seven lack: 1,000 yuan would buy fifty."""
    parts = {"funds": [{"id": "F", "amount_fen": 90_000}], "limits": [{"id": "L", "max_fen": 90_000}]}
    parts["funds" if money == "limits" else "limits"][0][{"funds": "max_fen", "limits": "amount_fen"}[money]] = (
        9_000_000
    )
    offering = {"id": "O", "donor": "D", "category": "rice", "capacity": 10, "unit_cost_fen": 30_000}
    told = prices(needs=[{**NEED, "id": "A", "tier": 1}], offerings=[offering], **parts)
    assert told["step_fen"] == STEP_FEN
    assert [row["gain"] for row in told[money]] == [[1000 * STEP_FEN // 30_000, 0, 0]]
    cheap = {**offering, "unit_cost_fen": 10}
    parts[money][0]["amount_fen" if money == "funds" else "max_fen"] = 30
    assert prices(needs=[{**NEED, "id": "A", "tier": 1}], offerings=[cheap], **parts)[money][0]["gain"] == [7000, 0, 0]


def test_a_later_tier_may_lose_what_an_earlier_one_takes():
    """All money goes to tier 2 as it is; one unit of tier 1's help, at a cost, is paid with money that tier 2 loses."""
    needs = [{**NEED, "id": "A", "tier": 1}, {**NEED, "id": "B", "household": "K", "tier": 2, "category": "oil"}]
    offerings = [
        {"id": "O", "donor": "D", "category": "rice", "capacity": 3, "unit_cost_fen": 10},
        {"id": "P", "donor": "D", "category": "oil", "capacity": 10, "unit_cost_fen": 10},
    ]
    told = prices(needs=needs, offerings=offerings, funds=[{"id": "F", "amount_fen": 80}])
    assert told["offerings"][0] == {"id": "O", "gain": [1000, -1000, 0]}


@pytest.mark.parametrize("seed", [2, 3])
def test_one_more_unit_brings_no_more_than_its_price_in_the_order_of_the_tiers(seed):
    document = scarce(seed, needs=9)

    def tiers(given):
        levels = solve(parse_problem(given), time_limit=20, threads=1).levels[:3]
        assert all(level.proven for level in levels)
        return [level.value for level in levels]

    problem = parse_problem(document)
    before = tiers(document)
    told = prices_of_plan(problem, solve(problem, time_limit=20, threads=1).served())["places"][:3]
    assert told
    for row in told:
        given = {"id": "new", "donor": "new", "category": row["category"], "capacity": 1, "areas": [row["township"]],
                 "provides": ["nursing", "legal", "driving"]}  # fmt: skip
        after = tiers(apply_changes(document, [add_row("offerings", given)]))
        assert [b - a for a, b in zip(before, after, strict=True)] <= [gain + 1 for gain in row["gain"]], row
