"""Who is in the pool, with which weight, and how much each may still give."""

import uuid
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.pool import (
    Held,
    NeedFacts,
    OfferingFacts,
    in_reach,
    need_row,
    needs_left_to_serve,
    offering_row,
    wait_of,
    why_need_is_out,
    why_offering_is_out,
)
from matching.waiting import STANDARD

TODAY = date(2027, 3, 5)
NEED = NeedFacts(
    id=uuid.UUID(int=1), household_id=uuid.UUID(int=2), region_code="330324110", category_code="rice", accepts=(),
    quantity=10, reserved=0, delivered=0, tier=1, weight=100, type="subsistence", fill="any",
    unit_worth_fen=0, requires=(), starts_on=None, due_on=None, lat=None, lon=None, status="open", project_id=None,
    household_status="active", household_cap_fen=None, consented=True, opted_out=False,
)  # fmt: skip
OFFERING = OfferingFacts(
    id=uuid.UUID(int=3), donor_id=uuid.UUID(int=4), donor_status="active", max_households=None, category_code="rice",
    quantity=100, reserved=0, delivered=0, areas=None, radius_m=None, region_code="330324", lat=None, lon=None,
    unit_cost_fen=0, government_bought=False, provides=(), starts_on=None, ends_on=None, max_needs=None, types=None,
    fund_ids=None, project_ids=None, status="open",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"status": "withdrawn"}, "withdrawn"),
        ({"status": "met"}, "met"),
        ({"status": "expired"}, "expired"),
        ({"due_on": date(2027, 3, 4)}, "expired"),
        ({"due_on": TODAY}, None),
        ({"household_status": "closed"}, "household_closed"),
        ({"consented": False}, "consent_missing"),
        ({"opted_out": True}, "opted_out"),
        ({"objected": True}, "objection"),
        ({"reserved": 4, "delivered": 6}, "promised"),
        ({"reserved": 4, "delivered": 5}, None),
    ],
)
def test_a_need_outside_the_pool_says_why(changes: dict, reason: str | None) -> None:  # promise 29
    assert why_need_is_out(replace(NEED, **changes), today=TODAY) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"status": "paused"}, "paused"),
        ({"status": "withdrawn"}, "withdrawn"),
        ({"donor_status": "suspended"}, "donor_suspended"),
        ({"donor_status": "closed"}, "donor_suspended"),
        ({"ends_on": date(2027, 3, 4)}, "ended"),
        ({"ends_on": TODAY}, None),
        ({"reserved": 100}, "nothing_left"),
    ],
)
def test_an_offering_outside_the_pool_says_why(changes: dict, reason: str | None) -> None:
    assert why_offering_is_out(replace(OFFERING, **changes), today=TODAY) == reason


@given(
    quantity=st.integers(1, 100_000),
    given_already=st.data(),
    weight=st.integers(100, 1000),
    waited=st.integers(0, 12_000),
)
def test_the_open_part_of_a_need_keeps_the_worth_of_its_units(
    quantity: int, given_already: st.DataObject, weight: int, waited: int
) -> None:
    taken = given_already.draw(st.integers(0, quantity - 1))
    need = replace(NEED, quantity=quantity, reserved=taken, weight=weight, waited=waited)
    row, wait = need_row(need, STANDARD), wait_of(need, STANDARD)
    assert row["quantity"] == quantity - taken
    assert 1 <= row["weight"] <= 1000 and row["quantity"] <= 1000 * row["weight"]
    assert row["weight"] == wait.entered and wait.counted == STANDARD.weight(weight, waited)
    assert wait.counted * row["quantity"] <= wait.entered * quantity < wait.counted * row["quantity"] + quantity


@pytest.mark.parametrize(
    ("region", "areas", "round_region", "open_to"),
    [
        ("330324", None, "330324", True),
        ("330324110", None, "330324", True),
        ("330324110", None, "330324111", True),  # a neighbour within the county
        ("33", None, "330324", True),  # the province gives everywhere below
        ("330381", None, "330324", False),  # another county's stays there
        ("330381", ("330324110",), "330324", True),  # unless its donor named an area here
        ("330381", ("330324",), "330324110", True),
        ("330381", ("330381",), "330324", False),
        ("330381", None, "3303", True),  # a round of the prefecture
    ],
)
def test_supply_takes_part_where_it_belongs(
    region: str, areas: tuple[str, ...] | None, round_region: str, open_to: bool
) -> None:
    assert in_reach(region, areas, round_region) is open_to


def test_an_area_that_is_gone_or_a_fund_outside_the_round_never_opens_an_offering() -> None:
    gone = replace(OFFERING, areas=("330399",))
    assert offering_row(gone, known_regions={"330324"}, fund_ids=set(), max_needs=None) == "no_area"
    bought = replace(OFFERING, unit_cost_fen=100, fund_ids=(uuid.UUID(int=9),))
    assert offering_row(bought, known_regions=set(), fund_ids={uuid.UUID(int=8)}, max_needs=None) == "no_fund"
    assert offering_row(OFFERING, known_regions=set(), fund_ids=set(), max_needs=0) == "carries_enough"


def test_a_volunteers_free_households_are_shared_out_over_what_they_offer() -> None:
    rows = [replace(OFFERING, id=uuid.UUID(int=number), max_households=5) for number in (30, 31, 32)]
    left = needs_left_to_serve(rows, Held(donor_households={OFFERING.donor_id: 1}))
    assert [left[row.id] for row in rows] == [2, 1, 1]
    assert needs_left_to_serve(list(reversed(rows)), Held(donor_households={OFFERING.donor_id: 1})) == left


def test_what_an_offering_serves_already_counts_against_its_most_needs() -> None:
    row = replace(OFFERING, max_needs=4)
    assert needs_left_to_serve([row], Held(offering_needs={row.id: 3})) == {row.id: 1}
    assert needs_left_to_serve([row], Held(offering_needs={row.id: 9})) == {row.id: 0}
