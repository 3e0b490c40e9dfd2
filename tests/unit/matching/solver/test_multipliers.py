"""The relaxations' prices as a certificate: what anybody recomputes in whole numbers is what the linear relaxation says."""

from contextlib import closing

import numpy as np
import pytest

from matching.bounds import certified_bounds
from matching.certificate import ROWS, Certificate, Multipliers, certificate_document, read_certificate
from matching.generator import generate
from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver.construct import fill
from matching.solver.instance import build_instance
from matching.solver.levels import tier_points
from matching.solver.multipliers import certificate_by_lp, certificate_of
from matching.solver.pins import start_from_pins
from matching.solver.prices import TierPrices, sum_of_best
from tests.unit.matching.solver.enumeration import best_levels, random_problem


def prices_of(instance):
    with closing(TierPrices(instance)) as prices:
        assert all(prices.ready(tier, 30.0) for tier in range(3))
    return prices


def _shaken(multipliers, draw):
    """Each multiplier moved by up to a fifth."""
    rows = (getattr(multipliers, name) for name in ROWS)
    return Multipliers(*({one: int(price * draw.uniform(0.8, 1.2)) for one, price in row.items()} for row in rows))


@pytest.mark.parametrize("scale", ["village", "township"])
def test_the_certified_bounds_lose_next_to_nothing_against_the_relaxation(scale):  # promise 24
    problem = parse_problem(generate(scale, 3))
    pairs = build_pairs(problem)
    instance = build_instance(problem, pairs)
    values = tier_points(instance, fill(instance, start_from_pins(instance)))
    prices = prices_of(instance)
    certificate = certificate_of(problem, pairs, instance, prices, values)
    read = read_certificate(problem, certificate_document(certificate))
    for tier, bound in enumerate(certified_bounds(problem, pairs, read, values)):
        relaxed = prices.bound(tier, values[:tier])
        assert values[tier] <= bound <= relaxed + relaxed // 10_000


def test_on_small_problems_the_certificate_is_no_weaker_than_the_relaxation_and_never_wrong():  # promise 24
    compared = reached = 0
    for seed in range(90):
        problem = parse_problem(random_problem(seed))
        pairs = build_pairs(problem)
        best = best_levels(problem, pairs)
        if best is None or not len(pairs):
            continue
        instance = build_instance(problem, pairs)
        prices = prices_of(instance)
        certificate = certificate_of(problem, pairs, instance, prices, best)
        bounds = certified_bounds(problem, pairs, certificate, best)
        for tier in range(3):
            relaxed = prices.bound(tier, best[:tier])
            assert best[tier] <= bounds[tier] <= relaxed + relaxed // 10_000, f"seed {seed}, tier {tier + 1}"
            compared, reached = compared + 1, reached + (bounds[tier] == best[tier])
        # near the best prices a bound is tight, so that an error in it would show
        draw = np.random.default_rng(seed)
        for _ in range(4):
            shaken = Certificate(
                certificate.parts_per_point, {t: _shaken(m, draw) for t, m in certificate.tiers.items()}
            )
            assert all(b >= v for b, v in zip(certified_bounds(problem, pairs, shaken, best), best, strict=False)), seed
    assert compared > 100
    assert reached > 0.9 * compared


def test_a_problem_solved_without_relaxations_gets_its_certificate_from_them_afterwards():
    problem = parse_problem(generate("village", 1))
    pairs = build_pairs(problem)
    instance = build_instance(problem, pairs)
    certificate = certificate_by_lp(problem, pairs, instance, (0, 0, 0))
    assert set(certificate.tiers) == {1, 2, 3}
    assert certificate.tiers[1].capacity


def test_a_tier_whose_relaxation_did_not_come_in_time_is_bounded_all_the_same():
    problem = parse_problem(generate("village", 2))
    pairs = build_pairs(problem)
    instance = build_instance(problem, pairs)
    values = tier_points(instance, fill(instance, start_from_pins(instance)))
    prices = prices_of(instance)
    whole = certified_bounds(problem, pairs, certificate_of(problem, pairs, instance, prices, values), values)
    for missing in ((1,), (0, 1, 2)):
        prices.prices = [None if tier in missing else one for tier, one in enumerate(prices.prices)]
        bounds = certified_bounds(problem, pairs, certificate_of(problem, pairs, instance, prices, values), values)
        assert all(bound >= best for bound, best in zip(bounds, whole, strict=True))
    assert bounds == tuple(sum_of_best(instance, tier) for tier in range(3))


def test_where_nothing_can_be_paired_nothing_can_be_had():
    problem = parse_problem({**generate("village", 2), "offerings": []})
    pairs = build_pairs(problem)
    certificate = certificate_by_lp(problem, pairs, build_instance(problem, pairs), (0, 0, 0))
    assert certified_bounds(problem, pairs, certificate, (0, 0, 0)) == (0, 0, 0)
