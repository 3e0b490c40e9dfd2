"""Counties that put their columns together agree on who uses what, and on prices that bound the joint problem."""

import numpy as np
import pytest

from matching.solver.clearing import clear


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
