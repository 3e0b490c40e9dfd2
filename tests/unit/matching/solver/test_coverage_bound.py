"""What the prices of the tiers say of the level of coverage: never too little, and no more than the same prices allow."""

import itertools

import numpy as np
import pytest

from matching.solver.levels import coverage_of, most_coverage


def best(tiers, most=25):
    """The greatest coverage of all whole points that keep v_t + Σ prices·v_s ≤ most of each tier."""
    kept = (
        points
        for points in itertools.product(range(most + 1), repeat=3)
        if all(
            points[t] + sum(p * points[s] for s, p in enumerate(prices)) <= limit
            for t, (limit, prices) in enumerate(tiers)
        )
    )
    return max(map(coverage_of, kept))


def test_prices_below_the_weights_are_paid_back_in_full():
    tiers = [(10.0, ()), (30.0, (2.0,)), (40.0, (1.0, 1.0))]
    # all of tier 1, then what the second row leaves, then what the third does: 10, 10, 20
    assert best(tiers) == coverage_of((10, 10, 20))
    assert best(tiers) <= most_coverage(tiers) <= best(tiers) + 2


def test_a_price_above_the_weight_counts_the_row_no_further():
    # a point of tier 2 costs 150 of tier 3, which is more than the 100 it is worth: none is the best
    tiers = [(0.0, ()), (1.0, (0.0,)), (150.0, (0.0, 150.0))]
    assert most_coverage(tiers) in (150, 151, 152)


@pytest.mark.parametrize("seed", range(30))
def test_no_points_within_the_rows_pass_the_bound(seed):
    draw = np.random.default_rng(seed)
    tiers = [
        (float(draw.uniform(0, 25)), tuple(float(p) for p in draw.choice([0, 0.3, 2, 90, 300], tier) * draw.uniform(0, 2, tier)))
        for tier in range(3)
    ]  # fmt: skip
    assert most_coverage(tiers) >= best(tiers)


def test_negative_prices_are_none():
    assert most_coverage([(5.0, ()), (5.0, (-1.0,)), (5.0, (-1.0, -1.0))]) >= coverage_of((5, 5, 5))
