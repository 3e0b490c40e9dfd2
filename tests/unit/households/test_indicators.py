"""Which values an indicator may take."""

from datetime import date
from decimal import Decimal

import pytest

from households.indicators import DIMENSIONS, KINDS, IndicatorEntry, checked_values
from kernel.errors import InvalidFields

TODAY = date(2027, 3, 5)


def entry(code: str, value: object, *, as_of: date = TODAY, source: str = "入户核查") -> IndicatorEntry:
    return IndicatorEntry(code, value, as_of, source)  # type: ignore[arg-type]


def test_each_dimension_has_indicators() -> None:
    assert {kind.dimension for kind in KINDS.values()} == set(DIMENSIONS)


def test_good_values_come_back_exact() -> None:
    assert checked_values((entry("housing_area", "62.5"), entry("wages_year", 1_234_500)), today=TODAY) == {
        "housing_area": Decimal("62.5"),
        "wages_year": Decimal(1_234_500),
    }


@pytest.mark.parametrize(
    ("code", "value", "says"),
    [
        ("wages_year", -1, "zero or more"),
        ("wages_year", "ten", "zero or more"),
        ("wages_year", "NaN", "zero or more"),
        ("wages_year", "Infinity", "zero or more"),
        ("able_workers", "1.5", "decimals"),
        ("housing_area", "1.234", "decimals"),
        ("housing_danger", 5, "At most 4"),
        ("mood", 1, "no indicator"),
    ],
)
def test_a_wrong_value_is_named(code: str, value: object, says: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        checked_values((entry(code, value),), today=TODAY)
    [fault] = caught.value.faults
    assert fault.field == f"indicators.{code}"
    assert says in fault.text


def test_a_value_has_a_source_and_no_day_to_come_and_stands_once() -> None:
    with pytest.raises(InvalidFields) as caught:
        checked_values((entry("employed", 1, as_of=date(2027, 3, 6), source=" "), entry("employed", 2)), today=TODAY)
    assert len(caught.value.faults) == 3
