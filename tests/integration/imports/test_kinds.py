"""Imports of needs, donors and offerings, and whose an upload is."""

import time
import uuid
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from donors.models import Donor
from donors.offerings.models import Offering
from households.needs.models import Need
from households.operations import close_household
from kernel.audit import SYSTEM
from kernel.errors import Conflict, InvalidInput, NotFound
from marketplace.imports.operations import (
    check_import,
    discard_import,
    empty_old_imports,
    get_import,
    list_imports,
    rejected_rows,
)
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, make_person
from tests.factories_demand import a_head, make_household
from tests.factories_imports import (
    DONOR_HEADS,
    HOUSEHOLD_HEADS,
    NEED_HEADS,
    OFFERING_HEADS,
    code_of_organisation,
    household_row,
    person_id,
    xlsx,
)
from tests.integration.imports.desk import Desk, households_file, make_desk

assert make_desk  # the fixture


def test_needs_refer_to_households_by_number_or_by_the_heads_resident_id(desk) -> None:
    one = make_household(desk.session, a_head(resident_id=person_id(1)))
    make_household(desk.session, a_head(name="李强", resident_id=person_id(2)), risk_tier="high")
    rows = [
        [one.number, None, "大米", 3, None, "2027-06-30"],
        [None, person_id(2), "tutoring_hours", "4", "二级", None],
    ]
    desk.apply(desk.check("needs", xlsx([NEED_HEADS, *rows])))
    needs = desk.session.scalars(sa.select(Need).order_by(Need.category_code)).all()
    assert [(need.category_code, need.quantity, need.tier, need.fill) for need in needs] == [
        ("rice", 3, 2, "any"),
        ("tutoring_hours", 4, 2, "single"),
    ]
    assert needs[0].due_on == date(2027, 6, 30)


def test_needs_that_do_not_hold_are_named(desk) -> None:
    home = make_household(desk.session, a_head(resident_id=person_id(1)))
    other = make_household(desk.session, a_head(resident_id=person_id(2)))
    closed = make_household(desk.session, a_head(resident_id=person_id(3)))
    close_household(desk.session, household_id=closed.id, reason="迁出", **desk.right)
    rows = [
        [home.number, None, "大米", -3, None, None],
        [999_999, None, "大米", 3, None, None],
        [None, None, "大米", 3, None, None],
        [home.number, person_id(2), "大米", 3, None, None],
        [home.number, None, "黄金", 3, None, None],
        [home.number, None, "牛奶", 3, None, "2020-01-01"],
        [other.number, None, "棉被", 1, None, None],
        [other.number, None, "棉被", 2, None, None],
        [closed.number, None, "棉被", 2, None, None],
        [home.number, None, "大米", 1.5, "四级", None],
    ]
    found = [(row, column) for row, column, _ in desk.faults("needs", xlsx([NEED_HEADS, *rows]))]
    assert found == [
        (2, "数量"), (3, "家庭编号"), (4, "家庭编号"), (5, "户主身份证号"), (6, "品类"), (7, "期限"), (9, "品类"),
        (10, "家庭编号"), (11, "数量"), (11, "紧急程度"),
    ]  # fmt: skip


def test_a_need_that_is_open_already_is_named(desk) -> None:
    home = make_household(desk.session, a_head(resident_id=person_id(1)))
    rows = [NEED_HEADS, [home.number, None, "大米", 3, None, None]]
    desk.apply(desk.check("needs", xlsx(rows)))
    [(row, column, reason)] = desk.faults("needs", xlsx([*rows, [home.number, None, "牛奶", 1, None, None]]))
    assert (row, column) == (2, "品类")
    assert "open as no." in reason


def test_a_household_elsewhere_does_not_exist_for_the_importer(desk) -> None:  # promise 11
    home = make_household(desk.session, a_head(resident_id=person_id(1)))
    desk.region = SIBLING_TOWNSHIP
    reasons = {
        reason
        for _, _, reason in desk.faults(
            "needs",
            xlsx([NEED_HEADS, [home.number, None, "大米", 3, None, None], [999_999, None, "大米", 3, None, None]]),
        )
    }
    assert len(reasons) == 1


def test_donors_and_their_offerings(desk) -> None:
    code = code_of_organisation(1)
    donors = [
        DONOR_HEADS,
        ["爱心企业", "永嘉丰收米业", code, None, 13812345678, "岩坦镇", None],
        ["志愿者", "王芳", None, person_id(1), None, "沙头镇", "护理、急救证"],
    ]
    desk.apply(desk.check("donors", xlsx(donors)))
    assert desk.count(Donor) == 2
    offerings = [
        OFFERING_HEADS,
        [code, None, "大米", 200, "岩坦镇", None, "2027-12-31"],
        [None, "王芳", "居家照护", 40, "沙头镇", None, None],
        [None, "永嘉丰收米业", "助餐配送", 100, "岩坦镇", "12.5", None],
    ]
    desk.apply(desk.check("offerings", xlsx(offerings)))
    rows = desk.session.scalars(sa.select(Offering).order_by(Offering.number)).all()
    assert [(row.title, row.quantity, row.unit_cost_fen) for row in rows] == [
        ("大米", 200, 0), ("居家照护", 40, 0), ("助餐配送", 100, 1_250),
    ]  # fmt: skip
    again = desk.faults("offerings", xlsx([*offerings, [code, None, "牛奶", 5, "岩坦镇", None, None]]))
    assert [(row, column) for row, column, _ in again] == [(2, "品类"), (3, "品类"), (4, "品类")]


