"""Importing the four kinds: dry run, all or nothing, only the good rows, and every fault named at its place."""

import pytest
import sqlalchemy as sa
from openpyxl import Workbook

from households.models import Household, Member
from households.operations import reveal
from kernel.errors import Conflict, OutsideScope
from marketplace.imports.operations import (
    check_import,
)
from marketplace.imports.tables import read_tables
from marketplace.imports.templates import template_workbook
from tests.factories import NOW, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_demand import a_head, make_household
from tests.factories_imports import (
    HOUSEHOLD_HEADS,
    csv_text,
    household_row,
    person_id,
    saved,
    xlsx,
)
from tests.integration.imports.desk import households_file, make_desk

assert make_desk  # the fixture


def test_households_are_checked_and_then_imported_with_their_members(desk) -> None:
    child = household_row(1, 姓名="周小明", 与户主关系="子女", 身份证号=None, 性别="男", 出生日期="2018年1月2日")
    batch = desk.check("households", households_file(household_row(1), child, household_row(2)))
    assert (batch.status, batch.report["rows"], batch.report["entries"], batch.report["faults"]) == (
        "checked",
        3,
        2,
        [],
    )
    assert desk.count(Household) == 0
    assert desk.apply(batch).batch.report["written"] == 2
    assert (desk.count(Household), desk.count(Member)) == (2, 3)
    home = desk.session.scalar(sa.select(Household).where(Household.head_name == "周1"))
    assert (home.region_code, home.risk_tier, home.consented_at) == (TOWNSHIP, "key", NOW)
    opened = reveal(desk.session, household_id=home.id, purpose="核对身份", **desk.right)
    assert (opened.phone, opened.members[0].resident_id) == ("+8613812345678", person_id(1))


def test_the_file_is_sealed_between_and_emptied_after(desk) -> None:
    content = households_file(household_row(1))
    batch = desk.check("households", content)
    assert batch.file_sealed is not None
    assert content[:200] not in batch.file_sealed
    desk.apply(batch)
    assert batch.file_sealed is None


def test_nothing_is_imported_where_one_row_is_wrong(desk) -> None:
    wrong = household_row(2, 身份证号="330324")
    batch = desk.check("households", households_file(household_row(1), wrong))
    [fault] = batch.report["faults"]
    assert (fault["sheet"], fault["row"], fault["column"]) == ("Sheet1", 3, "身份证号")
    with pytest.raises(Conflict, match="1 faults"):
        desk.apply(batch)
    assert desk.count(Household) == 0


def test_only_the_good_rows_are_imported_when_asked_and_the_others_come_back(desk) -> None:
    wrong = household_row(2, 身份证号="330324", 姓名="@cmd()")
    batch = desk.check("households", households_file(household_row(1), wrong, household_row(3)))
    applied = desk.apply(batch, partial=True)
    assert desk.count(Household) == 2
    [table] = read_tables(applied.rejected)
    assert table.rows[0][0] == "原因"
    assert "17 digits" in table.rows[1][0]
    assert "'@cmd()" in table.rows[1]
    # Mended, the workbook of the bad rows is imported as it is.
    mended = [list(row) for row in table.rows]
    mended[1][mended[0].index("身份证号")] = person_id(2)
    again = desk.check("households", xlsx(mended))
    assert again.report["faults"] == []
    assert again.report["ignored_columns"] == []
    desk.apply(again)
    assert desk.session.scalar(sa.select(Household.head_name).where(Household.head_name.like("@%"))) == "@cmd()"


def test_a_household_with_one_bad_member_stays_out_whole(desk) -> None:
    bad = household_row(1, 姓名="周小明", 与户主关系="子女", 身份证号=None)
    applied = desk.apply(
        desk.check("households", households_file(household_row(1), bad, household_row(2))), partial=True
    )
    assert desk.session.scalars(sa.select(Household.head_name)).all() == ["周2"]
    [table] = read_tables(applied.rejected)
    assert len(table.rows) == 3
    assert "同一户" in table.rows[1][0]


def test_the_same_file_is_imported_once(desk) -> None:
    content = households_file(household_row(1))
    first, second = desk.check("households", content), desk.check("households", content)
    desk.apply(first)
    with pytest.raises(Conflict, match="2027-03-05"):
        desk.check("households", content)
    with pytest.raises(Conflict, match="2027-03-05"):
        desk.apply(second)
    with pytest.raises(Conflict, match="done or discarded"):
        desk.apply(first)
    assert desk.count(Household) == 1


def test_what_the_database_has_already_is_named(desk) -> None:
    make_household(desk.session, a_head(resident_id=person_id(1)))
    [(row, column, reason)] = desk.faults("households", households_file(household_row(7), household_row(1)))
    assert (row, column) == (3, "身份证号")
    assert "already" in reason


def test_what_stands_twice_in_the_file_is_named(desk) -> None:
    [(row, column, reason)] = desk.faults(
        "households", households_file(household_row(1), household_row(2, 身份证号=person_id(1)))
    )
    assert (row, column) == (3, "身份证号")
    assert "row 2" in reason


def test_a_change_between_the_two_steps_is_seen(desk) -> None:
    batch = desk.check("households", households_file(household_row(1), household_row(2)))
    make_household(desk.session, a_head(resident_id=person_id(1)))
    with pytest.raises(Conflict, match="1 faults"):
        desk.apply(batch)
    assert desk.apply(batch, partial=True).batch.report["written"] == 1


