"""Each rule of the contract on the smallest problem it decides: just within is found, one more is not, by both ways of solving."""

import numpy as np
import pytest

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver.engine import ContradictingPins, solve
from matching.solver.instance import build_instance
from matching.solver.mip import Answer
from matching.solver.parts import Part
from matching.solver.rooms import split_rooms
from matching.solver.state import broken
from matching.validation import violations


def county(needs, offerings, **more):
    """A problem of one place; needs and offerings are given by what differs from the plainest row."""
    return parse_problem(
        {
            "format": "zhongfu-problem/1",
            "regions": [{"code": "330324101", "parent": ""}],
            "needs": [
                {
                    "id": f"N{k}",
                    "household": f"H{k}",
                    "region": "330324101",
                    "category": "rice",
                    "quantity": 4,
                    "tier": 1,
                    "weight": 40,
                    "type": "care",
                }
                | row
                for k, row in enumerate(needs)
            ],
            "offerings": [
                {"id": f"O{k}", "donor": "D", "category": "rice", "capacity": 10} | row
                for k, row in enumerate(offerings)
            ],
            "policy": {"floor_percent": 0, "tolerance_permille": 0},
        }
        | more
    )


def delivered(problem):
    """Units per need of the proven best plan; the plan passes the validator."""
    plan = solve(problem, time_limit=20, threads=1)
    assert plan.status == "optimal"
    assert violations(problem, plan) == []
    return [sum(a.quantity for a in plan.allocations if a.need == n.id) for n in problem.needs]


def by_part(problem):
    """Units per need when HiGHS searches all needs as one part."""
    i = build_instance(problem, build_pairs(problem))
    steps = i.low.copy()
    columns = np.flatnonzero(i.high > 0)
    if not len(columns):
        return [0] * len(problem.needs)
    part = Part(i, columns, split_rooms(i, steps, [columns])[0], i.points[columns] / 1000)
    found, answer = part.solve(steps, nodes=100, gap=0.0, seconds=20)
    assert isinstance(answer, Answer)
    assert answer.status == "OPTIMAL"
    assert broken(i, found) == []
    return [int((found * i.step)[i.need == n].sum()) for n in range(len(problem.needs))]


