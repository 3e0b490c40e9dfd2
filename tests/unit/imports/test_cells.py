"""What a cell means, however people wrote it."""

from datetime import date, datetime, timedelta

import pytest

from kernel.errors import InvalidInput
from marketplace.imports.cells import code_text, day, kilometres_in_metres, many, one_of, plain, whole, yes_no, yuan
from marketplace.imports.references import degrees, grade


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (3.0, 3),
        (3, 3),
        ("12", 12),
        (" 1,200 ", 1200),
        ("１２", 12),
        ("-4", -4),
        ("12.0", 12),
        ("1e3", 1000),
        (None, None),
        ("", None),
    ],
)
def test_whole_numbers(cell: object, value: int | None) -> None:
    assert whole(cell) == value


@pytest.mark.parametrize(
    "cell", [1.5, "1.5", "十", "1 或 2", True, date(2027, 1, 1), "1e99", float("nan"), float("inf"), "٣x"]
)
def test_what_is_no_whole_number_is_refused(cell: object) -> None:
    with pytest.raises(InvalidInput):
        whole(cell)


@pytest.mark.parametrize(
    "cell",
    [
        date(2027, 3, 5), datetime(2027, 3, 5, 10, 30),  # noqa: DTZ001 - spreadsheets know no zones
        "2027-03-05", "2027/3/5", "2027.3.5", "2027年3月5日", "２０２７－３－５",
        "20270305", 20270305.0, 46451, 46451.0, "46451", "2027-03-05 00:00:00",
    ],
)  # fmt: skip
def test_a_day_is_read_in_every_form(cell: object) -> None:
    assert day(cell) == date(2027, 3, 5)


@pytest.mark.parametrize(
    "cell", ["2027-02-30", "2027-13-01", "5/3/2027", "明天", "2027", True, timedelta(1), "20271301", 1e300]
)
def test_what_is_no_day_is_refused(cell: object) -> None:
    with pytest.raises(InvalidInput):
        day(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [(1234.5, 123_450), ("¥1,234.50", 123_450), ("12元", 1_200), ("１２．５", 1_250), (0, 0), (0.1, 10)],
)
def test_yuan_become_whole_fen(cell: object, value: int) -> None:
    assert yuan(cell) == value


@pytest.mark.parametrize("cell", ["1.234", -5, "-5", "五元", 1.005, 1e20, True, float("nan"), "1" * 40])
def test_what_is_no_amount_is_refused(cell: object) -> None:
    with pytest.raises(InvalidInput):
        yuan(cell)


def test_a_number_that_lost_digits_is_recognised() -> None:
    for cell in (3.3032419600101e17, "3.30324E+17", "3.30324196001010e17"):
        with pytest.raises(InvalidInput, match="lost digits"):
            code_text(cell)
    assert code_text(13812345678.0) == "13812345678"
    assert code_text("３３０３２４") == "330324"


def test_yes_no_and_lists() -> None:
    assert [yes_no(cell) for cell in ("是", "否", "Yes", "×", True, None, 1.0)] == [
        True,
        False,
        True,
        False,
        True,
        None,
        True,
    ]
    colour = one_of({"红": "red", "蓝": "blue"})
    assert many(colour)("红、蓝;红") == ("red", "blue")
    for parse, cell in ((yes_no, "也许"), (colour, "绿"), (many(colour), "红、绿")):
        with pytest.raises(InvalidInput):
            parse(cell)


def test_error_values_are_named() -> None:
    with pytest.raises(InvalidInput, match="holds an error"):
        plain("#N/A")


def test_distances_degrees_and_grades() -> None:
    assert kilometres_in_metres(2.5) == 2_500
    assert degrees("28.15") == 28.15
    assert [grade(cell) for cell in ("一级", 2.0, "无", None, "四")] == [1, 2, None, None, 4]
    for parse, cell in ((kilometres_in_metres, 0.0001), (degrees, "NaN"), (degrees, "北"), (grade, "重")):
        with pytest.raises(InvalidInput):
            parse(cell)
