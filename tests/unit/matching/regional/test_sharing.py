"""What counties share is shared out once: evenly to begin with, as it was cleared in the end."""

import pytest

from matching.regional.groups import groups_of
from matching.regional.partition import Partition
from matching.regional.sharing import agreed_prices, even_shares, whole_shares

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


def test_a_prefecture_of_one_county_clears_nothing_but_keeps_its_part(cut):
    groups = groups_of(cut)
    assert list(groups) == ["group-9901"]
    assert groups["group-9901"].capacity == {"wide": 30, "near": 9}
    shares = whole_shares(cut, groups, {}, [])
    assert sum(shares[part]["offerings"]["wide"][0] for part in PARTS) == 100
    assert sum(shares[part]["offerings"]["wide"][1] for part in PARTS) == 7
    assert shares["part-3"]["offerings"]["wide"][0] == 70


def test_what_was_cleared_is_shared_out_the_urgent_tiers_first(cut):
    groups = groups_of(cut)
    answer = {"use": {"wide": {"part-0": 11.4, "part-1": 0.2}, "near": {}}, "prices": {"wide": 3.0}, "fen": {"budget": {"part-1": 9.0, "part-2": 1.0}}, "needs": 60}  # fmt: skip
    last = {"use": {"wide": {"part-2": 30.0}, "near": {"part-1": 7.0}}, "prices": {"wide": 8.0}, "fen": {"budget": {"part-0": 0.0, "part-1": 3.0, "part-2": 1.0}}, "needs": 60}  # fmt: skip
    answers = [(part, {"2": {"offerings": {"wide": 5.0}, "funds": {}, "limits": {"budget": 7.0}}}) for part in PARTS]
    shares = whole_shares(cut, groups, {1: {"group-9901": answer}, 2: {"group-9901": last}}, answers)
    assert {part: shares[part]["offerings"]["wide"][0] for part in PARTS} == {
        "part-0": 12,
        "part-1": 1,
        "part-2": 17,
        "part-3": 70,
    }
    assert {part: shares[part]["offerings"]["near"][0] for part in PARTS[:2]} == {"part-0": 2, "part-1": 7}
    money = [shares[part]["limits"]["budget"] for part in PARTS[:3]]
    assert sum(money) <= 500
    assert money[0] < money[2] < money[1]
    assert sum(shares[part]["funds"]["fund"] for part in PARTS) <= 1_000


def test_prices_are_those_that_were_cleared_and_elsewhere_what_counties_found(cut):
    scouted = [
        {"offerings": {"wide": 1.0}, "funds": {}, "limits": {"budget": 2.0}, "tiers": [9.0] * tier} for tier in range(3)
    ]
    answers = [(part, {"1": {"offerings": {"wide": 4.0, "near": 2.0}}}) for part in PARTS[:2]]
    prices = agreed_prices(scouted, answers, {1: {"group-9901": {"prices": {"wide": 8.0}, "needs": 60}}}, cut)
    assert prices[1] == {
        "offerings": {"wide": 8.0, "near": 2.0},
        "funds": {},
        "limits": {"budget": 2.0},
        "tiers": [9.0],
    }
    assert prices[2]["offerings"] == {}