PAID = {"unit_cost_fen": 100}
CASES = {
    "any part of a need counts": (county([{}], [{"capacity": 3}]), [3]),
    "a whole need is filled from several offerings": (county([{"fill": "whole"}], [{"capacity": 3}, {"capacity": 1}]), [4]),
    "a whole need is left where one unit is missing": (county([{"fill": "whole"}], [{"capacity": 2}, {"capacity": 1}]), [0]),
    "a single need is filled from one offering": (county([{"fill": "single"}], [{"capacity": 4}, {"capacity": 3}]), [4]),
    "a single need is left where only several together suffice": (county([{"fill": "single"}], [{"capacity": 3}, {"capacity": 3}]), [0]),
    "capacity is shared": (county([{}, {"weight": 20}], [{"capacity": 6}]), [4, 2]),
    "travel counts against hours": (
        county([{"fill": "single"}], [{"capacity": 6}], pairs=[{"need": "N0", "offering": "O0", "load": 7}]), [0]),
    "hours with travel fit": (county([{"fill": "single"}], [{"capacity": 7}], pairs=[{"need": "N0", "offering": "O0", "load": 7}]), [4]),
    "an offering serves no more needs than it can": (county([{}, {"weight": 20}], [{"max_needs": 1}]), [4, 0]),
    "an offering serves as many needs as it can": (county([{}, {"weight": 20}], [{"max_needs": 2}]), [4, 4]),
    "a household stays within its cap": (county([{"unit_worth_fen": 100}], [{}], households={"H0": {"cap_fen": 399}}), [3]),
    "a household may reach its cap": (county([{"unit_worth_fen": 100}], [{}], households={"H0": {"cap_fen": 400}}), [4]),
    "a household without a cap of its own is exempt": (
        county([{"unit_worth_fen": 100}], [{}], households={"H0": {"cap_fen": None}}, policy={"household_cap_fen": 1}), [4]),
    "a fund pays what it holds": (county([{}], [PAID], funds=[{"id": "F", "amount_fen": 400}]), [4]),
    "a fund pays no fen more": (county([{}], [PAID], funds=[{"id": "F", "amount_fen": 399}]), [3]),
    "two funds pay one unit together": (county([{}], [PAID], funds=[{"id": "F", "amount_fen": 350}, {"id": "G", "amount_fen": 50}]), [4]),
    "an earmark keeps money from others": (
        county([{"type": "care"}, {"type": "emergency", "weight": 20}], [PAID],
               funds=[{"id": "F", "amount_fen": 200, "types": ["care"]}, {"id": "G", "amount_fen": 100}]), [3, 0]),
    "an earmark leaves free money to others": (
        county([{"type": "care"}, {"type": "emergency", "weight": 20}], [PAID],
               funds=[{"id": "F", "amount_fen": 400, "types": ["care"]}, {"id": "G", "amount_fen": 100}]), [4, 1]),
    "a limit holds": (county([{}], [PAID], funds=[{"id": "F", "amount_fen": 900}], limits=[{"id": "L", "max_fen": 250}]), [2]),
    "a limit counts only what it names": (
        county([{}], [PAID], funds=[{"id": "F", "amount_fen": 900}], limits=[{"id": "L", "max_fen": 0, "government_bought": True}]), [4]),
    "a pin is kept": (county([{}, {"weight": 20}], [{"capacity": 4}], pins=[{"need": "N1", "offering": "O0", "quantity": 2}]), [2, 2]),
    "a pin to nothing is kept": (county([{}], [{}], pins=[{"need": "N0", "offering": "O0", "quantity": 0}]), [0]),
    "others add to a pin": (county([{}], [{"capacity": 1}, {}], pins=[{"need": "N0", "offering": "O0", "quantity": 1}]), [4]),
    "a forbidden pair is not used": (county([{}], [{}], forbids=[{"need": "N0", "offering": "O0"}]), [0]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_exact_search_keeps_the_rule(case):
    problem, expected = CASES[case]
    assert delivered(problem) == expected


@pytest.mark.parametrize("case", [case for case in CASES if "two funds" not in case])
def test_the_search_by_parts_keeps_the_rule(case):
    problem, expected = CASES[case]
    assert by_part(problem) == expected


CONTRADICTIONS = {
    "capacity 3": county([{}], [{"capacity": 3}], pins=[{"need": "N0", "offering": "O0", "quantity": 4}]),
    "asks 4": county([{}], [{}, {}], pins=[{"need": "N0", "offering": o, "quantity": 3} for o in ("O0", "O1")]),
    "max_needs": county([{}, {}], [{"max_needs": 1}], pins=[{"need": n, "offering": "O0", "quantity": 1} for n in ("N0", "N1")]),
    "cap of 300": county(
        [{"unit_worth_fen": 100, "household": "H"}] * 2, [{}], households={"H": {"cap_fen": 300}},
        pins=[{"need": n, "offering": "O0", "quantity": 2} for n in ("N0", "N1")],
    ),
    "limit L": county(
        [{}, {}], [PAID], funds=[{"id": "F", "amount_fen": 900}], limits=[{"id": "L", "max_fen": 300}],
        pins=[{"need": n, "offering": "O0", "quantity": 2} for n in ("N0", "N1")],
    ),
    "funds": county(
        [{}, {}], [PAID], funds=[{"id": "F", "amount_fen": 300}], pins=[{"need": n, "offering": "O0", "quantity": 2} for n in ("N0", "N1")]
    ),
    "not compatible": county([{}], [{"category": "hours"}], pins=[{"need": "N0", "offering": "O0", "quantity": 1}]),
    "from one offering or nothing": county([{"fill": "single"}], [{}], pins=[{"need": "N0", "offering": "O0", "quantity": 2}]),
    "all or nothing": county([{"fill": "whole"}], [{"capacity": 2}], pins=[{"need": "N0", "offering": "O0", "quantity": 2}]),
}  # fmt: skip


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_pins_that_cannot_stand_are_refused_by_name(words):
    with pytest.raises(ContradictingPins) as refused:
        solve(CONTRADICTIONS[words], time_limit=20)
    assert words in str(refused.value)
    assert "N0" in str(refused.value)
    assert refused.value.pins
