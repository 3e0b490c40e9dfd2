"""The judge finds every broken constraint and every wrong figure, and nothing in a valid plan."""

import json

import pytest

from matching.problem import Problem, parse_problem, problem_sha256, read_problem
from matching.rules import LEVELS, Rules
from matching.solution import (
    Allocation,
    Charge,
    FaultyPlan,
    Level,
    Plan,
    Unmet,
    UnreadablePlan,
    parse_plan,
    plan_text,
    read_plan,
    result_sha256,
    write_plan,
)
from matching.validation import violations
from tests.unit.matching.plans import greedy_plan, single_corruptions
from tests.unit.matching.problems import SAMPLES, small


def plan_for(problem: Problem, *rows: tuple) -> Plan:
    """A plan with rows (need, offering, quantity, *(fund, fen)), whose levels and unmet list fit whatever the rows say."""
    allocations = tuple(Allocation(n, o, x, tuple(Charge(*charge) for charge in charges)) for n, o, x, *charges in rows)
    served = {(a.need, a.offering): a.quantity for a in allocations}
    got = {need.id: sum(x for (n, _), x in served.items() if n == need.id) for need in problem.needs}
    levels = Rules(problem).levels(served)
    return Plan(
        problem_sha256=problem_sha256(problem),
        status="feasible",
        levels=tuple(
            Level(n, levels[n], None, False, achieved=levels[n] if n.startswith("tier") else None) for n in LEVELS
        ),
        allocations=allocations,
        unmet=tuple(Unmet(n.id, n.quantity - got[n.id], "capacity") for n in problem.needs if n.quantity > got[n.id]),
    )


