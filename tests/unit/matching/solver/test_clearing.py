"""Counties that put their columns together agree on who uses what, and on prices that bound the joint problem."""

import numpy as np
import pytest

from matching.solver.clearing import _Programme, clear


def county(needs, offerings, pairs, *, limits=(), spent=()):
    """`needs`: steps wanted; `offerings`: (shared id or "", units); `pairs`: (need, offering, worth in points, load); `spent`: (limit, column, fen)."""
    need, offering, worth, load = (np.array(column) for column in zip(*pairs, strict=True))
    limit, at, fen = (
        (np.array(column) for column in zip(*spent, strict=True)) if spent else (np.zeros(0, int),) * 2 + (np.zeros(0),)
    )
    want = np.array(needs, float)
    return {
        "need": need, "offering": offering, "worth": worth / 1_000, "load": load, "high": want[need], "tier": np.zeros(len(need), int),
        "points": worth, "want": want, "capacity": np.array([units for _, units in offerings]),
        "shared": np.array([name for name, _ in offerings], str), "limits": np.array(limits, str), "limit": limit, "at": at, "fen": fen,
    }  # fmt: skip


def test_a_shared_offering_goes_where_it_is_worth_most_and_costs_what_the_last_unit_is_worth():
    near = {
        "a": county([8], [("rice", 10), ("", 4)], [(0, 0, 5, 1), (0, 1, 5, 1)]),  # has four units of its own
        "b": county([9], [("rice", 10)], [(0, 0, 3, 1)]),
    }
    found = clear(near, {"rice": 10})
    assert found.use == {"rice": {"a": pytest.approx(4), "b": pytest.approx(6)}}
    assert found.prices == {"rice": pytest.approx(3)}
    assert found.points == [pytest.approx(8 * 5 + 6 * 3), 0.0, 0.0]


def test_what_nobody_lacks_is_free_and_money_is_told_county_by_county():
    near = {
        "a": county([2], [("van", 9)], [(0, 0, 7, 2)], limits=["budget"], spent=[(0, 0, 50)]),
        "b": county([1], [("van", 9)], [(0, 0, 7, 3)], limits=["budget"], spent=[(0, 0, 20)]),
    }
    found = clear(near, {"van": 9})
    assert found.prices == {"van": pytest.approx(0)}
    assert found.use == {"van": {"a": pytest.approx(4), "b": pytest.approx(3)}}
    assert found.fen == {"budget": {"a": pytest.approx(100), "b": pytest.approx(20)}}


def test_counties_own_offerings_stay_their_own():
    near = {
        "a": county([5], [("", 3)], [(0, 0, 4, 1)]),
        "b": county([5], [("", 3), ("rice", 1)], [(0, 0, 4, 1), (0, 1, 4, 1)]),
    }
    found = clear(near, {"rice": 1})
    assert found.points[0] == pytest.approx(4 * (3 + 4))
    assert found.use == {"rice": {"b": pytest.approx(1)}}


@pytest.mark.parametrize("seed", range(25))
def test_goods_as_a_flow_are_the_same_programme(seed):
    draw = np.random.default_rng(seed)
    needs, offerings = draw.integers(1, 9, 2)
    pairs = [(n, o) for n in range(needs) for o in range(offerings) if draw.random() < 0.7] or [(0, 0)]
    need, offering = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
    worth = draw.integers(-3, 12, len(pairs)) / 1_000
    programme = _Programme(
        need, offering, worth, np.ones(len(pairs)), draw.integers(1, 5, len(pairs)).astype(float),
        draw.integers(1, 7, needs).astype(float), draw.integers(0, 9, offerings).astype(float),
    )  # fmt: skip
    assert programme.is_flow
    (x, prices), (other, _) = programme.by_flow(), programme.by_simplex()
    assert worth @ x == pytest.approx(worth @ other)
    # the prices prove it: what needs and offerings are worth, and what a column earns beyond them
    assert _dual(programme, prices, _need_prices(programme, prices)) == pytest.approx(worth @ x, abs=1e-9)


def _dual(programme, prices, need_prices):
    p = programme
    reduced = np.maximum(0.0, p.worth - prices[p.offering] - need_prices[p.need])
    return prices @ p.capacity + need_prices @ p.want + reduced @ np.minimum(p.high, p.want[p.need])


def _need_prices(programme, prices):
    """The best prices of needs beside those of offerings: each need alone, at one of its kinks."""
    p, best = programme, np.zeros(len(programme.want))
    earned, most = np.maximum(0.0, p.worth - prices[p.offering]), np.minimum(p.high, p.want[p.need])
    for n in range(len(best)):
        own = np.flatnonzero(p.need == n)
        kinks = [0.0, *earned[own].tolist()]
        best[n] = min(kinks, key=lambda k: k * p.want[n] + np.maximum(0.0, earned[own] - k) @ most[own])
    return best
