"""What is written is harmless in a spreadsheet and reads back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.catalogue.models import Category, Skill
from marketplace.imports.cells import plain
from marketplace.imports.columns import COLUMNS, folded_heading, names_of
from marketplace.imports.tables import read_tables
from marketplace.imports.templates import template_workbook
from marketplace.imports.workbooks import neutralised, restored, write_workbook

CATEGORIES = [Category(code="rice", kind="goods", name_zh="大米", name_en="Rice", unit_zh="袋", unit_en="bag", single_source=False, position=0)]  # fmt: skip
SKILLS = [Skill(code="nursing", name_zh="护理", name_en="Nursing", position=0)]
FORMULAS = ["=1+1", "+86138", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1+1", "'=1+1", "''=x", '=HYPERLINK("http://x","y")']


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_made_harmless_and_come_back(text: str) -> None:  # promise 16
    assert neutralised(text)[0] == "'"
    assert restored(neutralised(text)) == text


@given(st.text(max_size=40))
def test_any_text_comes_back(text: str) -> None:  # promise 16
    assert restored(neutralised(text)) == text


def test_a_written_workbook_reads_back_to_the_same_values() -> None:  # promise 16
    texts = [text for text in FORMULAS if text == text.strip()] + ["周建国", "普通", "12", "'单引号"]
    [table] = read_tables(write_workbook([("表", ["值"], [[text] for text in texts])]))
    assert [plain(row[0]) for row in table.rows[1:]] == texts
    assert not any(str(row[0]).startswith(("=", "+", "-", "@")) for row in table.rows[1:])


def test_names_of_sheets_and_control_characters_break_nothing() -> None:
    [table] = read_tables(write_workbook([("a/b:c*" * 20, ["值"], [["x\x00\x0by"]])]))
    assert table.rows[1][0] == "xy"


@pytest.mark.parametrize("kind", list(COLUMNS))
@pytest.mark.parametrize("chinese", [True, False])
def test_every_heading_of_a_template_is_known(kind: str, chinese: bool) -> None:
    tables = read_tables(template_workbook(kind, categories=CATEGORIES, skills=SKILLS, chinese=chinese))
    names = names_of(kind)
    assert [names[folded_heading(str(head))] for head in tables[0].rows[0]] == [column.key for column in COLUMNS[kind]]
    assert len(tables[1].rows) == len(COLUMNS[kind]) + 1


@pytest.mark.parametrize("kind", list(COLUMNS))
def test_the_sheet_of_explanations_is_never_taken_for_data(kind: str) -> None:
    for chinese in (True, False):
        head = read_tables(template_workbook(kind, categories=[], skills=[], chinese=chinese))[1].rows[0]
        for other in COLUMNS:
            assert not [cell for cell in head if folded_heading(str(cell)) in names_of(other)]