PAIR = [{"need": "N1", "offering": "O2"}]
# name → (problem, rows that break it, the rule that is named, rows that just keep it)
CONSTRAINTS = {
    "quantity": (small(households={}), [("N1", "O2", 5)], "quantity", [("N1", "O2", 4)]),
    "whole needs": (small(), [("N2", "O2", 2)], "fill", [("N2", "O2", 3)]),
    "whole from several": (small(), [("N2", "O2", 1), ("N2", "O1", 1, ("F1", 10))], "fill", [("N2", "O2", 2), ("N2", "O1", 1, ("F1", 10))]),
    "single needs": (small(), [("N3", "O3", 1)], "fill", [("N3", "O3", 2)]),
    "one source": (
        small(offerings=[{"id": f"O{i}", "donor": "D", "category": "hours", "capacity": 2} for i in (1, 2)]),
        [("N3", "O1", 1), ("N3", "O2", 1)], "single", [("N3", "O1", 2)],
    ),
    "capacity": (small(), [("N1", "O2", 3), ("N2", "O2", 3)], "capacity", [("N1", "O2", 2), ("N2", "O2", 3)]),
    "load of a pair": (
        small(pairs=[{"need": "N3", "offering": "O3", "load": 3}]), [("N3", "O3", 2)], "capacity", [],
    ),
    "load of a pair that fits": (
        small(pairs=[{"need": "N3", "offering": "O2", "load": 6}, {"need": "N3", "offering": "O1", "load": 5, "unit_cost_fen": 0}]),
        [("N3", "O2", 2)], "capacity", [("N3", "O1", 2)],
    ),
    "max_needs": (
        small(offerings=[{"id": "O1", "donor": "D", "category": "rice", "capacity": 9, "max_needs": 1}]),
        [("N1", "O1", 1), ("N2", "O1", 3)], "max_needs", [("N2", "O1", 3)],
    ),
    "own household cap": (small(households={"H1": {"cap_fen": 399}}), [("N1", "O2", 4)], "household_cap", [("N1", "O2", 3)]),
    "policy household cap": (small(households={}, policy={"household_cap_fen": 399}), [("N1", "O2", 4)], "household_cap", [("N1", "O2", 3)]),
    "full charges": (small(), [("N1", "O1", 2, ("F1", 19))], "charge", [("N1", "O1", 2, ("F1", 20))]),
    "no charge without cost": (small(), [("N1", "O2", 2, ("F1", 1))], "charge", [("N1", "O2", 2)]),
    "no negative charge": (
        small(funds=[{"id": "F1", "amount_fen": 100}, {"id": "F2", "amount_fen": 100}]),
        [("N1", "O1", 1, ("F1", 15), ("F2", -5))], "charge", [("N1", "O1", 1, ("F1", 5), ("F2", 5))],
    ),
    "known funds": (small(), [("N1", "O1", 1, ("F9", 10))], "charge", [("N1", "O1", 1, ("F1", 10))]),
    "earmark of the fund": (
        small(funds=[{"id": "F1", "amount_fen": 100, "categories": ["hours"]}, {"id": "F2", "amount_fen": 100}]),
        [("N1", "O1", 1, ("F1", 10))], "payer", [("N1", "O1", 1, ("F2", 10))],
    ),
    "fund": (small(funds=[{"id": "F1", "amount_fen": 39}]), [("N1", "O1", 4, ("F1", 40))], "fund", [("N1", "O1", 3, ("F1", 30))]),
    "limit": (small(limits=[{"id": "L", "max_fen": 39}]), [("N1", "O1", 4, ("F1", 40))], "limit", [("N1", "O1", 3, ("F1", 30))]),
    "limit by region": (
        small(limits=[{"id": "L", "max_fen": 0, "regions": ["330324100200"]}]),
        [("N1", "O1", 1, ("F1", 10))], "limit", [("N2", "O1", 3, ("F1", 30))],
    ),
    "pin": (small(pins=[{**PAIR[0], "quantity": 2}]), [("N1", "O2", 3)], "pin", [("N1", "O2", 2), ("N1", "O1", 2, ("F1", 20))]),
    "pin to nothing": (small(pins=[{**PAIR[0], "quantity": 0}]), [("N1", "O2", 1)], "pin", []),
    "forbid": (small(forbids=PAIR), [("N1", "O2", 1)], "compatible", [("N1", "O1", 1, ("F1", 10))]),
    "category": (small(), [("N3", "O2", 2)], "compatible", [("N3", "O3", 2)]),
    "listed pairs": (small(pairs=PAIR), [("N2", "O2", 3)], "compatible", [("N1", "O2", 3)]),
    "known rows": (small(), [("N9", "O2", 3)], "reference", []),
    "something delivered": (small(), [("N1", "O2", 0)], "quantity", []),
    "a pair once": (small(), [("N1", "O2", 1), ("N1", "O2", 1)], "duplicate", [("N1", "O2", 2)]),
}  # fmt: skip


@pytest.mark.parametrize(("document", "broken", "rule", "kept"), CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_each_constraint_is_found_when_broken_and_silent_when_kept(document, broken, rule, kept):
    problem = parse_problem(document)
    good = plan_for(problem, *kept)
    assert [str(v) for v in violations(problem, good)] == []
    served = [row for row in broken if row[0] in problem.need_index and row[2]]
    bad = plan_for(problem, *served)
    bad = Plan(**{name: getattr(bad, name) for name in bad.__slots__} | {"allocations": tuple(
        Allocation(n, o, x, tuple(Charge(*c) for c in charges)) for n, o, x, *charges in broken
    )})  # fmt: skip
    assert rule in {v.rule for v in violations(problem, bad)}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_greedy_plan_of_each_sample_is_valid(path):
    problem = read_problem(path)
    assert violations(problem, greedy_plan(problem)) == []


def only_weakens(path: tuple, value: object, row: dict) -> bool:
    """A claim that is left out or made weaker is no violation: bounds, proofs and seconds, and a tier kept within tolerance."""
    return path[0] == "levels" and (
        path[-1] in ("bound", "proven", "seconds") or (path[-1] == "value" and row["name"].startswith("tier"))
    )


# promise 25
@pytest.mark.parametrize("path", SAMPLES[::3], ids=lambda path: path.stem)
def test_no_single_corruption_of_a_plan_goes_unnoticed(path):
    problem = read_problem(path)
    document = json.loads(plan_text(greedy_plan(problem)))
    unnoticed, tried = [], 0
    for where, value, spoilt in single_corruptions(document):
        if len(where) == 3 and only_weakens(where, value, document[where[0]][where[1]]):
            continue
        tried += 1
        try:
            if not violations(problem, parse_plan(spoilt)):
                unnoticed.append((where, value))
        except UnreadablePlan:
            continue
    assert tried > 100
    assert unnoticed == []


def level_of(plan: Plan, name: str, **changes) -> Plan:
    levels = tuple(
        Level(**{f: getattr(lv, f) for f in lv.__slots__} | (changes if lv.name == name else {})) for lv in plan.levels
    )
    return Plan(**{f: getattr(plan, f) for f in plan.__slots__} | {"levels": levels})


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("tier1", {"proven": True, "bound": 10_001}, "proven, but its bound"),
        ("tier1", {"bound": 9_999}, "contradicts its value"),
        ("coverage", {"bound": 1}, "contradicts its value"),
        ("cost", {"bound": 10**9}, "contradicts its value"),
        ("cost", {"bound_deliveries": 10**9}, "bound_deliveries 1000000000 contradicts"),
        ("tier1", {"value": 10_001}, "must keep"),
        ("tier1", {"value": 9_000, "bound": 9_000, "proven": True}, "over the bound 9000 of what can be"),
        ("distance", {"value": 1}, "stated 1, recomputed"),
    ],
)
def test_a_false_claim_about_a_level_is_found(name, changes, said):
    problem = parse_problem(small())
    plan = plan_for(problem, ("N1", "O2", 4))
    assert violations(problem, plan) == []
    assert any(said in str(v) for v in violations(problem, level_of(plan, name, **changes)))


