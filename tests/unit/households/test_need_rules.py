"""What a need must say, and what it takes from household and category."""

import uuid
from dataclasses import replace
from datetime import date

import pytest

from households.models import RISK_TIERS, STATUS_CATEGORIES
from households.needs.rules import TIERS, WEIGHTS, Catalogue, HouseholdFacts, NeedEntry, check_need
from kernel.errors import InvalidFields

TODAY = date(2027, 3, 5)
HOME = HouseholdFacts(uuid.uuid4(), "330324110", "care", "key", "subsistence_allowance", 28.3, 120.7)
CATALOGUE = Catalogue({"rice": False, "milk": False, "tutoring_hours": True}, frozenset({"tutoring"}))
RICE = NeedEntry(HOME.id, "rice", 10)


def check(entry: NeedEntry, household: HouseholdFacts = HOME):
    return check_need(entry, household=household, catalogue=CATALOGUE, today=TODAY)


def fields_of(entry: NeedEntry, household: HouseholdFacts = HOME) -> set[str | None]:
    with pytest.raises(InvalidFields) as caught:
        check(entry, household)
    return {fault.field for fault in caught.value.faults}


def test_every_status_and_risk_has_a_default() -> None:
    assert set(WEIGHTS) == set(STATUS_CATEGORIES)
    assert set(TIERS) == set(RISK_TIERS)


def test_what_is_not_said_follows_from_the_household() -> None:
    need = check(RICE)
    assert (need.tier, need.weight, need.type, need.region_code) == (2, 80, "care", "330324110")
    assert (need.lat, need.lon) == (28.3, 120.7)


def test_a_sudden_shock_is_most_urgent() -> None:
    assert check(RICE, replace(HOME, main_type="emergency", risk_tier="general")).tier == 1


def test_what_only_one_helper_can_give_is_asked_from_one_unless_said_otherwise() -> None:
    hours = replace(RICE, category_code="tutoring_hours")
    assert (check(hours).fill, check(RICE).fill) == ("single", "any")
    assert check(replace(hours, fill="whole")).fill == "whole"


def test_the_quantity_is_bounded_by_the_weight() -> None:
    assert check(replace(RICE, quantity=1_000, weight=1)).quantity == 1_000
    assert fields_of(replace(RICE, quantity=1_001, weight=1)) == {"quantity"}
    assert fields_of(replace(RICE, quantity=0)) == {"quantity"}
    assert fields_of(replace(RICE, quantity=-3)) == {"quantity"}


def test_the_last_day_is_not_over_and_not_before_the_first() -> None:
    assert fields_of(replace(RICE, due_on=date(2027, 3, 4))) == {"due_on"}
    assert fields_of(replace(RICE, starts_on=date(2027, 4, 2), due_on=date(2027, 4, 1))) == {"due_on"}
    assert check(replace(RICE, starts_on=TODAY, due_on=TODAY)).due_on == TODAY


def test_a_closed_household_posts_nothing() -> None:
    assert fields_of(RICE, replace(HOME, active=False)) == {"household_id"}


def test_every_fault_is_told_at_once() -> None:
    wrong = NeedEntry(
        HOME.id, "gold", 1, tier=4, weight=1_001, type="rich", fill="half", accepts=("rice", "rice", "silver"),
        requires=("magic",), unit_worth_fen=-1, lat=1.0, note="x" * 501,
    )  # fmt: skip
    assert fields_of(wrong) == {
        "category_code", "tier", "weight", "type", "fill", "accepts", "requires", "unit_worth_fen", "lon", "note",
    }  # fmt: skip
