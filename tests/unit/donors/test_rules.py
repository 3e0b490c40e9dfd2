"""What makes the entry of a donor right."""

from dataclasses import replace
from datetime import date

import pytest

from donors.rules import checked_donor
from kernel.errors import InvalidFields
from tests.factories import resident_id
from tests.factories_supply import enterprise_entry, volunteer_entry

TODAY = date(2027, 3, 5)


def fields_of(error: pytest.ExceptionInfo[InvalidFields]) -> set[str | None]:
    return {fault.field for fault in error.value.faults}


def test_a_right_enterprise_and_a_right_volunteer_pass_normalised() -> None:
    entry = enterprise_entry(name="  楠溪江食品 ", phone="138 0000 0001")
    checked = checked_donor(replace(entry, uscc=(entry.uscc or "").lower()), today=TODAY)
    assert checked.name == "楠溪江食品"
    assert checked.phone == "+8613800000001"
    assert checked.uscc == entry.uscc
    volunteer = volunteer_entry()
    full_width = (volunteer.resident_id or "").translate(str.maketrans("0123456789X", "０１２３４５６７８９ｘ"))
    assert checked_donor(replace(volunteer, resident_id=full_width), today=TODAY).resident_id == volunteer.resident_id


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InvalidFields) as error:
        checked_donor(
            enterprise_entry(name=" ", uscc="91330324MA0000000X", phone="12", lat=91.0, lon=10.0, reach_m=500),
            today=TODAY,
        )
    assert fields_of(error) == {"name", "uscc", "phone", "lat", "reach_m"}


def test_an_organisation_needs_its_code_and_a_volunteer_an_id() -> None:
    with pytest.raises(InvalidFields) as error:
        checked_donor(enterprise_entry(uscc=None), today=TODAY)
    assert fields_of(error) == {"uscc"}
    with pytest.raises(InvalidFields) as error:
        checked_donor(volunteer_entry(resident_id=""), today=TODAY)
    assert fields_of(error) == {"resident_id"}
    assert checked_donor(volunteer_entry(resident_id=""), today=TODAY, id_known=True).resident_id is None


def test_a_wrong_resident_id_is_not_repeated_in_the_message() -> None:
    wrong = resident_id()[:17] + "0"
    with pytest.raises(InvalidFields) as error:
        checked_donor(volunteer_entry(resident_id=wrong), today=TODAY)
    assert all(wrong not in fault.text for fault in error.value.faults)


def test_a_minor_and_negative_reach_are_refused() -> None:
    with pytest.raises(InvalidFields) as error:
        checked_donor(
            volunteer_entry(resident_id=resident_id(born="20150101"), reach_m=-1, max_households=0), today=TODAY
        )
    assert fields_of(error) == {"resident_id", "reach_m", "max_households"}


def test_control_characters_and_overlong_text_are_refused() -> None:
    for name in ("a\x00b", "好" * 121):
        with pytest.raises(InvalidFields) as error:
            checked_donor(enterprise_entry(name=name), today=TODAY)
        assert fields_of(error) == {"name"}