def test_every_fault_of_a_row_is_named_at_its_column(desk) -> None:
    wrong = household_row(
        1, 所在地区="火星", 身份类别="富裕", 帮扶类型=None, 联系电话="12", 身份证号=3.3032419600101e17
    )
    found = {(row, column) for row, column, _ in desk.faults("households", households_file(wrong))}
    assert found == {(2, "所在地区"), (2, "身份类别"), (2, "帮扶类型"), (2, "联系电话"), (2, "身份证号")}


def test_a_number_in_scientific_notation_says_how_to_mend_it(desk) -> None:  # promise 15
    [(row, column, reason)] = desk.faults("households", households_file(household_row(1, 身份证号=3.3032419600101e17)))
    assert (row, column) == (2, "身份证号")
    assert "format the column as text" in reason


def test_merged_household_cells_count_for_each_member_and_others_are_named(desk) -> None:  # promise 15
    workbook = Workbook()
    sheet = workbook.active
    child = household_row(1, 姓名="周小明", 与户主关系="子女", 身份证号=person_id(9))
    for row in (["永嘉县困难家庭登记表"], HOUSEHOLD_HEADS, household_row(1), child):
        sheet.append(row)
    sheet.merge_cells("A1:L1")
    for letter in "ABCDEFG":
        sheet.merge_cells(f"{letter}3:{letter}4")
    assert desk.faults("households", saved(workbook)) == []
    sheet.merge_cells("J3:J4")
    [(row, column, reason)] = desk.faults("households", saved(workbook))
    assert (row, column) == (4, "身份证号")
    assert "unmerge" in reason


def test_members_that_contradict_their_household_are_named(desk) -> None:
    other = household_row(1, 姓名="周小明", 与户主关系="子女", 身份证号=person_id(9), 身份类别="特困人员")
    [(row, column, reason)] = desk.faults("households", households_file(household_row(1), other))
    assert (row, column) == (3, "身份类别")
    assert "row 2" in reason


def test_two_heads_are_named(desk) -> None:
    other = household_row(1, 姓名="李四", 身份证号=person_id(9))
    [(row, column, reason)] = desk.faults("households", households_file(household_row(1), other))
    assert (row, column) == (2, "与户主关系")
    assert "exactly one head" in reason


def test_a_missing_column_is_named_and_unknown_ones_are_told(desk) -> None:
    rows = [[*HOUSEHOLD_HEADS, "血型"], [*household_row(1), "A"]]
    assert desk.check("households", xlsx(rows)).report["ignored_columns"] == ["血型"]
    without = [
        [cell for head, cell in zip(rows[0], row, strict=True) if head not in ("姓名", "所在地区")] for row in rows
    ]
    told = [reason for _, _, reason in desk.faults("households", xlsx(without))]
    assert len(told) == 2
    assert "所在地区 / Region" in told[0] + told[1]


def test_columns_come_in_any_order_under_names_people_use(desk) -> None:
    heads = ["公民身份号码", "成员姓名", "关系", "低保类型", "镇街", "救助类别", "五型", "家庭编号"]
    row = [person_id(1), "周建国", "本人", "x", "永嘉县岩坦镇", "低保户", "兜底", "A-1"]
    assert desk.faults("households", xlsx([heads, row])) == []
    english = ["Household", "Region", "Status category", "Main type", "Name", "Relation", "Resident ID"]
    row = ["A", TOWNSHIP, "Subsistence allowance", "care", "Zhou", "head", person_id(2)]
    assert desk.faults("households", xlsx([english, row])) == []


def test_the_template_filled_in_is_imported_and_its_example_is_not(desk) -> None:
    for chinese in (True, False):
        batch = desk.check("households", template_workbook("households", categories=[], skills=[], chinese=chinese))
        assert (batch.report["rows"], batch.report["examples"]) == (0, 1)
        assert "no rows" in batch.report["faults"][0]["message"]


def test_gb18030_with_semicolons_is_imported(desk) -> None:  # promise 15
    text = csv_text([HOUSEHOLD_HEADS, household_row(1)], ";")
    batch = desk.check("households", text.encode("gb18030"), "户.csv")
    assert desk.apply(batch).batch.report["written"] == 1


def test_full_width_digits_are_the_same_digits(desk) -> None:  # promise 15
    wide = {ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}
    row = household_row(1, 身份证号=person_id(1).translate(wide), 联系电话="13812345678".translate(wide))
    assert desk.faults("households", households_file(row)) == []


def test_a_region_outside_ones_own_is_refused(desk) -> None:
    with pytest.raises(OutsideScope):
        check_import(
            desk.session, kind="households", file_name="x", content=households_file(household_row(1)),
            region_code=SIBLING_TOWNSHIP, actor=desk.person.actor, scope=(TOWNSHIP,), now=NOW,
        )  # fmt: skip
    desk.region = SIBLING_TOWNSHIP
    for place in ("岩坦镇", TOWNSHIP):
        [(row, column, _)] = desk.faults("households", households_file(household_row(1, 所在地区=place)))
        assert (row, column) == (2, "所在地区")


def test_villages_are_found_by_name_and_ambiguous_ones_named(desk) -> None:
    batch = desk.check("households", households_file(household_row(1, 所在地区="岩坦镇叶坑村")))
    desk.apply(batch)
    assert desk.session.scalar(sa.select(Household.region_code)) == TOWNSHIP + "203"
    twice = desk.session.execute(
        sa.text(
            "SELECT name FROM regions WHERE code LIKE '330324%' AND level = 5 GROUP BY name HAVING count(*) > 1 LIMIT 1"
        )
    ).scalar_one()
    [(_, column, reason)] = desk.faults("households", households_file(household_row(2, 所在地区=twice)))
    assert column == "所在地区"
    assert "regions have this name" in reason
