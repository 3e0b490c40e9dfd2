"""What counties share is shared out once: evenly to begin with, as it was cleared in the end."""

import pytest

from matching.regional.partition import Partition
from matching.regional.sharing import agreed_prices, even_shares, joined, whole_shares

PARTS = ["part-0", "part-1", "part-2", "part-3"]


@pytest.fixture
def cut():
    """Two prefectures, of three counties and of one; one offering for all, one for two counties, with pins."""
    return Partition(
        "", "", dict(zip(PARTS, ("990101", "990102", "990103", "990201"), strict=True)), dict(zip(PARTS, (10, 20, 30, 40), strict=True)),
        {
            "wide": {"capacity": 100, "max_needs": 7, "parts": PARTS},
            "near": {"capacity": 9, "max_needs": None, "parts": PARTS[:2]},
        },
        {"fund": {"amount_fen": 1_000, "parts": PARTS}}, {"budget": {"max_fen": 500, "parts": PARTS[:3]}}, {},
        {"wide": {"part-3": [50, 1]}, "near": {"part-0": [2, 1]}},
    )  # fmt: skip


def test_even_shares_hold_the_pins_and_are_all_there_is(cut):
    shares = {part: even_shares(cut, part) for part in PARTS}
    for table, row, amount in (
        ("offerings", "wide", 100),
        ("offerings", "near", 9),
        ("funds", "fund", 1_000),
        ("limits", "budget", 500),
    ):
        assert sum(shares[part][table].get(row, 0) for part in PARTS) == pytest.approx(amount)
    assert shares["part-3"]["offerings"]["wide"] == pytest.approx(50 + 50 * 40 / 100)
    assert "near" not in shares["part-2"]["offerings"]


def test_what_nothing_was_cleared_of_goes_by_the_number_of_needs_and_is_all_there_is(cut):
    shares = whole_shares(cut, {}, [])
    assert sum(shares[part]["offerings"]["wide"][0] for part in PARTS) == 100
    assert sum(shares[part]["offerings"]["wide"][1] for part in PARTS) == 7
    assert shares["part-3"]["offerings"]["wide"][0] == 50 + 20  # its pins, and by needs (40 of 100) of what they leave


def cleared(wide, near=(), *, prices=None, whole=None, fen=None):
    """What clearing found; goods unless `whole` says what whole needs take."""
    use = {"wide": dict(wide), "near": dict(near)}
    return {
        "use": use,
        "whole": use if whole is None else {**use, "wide": dict(whole)},
        "prices": prices or {},
        "fen": {"budget": fen or {}},
    }


def test_what_was_cleared_is_shared_out_the_urgent_tiers_first(cut):
    urgent = cleared({"part-0": 11.4, "part-1": 0.2})
    last = cleared({"part-2": 30.0}, {"part-1": 7.0}, fen={"part-0": 0.0, "part-1": 3.0, "part-2": 1.0})
    answers = [(part, {"2": {"offerings": {"wide": 5.0}, "funds": {}, "limits": {"budget": 7.0}}}) for part in PARTS]
    shares = whole_shares(cut, {1: urgent, 2: last}, answers)
    assert {part: shares[part]["offerings"]["wide"][0] for part in PARTS} == {
        "part-0": 12,
        "part-1": 1,
        "part-2": 37,
        "part-3": 50,  # its pins
    }
    assert {part: shares[part]["offerings"]["near"][0] for part in PARTS[:2]} == {"part-0": 2, "part-1": 7}
    money = [shares[part]["limits"]["budget"] for part in PARTS[:3]]
    assert sum(money) <= 500
    assert money[0] < money[2] < money[1]
    assert sum(shares[part]["funds"]["fund"] for part in PARTS) <= 1_000


def test_hours_are_shared_in_whole_needs_and_the_rest_goes_to_one_county(cut):
    urgent = cleared({"part-0": 7.0, "part-1": 2.5}, whole={"part-0": 7.0})
    last = cleared(
        {"part-0": 12.5, "part-1": 9.5, "part-2": 8.0, "part-3": 70.0},
        whole={"part-0": 11.0, "part-1": 5.0, "part-2": 8.0, "part-3": 70.0},
    )
    shares = whole_shares(cut, {1: urgent, 2: last}, [])
    assert {part: shares[part]["offerings"]["wide"][0] for part in PARTS} == {
        "part-0": 11,
        "part-1": 11,  # five for whole needs, and the six that nobody could use in parts
        "part-2": 8,
        "part-3": 70,
    }


def test_prices_are_those_that_were_cleared_and_elsewhere_what_counties_found(cut):
    scouted = [
        {"offerings": {"wide": 1.0}, "funds": {}, "limits": {"budget": 2.0}, "tiers": [9.0] * tier} for tier in range(3)
    ]
    answers = [
        (part, {"1": {"offerings": {"wide": 4.0, "near": price}}})
        for part, price in zip(PARTS[:2], (2.0, 5.0), strict=True)
    ]
    prices = agreed_prices(scouted, answers, {1: {"prices": {"wide": 8.0}}}, cut)
    assert prices[1] == {
        "offerings": {"wide": 8.0, "near": 4.0},  # by needs: one part of 2, two of 5
        "funds": {},
        "limits": {"budget": 2.0},
        "tiers": [9.0],
    }
    assert prices[2]["offerings"] == {}


def test_goods_and_hours_that_were_cleared_by_themselves_make_one():
    goods = {"prices": {"rice": 3.0}, "use": {"rice": {"part-0": 2.0}}, "whole": {"rice": {"part-0": 2.0}}, "fen": {"budget": {"part-0": 5.0}}, "points": [1.0, 2.0, 3.0]}  # fmt: skip
    hours = {"prices": {"nurse": 7.0}, "use": {"nurse": {"part-1": 4.5}}, "whole": {"nurse": {"part-1": 3.0}}, "fen": {"budget": {"part-0": 1.0, "part-1": 2.0}}, "points": [10.0, 0.0, 0.0]}  # fmt: skip
    assert joined([goods, hours]) == {
        "prices": {"rice": 3.0, "nurse": 7.0},
        "use": {"rice": {"part-0": 2.0}, "nurse": {"part-1": 4.5}},
        "whole": {"rice": {"part-0": 2.0}, "nurse": {"part-1": 3.0}},
        "fen": {"budget": {"part-0": 6.0, "part-1": 2.0}},
        "points": [11.0, 2.0, 3.0],
    }
