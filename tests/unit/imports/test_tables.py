"""Reading CSV in the encodings and delimiters people have, and workbooks with merged cells."""

import pytest
from openpyxl import Workbook

from kernel.errors import InvalidInput
from marketplace.imports.tables import read_tables
from tests.factories_imports import saved

TEXT = "姓名,备注\r\n周建国,“低保”\r\n"
ROWS = (("姓名", "备注"), ("周建国", "“低保”"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encodings_of_the_office_are_read(encoding: str) -> None:
    assert read_tables(TEXT.encode(encoding))[0].rows == ROWS


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    assert read_tables(TEXT.replace(",", delimiter).encode())[0].rows == ROWS


def test_rare_characters_of_gb18030_are_read() -> None:
    assert read_tables("姓名,地\n㼆𠮷,䶮\n".encode("gb18030"))[0].rows[1] == ("㼆𠮷", "䶮")


def test_a_line_in_no_encoding_is_named() -> None:
    with pytest.raises(InvalidInput, match="Line 2"):
        read_tables("姓名\n".encode() + b"\xff\xff\xff\n")


def test_an_open_quotation_mark_is_named() -> None:
    with pytest.raises(InvalidInput, match="quotation marks"):
        read_tables(b'a,b\n"x,y\n')


def test_quoted_fields_keep_commas_and_lines() -> None:
    assert read_tables(b'a,b\n"x,1","y\nz"\n')[0].rows[1] == ("x,1", "y\nz")


def test_merged_cells_point_to_the_one_that_shows_the_value() -> None:
    workbook = Workbook()
    sheet = workbook.active
    sheet["B2"], sheet["C3"] = "合并", "x"
    sheet.merge_cells("B2:B3")
    [table] = read_tables(saved(workbook))
    assert table.rows[1][1] == "合并"
    assert table.merged == {(2, 1): (1, 1)}


def test_errors_and_formulas_without_result_are_not_taken_for_nothing() -> None:
    workbook = Workbook()
    sheet = workbook.active
    sheet.append(["甲", "乙"])
    sheet.append(["=1+1", "x"])
    sheet["D4"] = "#N/A"
    other = workbook.create_sheet("干净")
    other.append(["y"])
    tables = read_tables(saved(workbook))
    assert tables[0].rows[1][:2] == ("#VALUE!", "x")
    assert tables[0].rows[3][3] == "#VALUE!"
    assert tables[1].rows == (("y",),)