def test_a_tier_may_fall_by_the_tolerance_and_no_further():
    problem = parse_problem(small(policy={"floor_percent": 0, "tolerance_permille": 100}))
    plan = plan_for(problem, ("N1", "O2", 4))
    assert violations(problem, level_of(plan, "tier1", value=11_111)) == []
    assert violations(problem, level_of(plan, "tier1", value=11_112)) != []


def test_optimal_is_said_only_when_every_level_is_proven():
    problem = parse_problem(small())
    plan = plan_for(problem)
    claimed = Plan(**{f: getattr(plan, f) for f in plan.__slots__} | {"status": "optimal"})
    assert [v.rule for v in violations(problem, claimed)] == ["status"]


def test_a_plan_of_another_problem_is_refused():
    plan = plan_for(parse_problem(small()))
    assert [v.rule for v in violations(parse_problem(small(seed=5)), plan)] == ["hash"]


def test_a_plan_survives_writing_and_reading(tmp_path):
    problem = read_problem(SAMPLES[1])
    plan = greedy_plan(problem)
    write_plan(plan, tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == parse_plan(json.loads(plan_text(plan)))
    assert violations(problem, read_plan(tmp_path / "plan.json")) == []
    assert result_sha256(read_plan(tmp_path / "plan.json")) == result_sha256(plan)
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_the_result_hash_leaves_out_seconds_and_keeps_what_is_decided():
    plan = greedy_plan(read_problem(SAMPLES[1]))
    assert result_sha256(level_of(plan, "cost", seconds=99.0)) == result_sha256(plan)
    assert result_sha256(level_of(plan, "cost", value=99)) != result_sha256(plan)


def test_a_file_that_is_no_plan_is_told_from_a_plan_with_faults(tmp_path):
    for text in ("", "[]", '{"format": "zhongfu-problem/1"}'):
        (tmp_path / "p.json").write_text(text)
        with pytest.raises(UnreadablePlan) as caught:
            read_plan(tmp_path / "p.json")
        assert not isinstance(caught.value, FaultyPlan)
    with pytest.raises(FaultyPlan) as faulty:
        parse_plan(
            {
                "problem_sha256": "x",
                "status": "feasible",
                "allocations": [{"need": "N", "offering": "O", "quantity": True}, 3],
            }
        )
    assert [str(f) for f in faulty.value.faults] == [
        "plan.json:allocations[0]:quantity: must be a whole number, not True",
        "plan.json:allocations[1]:: must be a JSON object, not 3",
    ]
