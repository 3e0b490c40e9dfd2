"""Whose a lead is and until when, when it is late and goes up, and how a receipt's code reads."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from households.leads.rules import (
    LeadEntry,
    check_lead,
    county_takes_before,
    due_day,
    is_late,
    owner_region_of,
    read_receipt_code,
    receipt_code,
    strength,
)
from households.policy.monitoring import CHANNELS
from households.policy.packaged import demo_policy
from households.policy.reading import read_policy
from kernel.errors import InvalidFields, InvalidInput
from tests.factories import resident_id

TERMS = read_policy(demo_policy()).monitoring.leads
DAY = date(2027, 3, 5)
ENTRY = LeadEntry("330324110", "tip_off", "老人独居")


def test_every_channel_has_a_day_and_a_unit():
    for channel in CHANNELS:
        assert due_day(channel, TERMS, today=DAY) > DAY
        assert "330324110201".startswith(owner_region_of("330324110201", channel, TERMS))
    assert owner_region_of("330324110201", "home_visit", TERMS) == "330324110201"
    assert owner_region_of("330324110201", "tip_off", TERMS) == "330324110"
    assert owner_region_of("330324", "tip_off", TERMS) == "330324"  # no township is named: the county answers


def test_the_last_day_itself_is_in_time():
    assert not is_late(DAY, today=DAY)
    assert is_late(DAY, today=DAY + timedelta(days=1))


def test_a_lead_goes_up_after_the_policys_days():
    due = DAY - timedelta(days=TERMS.escalate_days)
    assert not due < county_takes_before(TERMS, today=DAY)
    assert due < county_takes_before(TERMS, today=DAY + timedelta(days=1))
    assert due < county_takes_before(replace(TERMS, escalate_days=1), today=DAY)


def test_numbers_are_normalised():
    checked = check_lead(
        replace(ENTRY, phone="138 1234 5678", resident_id=resident_id().lower(), name=" 周建国 "), today=DAY
    )
    assert (checked.phone, checked.resident_id, checked.name) == ("+8613812345678", resident_id(), "周建国")
    assert check_lead(replace(ENTRY, phone=" ", name=""), today=DAY).phone is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("region_code", "3303"), ("channel", "rumour"), ("told", "\x00"), ("told", "长" * 1_001), ("name", "长" * 51),
        ("phone", "12"), ("resident_id", "1" * 18), ("reference", resident_id()), ("teller", "长" * 101),
        ("name", "老周 138-1234 5678"), ("name", f"周{resident_id()}"), ("reference", "１３８ 1234 5678"), ("reference", "来电138-1234-5678"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(field, value):
    with pytest.raises(InvalidFields) as refused:
        check_lead(replace(ENTRY, **{field: value}), today=DAY)
    assert [fault.field for fault in refused.value.faults] == [field]


def test_the_number_of_a_work_order_stays_one():
    for number in ("12345-20270305-0001", "202703051381234567", "20270305123456789"):
        assert check_lead(replace(ENTRY, reference=number[:17]), today=DAY).entry.reference == number[:17]


def test_a_receipt_code_is_read_however_it_is_typed():
    code = receipt_code(bytes(range(16)))
    assert len(code) == 14 and not set("ILOU") & set(code)
    assert read_receipt_code(f" {code.lower().replace('-', ' ')} ") == code
    assert read_receipt_code("OIL2-M4XD-9TRA") == "0112-M4XD-9TRA"
    assert receipt_code(bytes(range(1, 17))) != code
    for wrong in ("", "7KQ2", "7KQ2-M4XD-9TRU", "7KQ2-M4XD-9TRAA"):
        with pytest.raises(InvalidInput):
            read_receipt_code(wrong)


def test_numbers_say_more_than_names():
    assert (
        strength(("resident_id",))
        > strength(("phone", "name"))
        > strength(("phone",))
        > strength(("name",))
        > strength(("alike",))
    )
