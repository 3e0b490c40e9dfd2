"""Whole shares of what counties share: never more than there is."""

from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.regional.allotment import accept, money_out, places_out, share_out, urgent_units

AMOUNTS = st.dictionaries(st.sampled_from("abcd"), st.floats(0, 50), min_size=1)


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, st.integers(0, 60), st.integers(0, 6))
def test_units_and_visits_are_never_shared_out_twice(use, capacity, places):
    shares = share_out(use, capacity)
    assert sum(shares.values()) <= capacity
    assert sum(places_out(shares, places).values()) <= places
    pinned = {"a": capacity // 2}
    assert share_out(use, capacity, pinned)["a"] >= capacity // 2
    assert sum(share_out(use, capacity, pinned).values()) <= capacity
    if sum(use.values()):
        assert sum(shares.values()) == capacity
        assert all(abs(shares.get(c, 0) - x * capacity / sum(use.values())) < 1 + 1e-5 for c, x in use.items())


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, AMOUNTS, st.integers(0, 60), st.integers(0, 10))
def test_what_tier_1_would_use_is_rounded_up_before_anything_is_shared(urgent, use, capacity, pinned):
    pins = {"a": min(pinned, capacity)}
    kept = urgent_units(urgent, capacity, pins)
    assert sum(kept.values()) <= capacity
    assert kept["a"] >= pins["a"]
    if sum(max(ceil(x), pins.get(c, 0)) for c, x in ({"a": 0.0} | urgent).items()) <= capacity:
        assert all(kept.get(c, 0) >= x - 1e-6 for c, x in urgent.items())
    shares = share_out(use, capacity, kept)
    assert sum(shares.values()) <= capacity
    assert all(shares[c] >= units for c, units in kept.items() if units)


@settings(max_examples=40, deadline=None)
@given(AMOUNTS, st.integers(0, 10**9))
def test_money_is_never_shared_out_twice(use, fen):
    assert sum(money_out(use, fen).values()) <= fen


def addition(need, tier, units, fen):
    return {
        "need": need, "tier": tier, "points": 1, "columns": [[0, units]], "offerings": {"O": [units, 1]},
        "limits": {"L": fen}, "bills": [[fen, ["own", "joint"]]],
    }  # fmt: skip


def test_what_is_left_goes_to_the_most_urgent_first_and_once():
    left = {"offerings": {"O": [3, 1]}, "limits": {"L": 100}, "funds": {("a", "own"): 10, ("", "joint"): 50}}
    taken = accept({"a": [addition("later", 2, 1, 5)], "b": [addition("urgent", 0, 3, 40)]}, left)
    assert [(county, one["need"]) for county, own in taken.items() for one in own] == [("b", "urgent")]
    assert left["offerings"]["O"] == [0, 0]
    assert taken["b"][0]["charges"] == {"joint": 40}
    assert left["funds"] == {("a", "own"): 10, ("", "joint"): 10}
