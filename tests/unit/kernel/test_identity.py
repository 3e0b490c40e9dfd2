"""Numbers that name people and organisations: right ones pass, each kind of wrong one is told with its mend."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidInput
from kernel.identity import masked, parse_phone, parse_resident_id, parse_uscc, resident_id_check_character

TODAY = date(2027, 3, 5)
VALID = "330324196001010008"


def number(first: str) -> str:
    return first + resident_id_check_character(first)


def test_the_standard_example_of_gb_11643_passes() -> None:
    parsed = parse_resident_id("11010519491231002X", today=TODAY)
    assert (parsed.region_code, parsed.born_on, parsed.sex) == ("110105", date(1949, 12, 31), "female")


@pytest.mark.parametrize(
    "text", ["１１０１０５１９４９１２３１００２Ｘ", "110105 19491231 002x", "110105-19491231-002X"]
)
def test_full_width_spaces_and_small_x_are_the_same_number(text: str) -> None:
    assert parse_resident_id(text, today=TODAY).number == "11010519491231002X"


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("1.10105E+17", "format the column as text"),
        ("11010519491231002", "17 digits"),
        ("110105194912310021", "last character"),
        (number("11010519491331002"), "date of birth"),
        (number("11010520491231002"), "future"),
        (number("11010518491231002"), "130 years"),
        ("", "17 digits"),
    ],
)
def test_each_wrong_resident_id_is_told_with_its_mend(text: str, mend: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_resident_id(text, today=TODAY)
    assert mend in error.value.text
    assert len(text) < 10 or text not in error.value.text  # the number itself is never repeated


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_caught(place: int, change: int) -> None:
    digits = "11010519491231002X"
    altered = digits[:place] + str((int(digits[place]) + change) % 10) + digits[place + 1 :]
    with pytest.raises(InvalidInput):
        parse_resident_id(altered, today=TODAY)


def test_a_valid_uscc_passes_and_wrong_ones_are_told() -> None:
    assert parse_uscc(" 91110000600037341l ".upper()) == "91110000600037341L"
    for wrong, mend in (
        ("91110000600037341", "18 characters"),
        ("911100006000373410", "check characters"),
        ("9111000060003734IL", "letters"),
    ):
        with pytest.raises(InvalidInput) as error:
            parse_uscc(wrong)
        assert mend in error.value.text


def test_phones_become_e164() -> None:
    assert parse_phone("138 1234 5678") == "+8613812345678"
    assert parse_phone("0577-67221234") == "+8657767221234"
    for wrong in ("12", "phone", ""):
        with pytest.raises(InvalidInput):
            parse_phone(wrong)


def test_a_mask_shows_neither_birth_nor_sequence() -> None:
    assert masked(VALID) == "330*************08"
    assert masked("1234") == "****"
