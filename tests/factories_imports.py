"""Files to import, made in memory."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from stdnum.cn import uscc

from tests.factories import resident_id

HOUSEHOLD_HEADS = ["户号", "所在地区", "身份类别", "帮扶类型", "风险等级", "同意参与匹配", "联系电话", "姓名", "与户主关系", "身份证号", "性别", "出生日期"]  # fmt: skip
NEED_HEADS = ["家庭编号", "户主身份证号", "品类", "数量", "紧急程度", "期限"]
DONOR_HEADS = ["类别", "名称", "统一社会信用代码", "身份证号", "联系电话", "所在地区", "技能"]
OFFERING_HEADS = ["捐赠方信用代码", "捐赠方名称", "品类", "数量", "所在地区", "单价(元)", "截止日期"]


def xlsx(*sheets: Sequence[Sequence[Any]], names: Sequence[str] = ()) -> bytes:
    """A workbook of these sheets, each a list of rows."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for number, rows in enumerate(sheets):
        sheet = workbook.create_sheet(names[number] if names else f"Sheet{number + 1}")
        for row in rows:
            sheet.append(list(row))
    return saved(workbook)


def saved(workbook: Workbook) -> bytes:
    """The workbook's bytes."""
    body = io.BytesIO()
    workbook.save(body)
    return body.getvalue()


def csv_text(rows: Sequence[Sequence[Any]], delimiter: str = ",") -> str:
    """The rows as CSV."""
    body = io.StringIO()
    csv.writer(body, delimiter=delimiter).writerows(rows)
    return body.getvalue()


def person_id(number: int) -> str:
    """The resident ID of an invented grown-up, another for each number."""
    return resident_id(born=f"{1950 + number % 45}{1 + number // 45 % 12:02d}{1 + number // 540 % 28:02d}")


def household_row(number: int, **values: Any) -> list[Any]:
    """One household of one person."""
    row = {
        "户号": str(number), "所在地区": "岩坦镇", "身份类别": "低保对象", "帮扶类型": "兜底型", "风险等级": "重点",
        "同意参与匹配": "是", "联系电话": "13812345678", "姓名": f"周{number}", "与户主关系": "户主",
        "身份证号": person_id(number), "性别": None, "出生日期": None,
    } | values  # fmt: skip
    return [row[head] for head in HOUSEHOLD_HEADS]


def code_of_organisation(number: int) -> str:
    """A social credit code of right form that belongs to nobody."""
    first = f"91330324MA{number:07d}"
    return first + uscc.calc_check_digit(first)
