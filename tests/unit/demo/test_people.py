"""Names and numbers of people who do not exist: right in form, never twice, and nobody's."""

from datetime import date
from random import Random

import phonenumbers
import pytest
from stdnum.cn import uscc

from kernel.identity import parse_phone, parse_resident_id, parse_uscc
from marketplace.demo.people import (
    HOME_CODES,
    Numbers,
    born_at_age,
    enterprise_names,
    organisation_check_character,
    organisation_names,
    person_name,
)

TODAY = date(2027, 3, 5)


def test_a_resident_id_is_valid_and_has_the_sequence_that_is_never_issued():
    number = parse_resident_id(Numbers().resident_id(date(1960, 1, 1)), today=TODAY)
    assert number.number[14:17] == "000"
    assert (number.region_code, number.born_on, number.sex) == ("330324", date(1960, 1, 1), "female")


def test_people_born_on_one_day_are_told_apart_by_their_division_until_the_day_is_used_up():
    numbers = Numbers()
    found = {numbers.resident_id(date(1960, 1, 1)) for _ in HOME_CODES}
    assert len(found) == len(HOME_CODES)
    with pytest.raises(ValueError, match="choose another day"):
        numbers.resident_id(date(1960, 1, 1))


@pytest.mark.parametrize("kind", ["enterprise", "social_organisation"])
def test_a_credit_code_has_valid_check_characters_and_a_part_that_no_register_gives_out(kind: str):
    code = Numbers().uscc(kind)
    assert parse_uscc(code) == code == uscc.validate(code)
    assert code[2:8] == "330324" and code[8:10] == "XX"
    assert organisation_check_character(code[8:16]) == code[16]


def test_the_organisations_check_character_follows_the_standards_own_example():
    # GB 11714-1997 gives D2143569-X.
    assert organisation_check_character("D2143569") == "X"


def test_telephone_numbers_are_taken_but_assigned_to_nobody():
    numbers = Numbers()
    found = [numbers.phone() for _ in range(4_000)]
    assert len(set(found)) == len(found)
    for number in found[:200]:
        assert parse_phone(number) == f"+86{number}"
        assert not phonenumbers.is_valid_number(phonenumbers.parse(number, "CN"))


def test_names_of_organisations_are_enough_and_each_comes_once():
    assert len(set(enterprise_names())) == len(enterprise_names()) >= 420
    assert len(set(organisation_names())) == len(organisation_names()) >= 150


@pytest.mark.parametrize("today", [TODAY, date(2027, 3, 31), date(2028, 2, 29), date(2027, 1, 1), date(2026, 12, 31)])
def test_somebody_born_at_an_age_has_that_age_today(today: date):
    draw = Random(1)
    for age in [*range(100)] * 20:
        born = born_at_age(draw, age, today=today)
        assert today.year - born.year - ((today.month, today.day) < (born.month, born.day)) == age


def test_the_same_stream_gives_the_same_name():
    assert person_name(Random(7), sex="male", age=40) == person_name(Random(7), sex="male", age=40)
