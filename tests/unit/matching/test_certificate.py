"""The certificate: whatever the multipliers, no plan passes the bound; what cannot be read is refused with its place."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from click.testing import CliRunner, Result

from marketplace.cli.main import main
from matching.bounds import Ground, certified_bounds, tier_claims
from matching.certificate import (
    FORMAT,
    LARGEST_MULTIPLIER,
    ROWS,
    Certificate,
    FaultyCertificate,
    Multipliers,
    certificate_document,
    read_certificate,
)
from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solution import parse_plan, plan_document, result_sha256, write_plan
from tests.unit.matching.plans import greedy_plan
from tests.unit.matching.problems import small
from tests.unit.matching.solver.enumeration import best_levels, random_problem


@cache
def solved(seed):
    """(problem, pairs, the best three tier values by trying every plan, or None where no plan keeps the pins)."""
    problem = parse_problem(random_problem(seed))
    pairs = build_pairs(problem)
    best = best_levels(problem, pairs)
    return problem, pairs, None if best is None else best[:3]


def drawn(problem, tier, draw, largest):
    """Random multipliers for every kind of row, about half of the rows priced."""

    def some(ids):
        return {one: int(draw.integers(0, largest)) for one in ids if draw.random() < 0.6}

    return Multipliers(
        capacity=some(o.id for o in problem.offerings),
        max_needs=some(o.id for o in problem.offerings if o.max_needs is not None),
        households=some(sorted({n.household for n in problem.needs if problem.cap_fen(n.household) is not None})),
        funds=some(f.id for f in problem.funds),
        limits=some(limit.id for limit in problem.limits),
        earlier=some(f"tier{t}" for t in range(1, tier)),
    )


def times(multipliers, factor):
    return Multipliers(*({one: price * factor for one, price in getattr(multipliers, name).items()} for name in ROWS))


@pytest.mark.parametrize("block", range(4))
def test_no_plan_passes_a_bound_whatever_the_multipliers(block):  # promise 24
    tight = 0
    for seed in range(block, 120, 4):
        problem, pairs, best = solved(seed)
        if best is None:
            continue
        ground, draw = Ground(problem, pairs), np.random.default_rng(seed)
        for largest, parts in ((3, 1), (40, 1), (1000, 7), (100_000, 1000)):
            for tier in (1, 2, 3):
                bound = ground.bound(tier, drawn(problem, tier, draw, largest), best, parts)
                assert bound >= best[tier - 1], f"seed {seed}, tier {tier}, multipliers below {largest}"
                tight += bound == best[tier - 1] > 0
    assert tight > 0  # some of the bounds are met: the property is not empty


def test_sums_beyond_64_bits_are_as_exact_as_small_ones():  # promise 24
    """The same prices in parts a hundred million million times finer leave the range of 64 bits and change nothing."""
    finer, compared = 10**14, 0
    for seed in range(24):
        problem, pairs, best = solved(seed)
        if best is None:
            continue
        ground, draw = Ground(problem, pairs), np.random.default_rng(seed)
        for tier in (1, 2, 3):
            priced = replace(drawn(problem, tier, draw, 100_000), max_needs={})  # the one price that is divided
            assert ground.bound(tier, times(priced, finer), best, 100 * finer) == ground.bound(tier, priced, best, 100)
            compared += 1
    assert compared > 30


def test_without_any_price_a_tier_is_bounded_by_what_its_needs_could_have():
    problem = parse_problem(small())
    nothing = Certificate(1, {1: Multipliers(), 2: Multipliers(), 3: Multipliers()})
    # 4 units of 2,500 points (the cap of 400 fen allows 4), 3 of 1,666, and 2 of 4,000 in one piece
    assert certified_bounds(problem, build_pairs(problem), nothing, (0, 0, 0)) == (10_000, 4_998, 8_000)


def rice(**fields):
    """One offering of rice, free and 5 units, or as `fields` say."""
    return {"id": "O1", "donor": "D", "category": "rice", "capacity": 5, **fields}


# Tier 1 of the small problem is need N1: 4 units of 2,500 points, each worth 100 fen. A price below that leaves the unit worth serving.
@pytest.mark.parametrize(
    ("parts", "multipliers", "tier1"),
    [
        # the cap's 250 fen at 10 points, and 2 whole units that fit under it, at 2,500 − 1,000 points
        (
            {"offerings": [rice()], "households": {"H1": {"cap_fen": 250}}},
            {"households": {"H1": 10}},
            2_500 + 2 * 1_500,
        ),
        # a fund of 25 fen pays 2 units of 10 fen
        (
            {"offerings": [rice(unit_cost_fen=10)], "funds": [{"id": "F1", "amount_fen": 25}]},
            {"funds": {"F1": 100}},
            2_500 + 2 * 1_500,
        ),
        # a limit of 30 fen allows 3
        (
            {"offerings": [rice(unit_cost_fen=10)], "limits": [{"id": "budget", "max_fen": 30}]},
            {"limits": {"budget": 100}},
            3_000 + 3 * 1_500,
        ),
        ({"offerings": [rice(capacity=3)]}, {"capacity": {"O1": 1_000}}, 3_000 + 3 * 1_500),
        # one place at 5,001 points, shared by the 4 units it can carry and rounded for the bound: 1,250 each
        ({"offerings": [rice(max_needs=1)]}, {"max_needs": {"O1": 5_001}}, 5_001 + 4 * 1_250),
        # a pinned pair takes exactly what is pinned, whatever else would pay
        ({"offerings": [rice()], "pins": [{"need": "N1", "offering": "O1", "quantity": 1}]}, {}, 2_500),
        # a pin counts towards the quantity: the other offering can add three units, not four
        (
            {
                "offerings": [rice(capacity=9), rice(id="O2", capacity=9)],
                "pins": [{"need": "N1", "offering": "O1", "quantity": 1}],
            },
            {"capacity": {"O1": 2_500}},
            9 * 2_500 + 3 * 2_500,
        ),
        # what is pinned to a need of another tier takes its share of the capacity
        (
            {"offerings": [rice()], "pins": [{"need": "N2", "offering": "O1", "quantity": 3}]},
            {"capacity": {"O1": 2_500}},
            (5 - 3) * 2_500,
        ),
    ],
)
def test_each_kind_of_row_bounds_by_its_price(parts, multipliers, tier1):
    problem = parse_problem(small(**parts))
    bound = Ground(problem, build_pairs(problem)).bound(1, Multipliers(**multipliers), (0, 0, 0), 1)
    assert bound == tier1


def test_a_single_need_is_served_once_however_much_there_is():
    problem = parse_problem(small(offerings=[{"id": "O3", "donor": "D", "category": "hours", "capacity": 9}]))
    assert Ground(problem, build_pairs(problem)).bound(3, Multipliers(), (0, 0, 0), 1) == 8_000


def test_a_whole_need_counts_all_or_nothing():
    def bound(*capacities, price=0):
        offerings = [
            {"id": f"O{k}", "donor": "D", "category": "rice", "capacity": units} for k, units in enumerate(capacities)
        ]
        problem = parse_problem(small(offerings=offerings))
        # what lies idle pays its price: subtracted here, so that the need's own best is left
        return Ground(problem, build_pairs(problem)).bound(2, Multipliers(capacity={"O0": price}), (0, 0, 0), 1) - (
            price * capacities[0]
        )

    assert bound(2) == 0  # 3 units are asked, 2 are there
    assert bound(1, 2) == 3 * 1_666
    assert bound(1, 2, price=2_000) == 3 * 1_666 - 2_000  # the dear unit is needed to make it whole
    assert bound(1, 2, price=9_000) == 0


def test_a_need_that_several_funds_may_pay_is_charged_the_cheapest():
    offerings = [{"id": "O1", "donor": "D", "category": "rice", "capacity": 5, "unit_cost_fen": 10}]
    funds = [{"id": "F1", "amount_fen": 25}, {"id": "F2", "amount_fen": 0}]
    problem = parse_problem(small(offerings=offerings, funds=funds))
    bound = Ground(problem, build_pairs(problem)).bound(1, Multipliers(funds={"F1": 10**6, "F2": 0}), (0, 0, 0), 1)
    assert (
        bound == 25 * 10**6 + 5_000
    )  # the dear fund's room counts, and the units the purse of 25 fen can carry are free


def test_what_earlier_tiers_keep_takes_from_a_later_one():
    problem = parse_problem(
        small(offerings=[{"id": "O1", "donor": "D", "category": "rice", "capacity": 5}], funds=[], limits=[])
    )
    ground = Ground(problem, build_pairs(problem))
    # a unit of capacity at 1,666 points and a point of tier 1 at 1,666/2,500: both needs are indifferent to every unit
    priced = Multipliers(capacity={"O1": 1_666 * 25}, earlier={"tier1": 17})
    free, kept = (ground.bound(2, priced, (value, 0, 0), 25) for value in (0, 10_000))
    assert free - kept == 17 * 10_000 // 25
    assert kept >= 0


def test_a_certificate_is_written_without_zeros_and_read_back():
    problem = parse_problem(small())
    certificate = Certificate(
        1000, {2: Multipliers(capacity={"O2": 0, "O1": 7}, earlier={"tier1": 3}), 1: Multipliers()}
    )
    document = certificate_document(certificate)
    assert document == {
        "format": FORMAT,
        "parts_per_point": 1000,
        "tiers": [{"tier": 1}, {"tier": 2, "capacity": {"O1": 7}, "earlier": {"tier1": 3}}],
    }
    assert certificate_document(read_certificate(problem, json.loads(json.dumps(document)))) == document


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ([], "plan.json:certificate:: must be a JSON object, not []"),
        ({"format": "x"}, "certificate:format: must be 'zhongfu-certificate/1', not 'x'"),
        ({"parts_per_point": 0}, "certificate:parts_per_point: must be a whole number from 1"),
        ({"parts_per_point": True}, "certificate:parts_per_point: must be a whole number from 1"),
        ({"part": 1}, "certificate:'part': is no field"),
        ({"tiers": {}}, "certificate:tiers: must be a list of rows"),
        ({"tiers": [7]}, "certificate.tiers[0]:: must be a JSON object, not 7"),
        ({"tiers": [{"tier": 4}]}, "certificate.tiers[0]:tier: must be 1, 2 or 3, not 4"),
        ({"tiers": [{"tier": 1}, {"tier": 1}]}, "certificate.tiers[1]:tier: 1 is stated twice"),
        ({"tiers": [{"tier": 1, "needs": {}}]}, "certificate.tiers[0]:'needs': is no field"),
        ({"tiers": [{"tier": 1, "funds": [1]}]}, "certificate.tiers[0]:funds: must be a JSON object of id"),
        ({"tiers": [{"tier": 1, "funds": {"F1": -1}}]}, "certificate.tiers[0]:funds['F1']: must be a whole number"),
        ({"tiers": [{"tier": 1, "funds": {"F1": 0.5}}]}, "certificate.tiers[0]:funds['F1']: must be a whole number"),
        ({"tiers": [{"tier": 1, "funds": {"F1": LARGEST_MULTIPLIER + 1}}]}, "funds['F1']: must be a whole number from 0"),
        ({"tiers": [{"tier": 1, "funds": {"F9": 1}}]}, "certificate.tiers[0]:funds['F9']: is not among the funds"),
        ({"tiers": [{"tier": 1, "capacity": {"N1": 1}}]}, "capacity['N1']: is not among the offerings"),
        ({"tiers": [{"tier": 1, "max_needs": {"O1": 1}}]}, "max_needs['O1']: has no max_needs, so nothing to price"),
        ({"tiers": [{"tier": 1, "households": {"H2": 1}}]}, "households['H2']: has no cap, so nothing to price"),
        ({"tiers": [{"tier": 1, "limits": {"x": 1}}]}, "limits['x']: is not among the limits"),
        ({"tiers": [{"tier": 2, "earlier": {"tier2": 1}}]}, "earlier['tier2']: is no tier before tier 2; those are tier1"),
        ({"tiers": [{"tier": 1, "earlier": {"tier1": 1}}]}, "earlier['tier1']: is no tier before tier 1"),
    ],
)  # fmt: skip
def test_what_is_no_certificate_of_this_problem_is_refused_with_its_place(change, said):
    document = {"format": FORMAT, "parts_per_point": 10, "tiers": []}
    with pytest.raises(FaultyCertificate) as refused:
        read_certificate(parse_problem(small()), {**document, **change} if isinstance(change, dict) else change)
    assert said in str(refused.value)


def test_every_fault_of_a_certificate_is_named_not_only_the_first():
    rows = [{"tier": 1, "funds": {"F9": -1}, "capacity": {"O9": 1}}, {"tier": 9}]
    with pytest.raises(FaultyCertificate) as refused:
        read_certificate(parse_problem(small()), {"format": "?", "parts_per_point": 1, "tiers": rows})
    assert len(refused.value.faults) == 5


def certified_plan(**rows):
    """A valid plan of the small problem whose certificate prices tier 1 with `rows`, at 10 parts per point."""
    problem = parse_problem(small())
    certificate = {"format": FORMAT, "parts_per_point": 10, "tiers": [{"tier": 1, **rows}]}
    return problem, replace(greedy_plan(problem), certificate=certificate)


def test_a_plan_keeps_its_certificate_and_its_result_hash_without_it():
    _, plan = certified_plan(capacity={"O1": 5})
    document = plan_document(plan)
    assert parse_plan(json.loads(json.dumps(document))).certificate == plan.certificate
    bare = replace(plan, certificate=None)
    assert "certificate" not in plan_document(bare)
    assert result_sha256(bare) == result_sha256(plan)


def test_tiers_the_certificate_leaves_out_have_no_certified_bound():
    problem, plan = certified_plan()
    first, second, third = tier_claims(problem, plan)
    assert (first.certified_bound, first.certified_gap) == (10_000, 0.0)
    assert (second.certified_bound, third.certified_gap) == (None, None)


def verify(tmp_path, plan, *words, problem=None) -> Result:
    (tmp_path / "problem.json").write_text(json.dumps(problem or small()))
    write_plan(plan, tmp_path / "plan.json")
    return CliRunner().invoke(main, ["verify", str(tmp_path / "problem.json"), str(tmp_path / "plan.json"), *words])


def test_verify_shows_the_solvers_bound_and_the_certified_one(tmp_path):  # promise 24
    _, plan = certified_plan(capacity={"O1": 5})
    first, *others = plan.levels
    open_ = replace(plan, levels=(replace(first, bound=10_100, proven=False), *others), status="feasible")
    result = verify(tmp_path, open_, "--bounds")
    assert result.exit_code == 0, result.output
    line = "tier1: value 10000, solver's bound 10100, certified bound 10002, certified gap 0.0200 %"
    assert line in result.stdout.splitlines()
    assert result.stdout.splitlines()[-1].startswith("valid ")
    as_json = json.loads(verify(tmp_path, open_, "--bounds", "--json").stdout)
    assert as_json["valid"] and as_json["bounds"][0]["certified_bound"] == 10_002


def test_verify_says_when_only_the_search_proved_a_tier(tmp_path):  # promise 24
    _, plan = certified_plan(capacity={"O1": 5})
    result = verify(tmp_path, plan, "--bounds")
    assert result.exit_code == 0, result.output
    assert [line.split("certified bound ")[1] for line in result.stdout.splitlines() if line.startswith("tier")] == [
        "10002, proven by search, certified gap 0.0200 %",
        "none, proven by search only",
        "none, proven by search only",
    ]


def test_values_that_a_certificate_disproves_are_a_violation(tmp_path):  # promise 25
    """A tier may fall by the tolerance after its level, so a value can be stated that no plan ever had; prices show it."""
    problem = small(
        offerings=[{"id": "O1", "donor": "D", "category": "rice", "capacity": 3}],
        policy={"floor_percent": 0, "tolerance_permille": 500},
    )
    plan = greedy_plan(parse_problem(problem))
    bragging = replace(
        plan,
        levels=(replace(plan.levels[0], value=10_000), *plan.levels[1:]),
        certificate={"format": FORMAT, "parts_per_point": 1, "tiers": [{"tier": 1, "capacity": {"O1": 2_500}}]},
    )
    result = verify(tmp_path, bragging, "--bounds", problem=problem)
    assert result.exit_code == 1, result.output
    assert (
        "level tier1: the certificate proves at most 7500, given the values before it; its value 10000" in result.stdout
    )


def test_a_faulty_certificate_or_none_where_bounds_are_asked_ends_with_exit_2(tmp_path):
    problem, plan = certified_plan(capacity={"O9": 5})
    for words in ((), ("--bounds",)):
        result = verify(tmp_path, plan, *words)
        assert result.exit_code == 2
        assert "plan.json:certificate.tiers[0]:capacity['O9']: is not among the offerings" in result.stderr
    result = verify(tmp_path, replace(plan, certificate=None), "--bounds")
    assert (result.exit_code, "plan.json:top:certificate: is missing" in result.stderr) == (2, True)


def test_violations_are_also_one_json_object(tmp_path):
    _, plan = certified_plan()
    result = verify(tmp_path, replace(plan, status="optimal"), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["violations"][0].startswith("status: stated 'optimal'")
