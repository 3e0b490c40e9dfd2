"""Each unmet need is told why, and what it is told would help does help when tried."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings

from matching.baseline import PinsDoNotFit, first_come, greedy, plan_of
from matching.changes import apply_changes
from matching.charging import FundsExhausted, charge, units_of
from matching.explanation import explain_unmet
from matching.generator import generate
from matching.pairs import build_pairs
from matching.problem import Problem, parse_problem, read_problem
from matching.solution import Unmet
from matching.validation import violations
from tests.unit.matching.problems import SAMPLES, problems, small

Served = Mapping[tuple[str, str], int]


def feasible(problem: Problem, served: Served) -> bool:
    """No constraint is broken; judged by the validator, with charges found anew."""
    pairs = build_pairs(problem)
    try:
        plan = plan_of(problem, pairs, dict(served), units_of(problem, pairs, served), [])
    except (KeyError, FundsExhausted):
        return False
    return not [v for v in violations(problem, plan) if v.rule != "unmet"]


def can_serve_more(problem: Problem, served: Served, need_id: str) -> bool:
    """The need can get a unit more (`any`) or all it asks, while everything else stays; every way is tried."""
    need = problem.needs[problem.need_index[need_id]]
    pairs = build_pairs(problem)
    sources = [
        problem.offerings[o] for n, o in zip(pairs.need, pairs.offering, strict=True) if problem.needs[n].id == need_id
    ]
    if need.fill != "whole":
        more = 1 if need.fill == "any" else need.quantity
        return any(
            feasible(problem, {**served, (need_id, o.id): served.get((need_id, o.id), 0) + more}) for o in sources
        )
    used = {o.id: sum(x for (_, code), x in served.items() if code == o.id) for o in sources}

    def try_sources(rest, left, taken) -> bool:
        if left == 0:
            return feasible(problem, {**served, **taken})
        if not rest:
            return False
        most = min(left, max(0, rest[0].capacity - used[rest[0].id]))
        return any(
            try_sources(rest[1:], left - x, {**taken, (need_id, rest[0].id): x} if x else taken)
            for x in range(most, -1, -1)
        )

    return try_sources(sources, need.quantity, {})


def assert_explanations_hold(problem: Problem) -> None:
    pairs = build_pairs(problem)
    served = greedy(problem, pairs)
    assert feasible(problem, served)
    for entry in explain_unmet(problem, pairs, served):
        assert can_serve_more(problem, served, entry.need) == bool(entry.detail.get("idle")), entry
        if entry.detail["changes"]:
            changed = parse_problem(apply_changes(problem.document, entry.detail["changes"]))
            assert can_serve_more(changed, served, entry.need), entry


# promise 29
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_would_help_helps_in_each_sample(path):
    assert_explanations_hold(read_problem(path))


# promise 29
@settings(max_examples=30, deadline=None)
@given(problems())
def test_what_would_help_helps_in_random_problems(document):
    assert_explanations_hold(parse_problem(document))


# promise 29
def test_what_would_help_helps_in_a_village():
    assert_explanations_hold(parse_problem(generate("village", 2)))


def only_entry(served: Served | None = None, **parts) -> Unmet:
    """The explanation of need N in a problem with one need of 2 units of rice and one offering O of 5, bent by `parts`."""
    need = {
        "id": "N",
        "household": "H",
        "region": "330324100200",
        "category": "rice",
        "quantity": 2,
        "tier": 2,
        "weight": 4,
        "type": "care",
    }
    offering = {"id": "O", "donor": "D", "category": "rice", "capacity": 5}
    need |= parts.pop("need", {})
    offering |= parts.pop("offering", {})
    document = small(needs=[need, *parts.pop("needs", [])], offerings=[offering], households={}, **parts)
    problem = parse_problem(document)
    pairs = build_pairs(problem)
    entries = explain_unmet(problem, pairs, greedy(problem, pairs) if served is None else served)
    return next(entry for entry in entries if entry.need == "N")


RIVAL = {
    "id": "R",
    "household": "H9",
    "region": "330324100",
    "category": "rice",
    "quantity": 5,
    "tier": 1,
    "weight": 4,
    "type": "care",
}
TWIN = {**RIVAL, "tier": 2, "quantity": 2, "region": "330324100200"}
FORBID = [{"need": "N", "offering": "O"}]
REASONS = {
    "no_offering": {"offering": {"category": "oil"}},
    "out_of_area": {"offering": {"radius_m": 10, "lat": 28.0, "lon": 120.0}},
    "skill": {"need": {"requires": ["legal"]}},
    "period": {"need": {"by": "2027-01-01"}, "offering": {"from": "2027-01-02"}},
    "earmark": {"offering": {"types": ["emergency"]}},
    "forbidden": {"forbids": FORBID},
    "too_large": {"need": {"fill": "single", "quantity": 6}},
    "capacity": {"offering": {"capacity": 1}},
    "fund": {"offering": {"unit_cost_fen": 60}, "limits": []},
    "limit": {"offering": {"unit_cost_fen": 50}, "limits": [{"id": "L", "max_fen": 60}]},
    "household_cap": {"need": {"unit_worth_fen": 9}, "policy": {"household_cap_fen": 10}},
    "max_needs": {"needs": [{**RIVAL, "quantity": 1}], "offering": {"max_needs": 1}},
    "outranked": {"needs": [RIVAL]},
}


@pytest.mark.parametrize(("reason", "parts"), REASONS.items(), ids=REASONS)
def test_each_reason_is_given_where_it_holds(reason, parts):
    entry = only_entry(**parts)
    assert entry.reason == reason
    assert entry.detail["changes"]
    assert entry.detail["verified"] == "rest_of_plan_fixed"
    assert entry.detail["binding"]["table"]


def test_an_equal_claim_that_was_drawn_is_told_so():
    for seed in range(20):
        parts = {
            "needs": [TWIN],
            "offering": {"capacity": 2},
            "seed": seed,
            "regions": [{"code": "330324", "parent": ""}, {"code": "330324100200", "parent": "330324"}],
        }
        parts["need"] = {"region": "330324100200"}
        entry = only_entry({("R", "O"): 2}, **parts)
        assert entry.reason in ("lottery", "outranked")
        if entry.reason == "lottery":
            assert entry.detail["went_before"][0]["need"] == "R"
            return
    pytest.fail("no seed of twenty drew the other need")


def test_a_pin_that_holds_a_pair_down_is_named():
    entry = only_entry(pins=[{"need": "N", "offering": "O", "quantity": 1}])
    assert (entry.reason, entry.missing) == ("forbidden", 1)
    assert entry.detail["binding"] == {"table": "pins", "need": "N", "offering": "O", "quantity": 1}


def test_costs_move_to_other_funds_when_that_makes_room():
    document = small(
        funds=[{"id": "A", "amount_fen": 40}, {"id": "B", "amount_fen": 30, "types": ["care"]}],
        offerings=[{"id": "O1", "donor": "D", "category": "rice", "capacity": 9, "unit_cost_fen": 10}],
        households={},
        limits=[],
    )
    document["needs"][1]["type"] = "emergency"
    problem = parse_problem(document)
    pairs = build_pairs(problem)
    allocations = charge(problem, pairs, units_of(problem, pairs, {("N1", "O1"): 4, ("N2", "O1"): 3}))
    assert {a.need: {c.fund: c.fen for c in a.charges} for a in allocations} == {
        "N1": {"A": 10, "B": 30},
        "N2": {"A": 30},
    }
    with pytest.raises(FundsExhausted, match="cannot be charged to"):
        charge(problem, pairs, units_of(problem, pairs, {("N1", "O1"): 4, ("N2", "O1"): 4}))


def test_first_come_serves_in_the_order_given_and_the_nearest_first():
    document = small(households={}, limits=[])
    document["needs"][0]["quantity"] = 5
    problem = parse_problem(document)
    pairs = build_pairs(problem)
    assert first_come(problem, pairs, ["N2", "N1", "N3"]) == {
        ("N2", "O2"): 3,
        ("N1", "O2"): 2,
        ("N1", "O1"): 3,
        ("N3", "O3"): 2,
    }
    assert first_come(problem, pairs)[("N1", "O2")] == 5


def test_pins_that_cannot_be_kept_are_refused_by_the_baseline():
    problem = parse_problem(small(pins=[{"need": "N3", "offering": "O3", "quantity": 1}]))
    with pytest.raises(PinsDoNotFit, match="from one offering"):
        greedy(problem, build_pairs(problem))
    problem = parse_problem(small(pins=[{"need": "N3", "offering": "O1", "quantity": 2}]))
    with pytest.raises(PinsDoNotFit, match="not compatible"):
        greedy(problem, build_pairs(problem))
