"""Whole shares of what counties share: never more than there is."""

from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.regional.allotment import accept, clearing_price, money_out, places_out, share_out, urgent_units

AMOUNTS = st.dictionaries(st.sampled_from("abcd"), st.floats(0, 50), min_size=1)
BIDS = st.dictionaries(st.sampled_from("abcd"), st.lists(st.tuples(st.floats(0.1, 9), st.floats(1, 9)), max_size=4))


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, BIDS, st.integers(0, 60), st.integers(0, 6))
def test_units_and_visits_are_never_shared_out_twice(use, bids, capacity, places):
    shares = share_out(use, bids, capacity)
    assert sum(shares.values()) <= capacity
    assert sum(places_out(shares, places).values()) <= places
    pinned = {"a": capacity // 2}
    assert share_out(use, bids, capacity, pinned)["a"] >= capacity // 2
    assert sum(share_out(use, bids, capacity, pinned).values()) <= capacity


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, AMOUNTS, BIDS, st.integers(0, 60), st.integers(0, 10))
def test_what_tier_1_would_use_is_rounded_up_before_anything_is_shared(urgent, use, bids, capacity, pinned):
    pins = {"a": min(pinned, capacity)}
    kept = urgent_units(urgent, capacity, pins)
    assert sum(kept.values()) <= capacity
    assert kept["a"] >= pins["a"]
    if sum(max(ceil(x), pins.get(c, 0)) for c, x in ({"a": 0.0} | urgent).items()) <= capacity:
        assert all(kept.get(c, 0) >= x - 1e-6 for c, x in urgent.items())
    shares = share_out(use, bids, capacity, kept)
    assert sum(shares.values()) <= capacity
    assert all(shares[c] >= units for c, units in kept.items() if units)


@settings(max_examples=40, deadline=None)
@given(AMOUNTS, st.integers(0, 10**9))
def test_money_is_never_shared_out_twice(use, fen):
    assert sum(money_out(use, fen).values()) <= fen


def test_an_offering_is_as_dear_as_the_bid_that_takes_its_last_unit():
    bids = {"a": [(5.0, 3.0)], "b": [(4.0, 2.0), (1.0, 9.0)]}
    assert clearing_price(bids, 4) == 4.0
    assert clearing_price(bids, 20) == 0.0


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
