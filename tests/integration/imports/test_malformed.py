"""Hundreds of files with seeded faults: none crashes the import, each row with a planted fault is named, the good ones are not."""

import random
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from kernel.errors import InvalidInput
from marketplace.imports.operations import check_file
from tests.factories import COUNTY
from tests.factories_imports import HOUSEHOLD_HEADS, csv_text, household_row, person_id, saved, xlsx

TODAY = date(2027, 3, 5)

# Each breaks one cell of one row for certain: (column, value).
CERTAIN: list[tuple[str, Any]] = [
    ("身份证号", "330324"),
    ("身份证号", 3.3032419600101e17),
    ("身份证号", "3.30324196E+17"),
    ("身份证号", "33032419601301000X"),
    ("身份证号", "=1+1x"[1:]),
    ("所在地区", "火星镇"),
    ("所在地区", "110101"),
    ("所在地区", None),
    ("身份类别", "富裕"),
    ("身份类别", 12.5),
    ("帮扶类型", ""),
    ("帮扶类型", "九型"),
    ("风险等级", "#N/A"),
    ("同意参与匹配", "也许"),
    ("联系电话", "12"),
    ("联系电话", "电话"),
    ("联系电话", 1e30),
    ("姓名", None),
    ("姓名", "长" * 51),
    ("姓名", "a\x7fb"),
    ("与户主关系", "邻居"),
    ("性别", "未知"),
    ("出生日期", "昨天"),
    ("出生日期", "2027-02-30"),
    ("出生日期", date(2001, 1, 1)),
    ("户号", None),
]
# Each may or may not be a fault; it must only not crash.
WILD: list[Any] = [
    None, "", " ", "\u3000", "　", "０", "'", "''=x", "\u202eabc", "\ufeff", "🀄", "\ud7ff", True, False, 0, -1, 1e308, 5e-324,
    10**17, "1e999", "NaN", "inf", "%s %(x)s {0}", "<x>&amp;", "';--", "=1/0", "2027-03-05", date(1900, 1, 1), date(9999, 12, 31),
    "a" * 5_000, "\n\n", "、、、", "１２３，４５６",
]  # fmt: skip


def planted(seed: int) -> tuple[list[list[Any]], set[int]]:
    """Rows of 12 households, some with one certain fault each; the row numbers of those."""
    chance = random.Random(seed)
    rows = [household_row(number) for number in range(12)]
    broken = set()
    for at in chance.sample(range(12), chance.randint(1, 5)):
        column, value = chance.choice(CERTAIN)
        rows[at][HOUSEHOLD_HEADS.index(column)] = value
        broken.add(at)
    return rows, broken


def packed(rows: list[list[Any]], heads: list[str], seed: int) -> tuple[bytes, int]:
    """The rows as one of the file forms; and the row number of the first one."""
    form = seed % 5
    if form == 0:
        return xlsx([heads, *rows]), 2
    if form == 1:
        return xlsx([["永嘉县困难家庭登记表"], [], heads, *rows]), 4
    as_text = [[cell.isoformat() if isinstance(cell, date) else cell for cell in row] for row in rows]
    encoding = ("utf-8", "gb18030", "utf-8-sig")[form - 2]
    return csv_text([heads, *as_text], ",;\t"[form - 2]).encode(encoding), 2


@pytest.mark.parametrize("batch", range(10))
def test_each_planted_fault_is_named_and_no_good_row_is(session, batch: int) -> None:  # promise 15
    for seed in range(batch * 20, batch * 20 + 20):
        rows, broken = planted(seed)
        content, first = packed(rows, HOUSEHOLD_HEADS, seed)
        checked = check_file(
            session, kind="households", content=content, region_code=COUNTY, scope=(COUNTY,), today=TODAY
        )
        assert {fault.row - first for fault in checked.faults} == broken, seed
        assert all(fault.sheet and fault.column and fault.message for fault in checked.faults), seed
        assert len(checked.drafts) == 12 - len(broken), seed


@pytest.mark.parametrize("kind", ["households", "needs", "donors", "offerings"])
def test_wild_cells_crash_nothing(session, kind: str) -> None:  # promise 15
    from_heads = {
        "households": HOUSEHOLD_HEADS,
        "needs": ["家庭编号", "户主身份证号", "品类", "数量", "紧急程度", "权重", "帮扶类型", "满足方式", "也可接受", "所需技能", "单位价值(元)", "开始日期", "期限", "备注"],
        "donors": ["类别", "名称", "统一社会信用代码", "身份证号", "联系人", "联系电话", "所在地区", "村", "技能", "服务半径(公里)", "可联系户数", "同意公示"],
        "offerings": ["捐赠方信用代码", "捐赠方名称", "捐赠方类别", "品类", "资源名称", "数量", "单价(元)", "政府购买", "所在地区", "服务范围", "服务半径(公里)", "具备技能", "开始日期", "截止日期", "最多服务需求数", "限定类型"],
    }  # fmt: skip
    heads = from_heads[kind]
    likely = ["岩坦镇", "大米", "爱心企业", "志愿者", person_id(3), "3", 2.0, "兜底型", "是", "1", "2027-05-01", "护理"]
    for seed in range(30):
        chance = random.Random(seed)
        rows = [[chance.choice(WILD if chance.random() < 0.5 else likely) for _ in heads] for _ in range(15)]
        rows = [[str(cell)[:5_000] if cell == "=1/0" else cell for cell in row] for row in rows]
        content, _ = packed(rows, heads, seed)
        checked = check_file(session, kind=kind, content=content, region_code=COUNTY, scope=(COUNTY,), today=TODAY)
        assert all(fault.message % fault.values for fault in checked.faults if fault.values)


def test_torn_files_are_refused_or_judged_but_crash_nothing(session) -> None:  # promise 15
    whole_xlsx = xlsx([HOUSEHOLD_HEADS, *(household_row(number) for number in range(5))])
    whole_csv = csv_text([HOUSEHOLD_HEADS, household_row(1)]).encode("gb18030")
    refused = 0
    for seed in range(150):
        chance = random.Random(seed)
        content = bytearray(whole_xlsx if seed % 3 else whole_csv)
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if seed % 4 == 0:
            del content[chance.randrange(len(content)) :]
        try:
            checked = check_file(
                session, kind="households", content=bytes(content), region_code=COUNTY, scope=(COUNTY,), today=TODAY
            )
        except InvalidInput as fault:
            assert fault.field == "file"
            refused += 1
        else:
            assert checked.report["rows"] <= 6
    assert refused > 25


def test_merged_cells_everywhere_crash_nothing(session) -> None:  # promise 15
    for seed in range(20):
        chance = random.Random(seed)
        workbook = Workbook()
        sheet = workbook.active
        for row in ([HOUSEHOLD_HEADS] if seed % 2 else [["登记表"], HOUSEHOLD_HEADS]) + [
            household_row(n) for n in range(6)
        ]:
            sheet.append(row)
        for _ in range(3):
            top, left = chance.randint(1, 8), chance.randint(1, 12)
            sheet.merge_cells(
                start_row=top,
                start_column=left,
                end_row=top + chance.randint(0, 4),
                end_column=left + chance.randint(0, 4),
            )
        check_file(
            session, kind="households", content=saved(workbook), region_code=COUNTY, scope=(COUNTY,), today=TODAY
        )