def test_donors_that_do_not_hold_are_named(desk) -> None:
    code = code_of_organisation(2)
    wrong_code = code[:-1] + ("0" if code[-1] != "0" else "1")
    rows = [
        ["爱心企业", "甲", wrong_code, None, None, "岩坦镇", None],
        ["志愿者", "乙", None, None, None, "岩坦镇", None],
        ["社会组织", "丙", code, None, None, "岩坦镇", None],
        ["社会组织", "丁", code, None, None, "岩坦镇", None],
        ["个人", "戊", None, None, None, "岩坦镇", None],
        ["爱心企业", None, code_of_organisation(3), None, "1", "火星", None],
    ]
    found = [(row, column) for row, column, _ in desk.faults("donors", xlsx([DONOR_HEADS, *rows]))]
    assert found == [
        (2, "统一社会信用代码"), (3, "身份证号"), (5, "统一社会信用代码"), (6, "类别"), (7, "所在地区"), (7, "名称"), (7, "联系电话"),
    ]  # fmt: skip


def test_offerings_that_do_not_hold_are_named(desk) -> None:
    rows = [
        [code_of_organisation(9), None, "大米", 1, "岩坦镇", None, None],
        [None, "无此人", "大米", 1, "岩坦镇", None, None],
        [None, None, "大米", 1, "岩坦镇", None, None],
        ["123", None, "大米", "很多", "岩坦镇", "五元", None],
    ]
    found = [(row, column) for row, column, _ in desk.faults("offerings", xlsx([OFFERING_HEADS, *rows]))]
    assert found == [
        (2, "捐赠方信用代码"), (3, "捐赠方名称"), (4, "捐赠方信用代码"), (5, "数量"), (5, "单价(元)"), (5, "捐赠方信用代码"),
    ]  # fmt: skip


def test_several_sheets_are_read_and_others_passed_over(desk) -> None:
    content = xlsx(
        [HOUSEHOLD_HEADS, household_row(1)], [["随笔"], ["x"]], [HOUSEHOLD_HEADS, household_row(2, 身份证号="1")],
        names=["一村", "说明", "二村"],
    )  # fmt: skip
    report = desk.check("households", content).report
    assert (report["rows"], report["ignored_sheets"]) == (2, ["说明"])
    assert [(fault["sheet"], fault["row"]) for fault in report["faults"]] == [("二村", 2)]


def test_an_upload_is_its_owners_alone(desk, session) -> None:  # promise 11
    batch = desk.check("households", households_file(household_row(1)))
    other = Desk(session, make_person(session, "other", ("coordinator", COUNTY)))
    with pytest.raises(NotFound):
        other.apply(batch)
    with pytest.raises(NotFound):
        get_import(session, uuid.uuid4(), **{k: v for k, v in desk.right.items() if k != "now"})
    assert list_imports(session, actor=other.person.actor) == []
    assert [one.id for one in list_imports(session, actor=desk.person.actor)] == [batch.id]


def test_discarding_and_age_empty_the_file(desk, session) -> None:
    batch = desk.check("households", households_file(household_row(1)))
    assert discard_import(session, batch_id=batch.id, **desk.right).status == "discarded"
    assert batch.file_sealed is None
    with pytest.raises(Conflict, match="done or discarded"):
        desk.apply(batch)
    old = desk.check("households", households_file(household_row(2)))
    assert empty_old_imports(session, before=NOW - timedelta(days=1), now=NOW) == 0
    assert empty_old_imports(session, before=NOW + timedelta(days=1), now=NOW) == 1
    assert (old.status, old.file_sealed) == ("discarded", None)


def test_rejected_rows_wait_sealed_until_discarded(desk, session) -> None:
    content = households_file(household_row(1), household_row(2, 身份证号="1"))
    batch = desk.apply(desk.check("households", content), partial=True).batch
    right = {key: desk.right[key] for key in ("actor", "scope")}
    assert rejected_rows(session, batch_id=batch.id, **right).startswith(b"PK")
    discard_import(session, batch_id=batch.id, **desk.right)
    assert batch.status == "imported"
    with pytest.raises(NotFound):
        rejected_rows(session, batch_id=batch.id, **right)


def test_an_unknown_kind_and_a_file_that_is_none_are_refused(desk) -> None:
    with pytest.raises(InvalidInput):
        desk.check("people", households_file())
    with pytest.raises(InvalidInput, match="empty"):
        desk.check("households", b"")
    with pytest.raises(InvalidInput, match="account"):
        check_import(
            desk.session, kind="needs", file_name="x", content=b"a", region_code=COUNTY, actor=SYSTEM, scope=(COUNTY,),
            now=NOW,
        )  # fmt: skip


def test_no_number_of_a_person_is_left_in_clear(desk, session) -> None:  # promise 19
    wrong = household_row(1, 所在地区=person_id(5), 姓名="x" * 60)
    batch = desk.check("households", households_file(wrong), f"{person_id(5)}.xlsx")
    session.commit()
    for stored in (str(batch.report), batch.file_name):
        assert person_id(5) not in stored
        assert "13812345678" not in stored


def test_four_times_the_needs_take_no_more_than_in_proportion(desk, session) -> None:
    homes = [make_household(session, a_head(resident_id=person_id(number))) for number in range(60)]
    categories = ["大米", "食用油", "牛奶", "棉被", "冬衣"]
    rows = [
        [home.number, None, category, 2, None, (date(2027, 4, 1) + timedelta(days=day)).isoformat()]
        for day in range(15)
        for home in homes
        for category in categories
    ]

    def imported(some) -> float:
        """Our own seconds: others share the machine while tests run."""
        spent = time.process_time()
        batch = desk.check("needs", xlsx([NEED_HEADS, *some]))
        desk.apply(batch)
        session.commit()
        return time.process_time() - spent

    few, many = imported(rows[:900]), imported(rows[900:])
    assert desk.count(Need) == 4_500
    assert many < 8 * few
