"""The vectorised pairs are the pairs of the plain rules, to the last figure and in one order."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings

from matching.generator import generate
from matching.geometry import metres, metres_between
from matching.pairs import build_pairs
from matching.problem import Problem, parse_problem, read_problem
from matching.rules import Rules
from tests.unit.matching.problems import SAMPLES, problems, small


def expected(problem: Problem) -> list[tuple]:
    rules = Rules(problem)
    rows = []
    for need in problem.needs:
        for offering in problem.offerings:
            if rules.why_not(need, offering) is None:
                cost = rules.unit_cost_fen(need, offering)
                load = rules.load(need, offering, need.quantity) if need.fill == "single" else 1
                rows.append(
                    (need.id, offering.id, load, cost, rules.distance_m(need, offering), rules.lottery(need, offering),
                     rules.payers(need, offering) if cost else [])
                )  # fmt: skip
    return sorted(rows)


def assert_pairs_are_the_rules(problem: Problem) -> None:
    pairs, rules = build_pairs(problem), Rules(problem)
    got = [
        (problem.needs[n].id, problem.offerings[o].id, *rest, [problem.funds[f].id for f in pairs.payers(p)])
        for p, (n, o, *rest) in enumerate(
            zip(*(c.tolist() for c in (pairs.need, pairs.offering, pairs.load, pairs.unit_cost_fen, pairs.distance_m, pairs.lottery)), strict=True)
        )
    ]  # fmt: skip
    assert got == expected(problem)
    for limit, members in zip(problem.limits, pairs.limit_members, strict=True):
        counted = [
            rules.limit_counts(limit, problem.needs[n], problem.offerings[o])
            for n, o in zip(pairs.need, pairs.offering, strict=True)
        ]
        assert members.tolist() == np.flatnonzero(counted).tolist()
    assert [pairs.townships[t] for t in pairs.township] == [rules.township(n) for n in problem.needs]
    assert pairs.unit_points.tolist() == [n.unit_points for n in problem.needs]
    assert [pairs.payer_sets[c] for c in pairs.payer_class] == [
        tuple(pairs.payers(p).tolist()) for p in range(len(pairs))
    ]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_sample_has_the_pairs_of_the_plain_rules(path):
    assert_pairs_are_the_rules(read_problem(path))


@settings(max_examples=60, deadline=None)
@given(problems())
def test_random_problems_have_the_pairs_of_the_plain_rules(document):
    assert_pairs_are_the_rules(parse_problem(document))


def test_a_township_has_the_pairs_of_the_plain_rules():
    assert_pairs_are_the_rules(parse_problem(generate("township", 5)))


@pytest.mark.parametrize("part", ["needs", "offerings", "funds"])
def test_a_problem_without_rows_has_no_pairs(part):
    document = small(**{part: []})
    problem = parse_problem(document)
    assert_pairs_are_the_rules(problem)


# promise 26
def test_the_order_of_rows_changes_nothing():
    document = generate("village", 4)
    shuffled = {k: random.Random(1).sample(v, len(v)) if isinstance(v, list) else v for k, v in document.items()}
    one, two = parse_problem(document), parse_problem(shuffled)
    first, second = build_pairs(one), build_pairs(two)
    for name in ("load", "unit_cost_fen", "distance_m", "lottery", "payer_start"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert [one.needs[n].id for n in first.need] == [two.needs[n].id for n in second.need]
    assert [one.offerings[o].id for o in first.offering] == [two.offerings[o].id for o in second.offering]


def test_distances_in_bulk_are_those_of_the_formula_one_by_one():
    draw = np.random.default_rng(7)
    lat, lon = draw.uniform(-90, 90, (2, 20_000)), draw.uniform(-180, 180, (2, 20_000))
    near_lat, near_lon = draw.uniform(28, 28.5, (2, 20_000)), draw.uniform(120, 121, (2, 20_000))
    for a, b in ((lat, lon), (near_lat, near_lon), (lat[[0, 0]], lon[[0, 0]])):
        bulk = metres(a[0], b[0], a[1], b[1])
        assert bulk.tolist() == [metres_between(*row) for row in zip(a[0], b[0], a[1], b[1], strict=True)]


def test_a_distance_close_to_half_a_metre_is_rounded_as_the_formula_rounds_it():
    # along a meridian the formula is R·Δφ: steps of one float around a half metre
    centre = math.degrees(1234.5 / 6_371_008.8)
    steps = [centre]
    for _ in range(200):
        steps.append(np.nextafter(steps[-1], 1))
        steps.insert(0, np.nextafter(steps[0], 0))
    lat, zero = np.array(steps), np.zeros(len(steps))
    bulk = metres(zero, zero, lat, zero)
    assert bulk.tolist() == [metres_between(0.0, 0.0, one, 0.0) for one in steps]
    assert set(bulk.tolist()) == {1234, 1235}


def test_opposite_points_are_half_the_circumference_apart():
    half = round(math.pi * 6_371_008.8)
    assert metres_between(0, 0, 0, 180) == half
    assert metres(*(np.array([float(v)]) for v in (0, 0, 0, 180))).tolist() == [half]


def test_a_missing_point_is_marked():
    assert metres(*(np.array([v]) for v in (np.nan, 1.0, 2.0, 3.0))).tolist() == [-1]
