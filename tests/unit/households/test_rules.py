"""What a household's entry must say, judged without a database."""

from dataclasses import replace
from datetime import date

import pytest

from households.rules import MemberEntry, check_household, check_purpose
from kernel.errors import InvalidFields, InvalidInput
from tests.factories import resident_id
from tests.factories_demand import a_head, a_household

TODAY = date(2027, 3, 5)


def faults_of(entry) -> dict[str, str]:
    with pytest.raises(InvalidFields) as caught:
        check_household(entry, today=TODAY)
    return {fault.field: fault.text for fault in caught.value.faults}


def test_a_resident_id_says_sex_and_date_of_birth() -> None:
    checked = check_household(a_household(a_head(resident_id=resident_id(born="19800229"))), today=TODAY)
    assert (checked.head.sex, checked.head.born_on) == ("female", date(1980, 2, 29))


def test_full_width_digits_and_a_small_x_are_the_same_number() -> None:
    number = next(one for day in range(1, 29) if (one := resident_id(born=f"196001{day:02d}")).endswith("X"))
    wide = "".join(chr(ord(character) + 0xFEE0) if character.isdigit() else "ｘ" for character in number)
    checked = check_household(a_household(a_head(resident_id=wide)), today=TODAY)
    assert checked.head.resident_id.number == number


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("330324196001010", "17 digits"),
        (resident_id()[:-1] + ("0" if resident_id()[-1] != "0" else "1"), "does not fit"),
        ("3.30324196001010E+17", "spreadsheet"),
        (resident_id(born="20990101"), "future"),
    ],
)
def test_a_wrong_resident_id_is_named_with_its_mend_and_not_repeated(number: str, says: str) -> None:
    faults = faults_of(a_household(a_head(resident_id=number)))
    assert says in faults["members.0.resident_id"]
    assert number not in str(faults)


def test_a_member_without_number_needs_sex_and_date_of_birth() -> None:
    faults = faults_of(a_household(a_head(), MemberEntry("周小明", "child")))
    assert set(faults) == {"members.1.sex", "members.1.born_on"}
    child = MemberEntry("周小明", "child", sex="male", born_on=date(2018, 1, 2))
    assert len(check_household(a_household(a_head(), child), today=TODAY).members) == 2


def test_what_contradicts_the_number_is_refused() -> None:
    faults = faults_of(a_household(a_head(sex="male", born_on=date(1961, 1, 1))))
    assert set(faults) == {"members.0.sex", "members.0.born_on"}


@pytest.mark.parametrize("heads", [0, 2])
def test_a_household_has_exactly_one_head(heads: int) -> None:
    members = tuple(
        MemberEntry(f"人{number}", "head" if number < heads else "other", sex="male", born_on=date(1990, 1, 1))
        for number in range(3)
    )
    assert "exactly one head" in faults_of(a_household(*members))["members"]


def test_a_household_has_somebody_in_it() -> None:
    assert "at least one member" in faults_of(replace(a_household(), members=()))["members"]


def test_the_same_person_twice_in_one_household_is_named() -> None:
    twin = MemberEntry("周建国", "other", resident_id=resident_id())
    assert "member 1" in faults_of(a_household(a_head(), twin))["members.1.resident_id"]


def test_every_fault_is_told_at_once() -> None:
    entry = a_household(
        a_head(name=" "),
        region_code="330324",
        phone="12",
        status_category="rich",
        main_type="none",
        risk_tier="low",
        cap_fen=-1,
        lat=28.0,
    )
    assert set(faults_of(entry)) == {
        "members.0.name", "region_code", "phone", "status_category", "main_type", "risk_tier", "cap_fen", "lon",
    }  # fmt: skip


def test_a_point_outside_china_is_refused() -> None:
    assert "outside China" in faults_of(a_household(lat=48.8, lon=2.3))["lat"]


def test_a_purpose_is_words_and_carries_no_number() -> None:  # promise 20
    assert check_purpose("  约定送货时间 ") == "约定送货时间"
    for wrong in ("", "x", "电话 13812345678", "a" * 201):
        with pytest.raises(InvalidInput):
            check_purpose(wrong)
