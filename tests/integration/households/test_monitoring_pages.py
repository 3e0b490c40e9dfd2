"""Departments' data by file and API, warnings on pages; nothing in clear in the new tables."""

import html
import io
import logging
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.leads.models import Lead
from households.leads.operations import close_lead, reveal_lead
from households.monitoring.models import DepartmentRecord, HouseholdWarning
from households.monitoring.operations import handle_warning
from households.monitoring.records import add_records
from kernel.clock import utc_now
from tests.factories import COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, make_user, resident_id
from tests.factories_demand import a_head, make_household
from tests.factories_imports import csv_text, xlsx
from tests.factories_leads import WORKER, a_bill, a_record, hold_policy, make_lead
from tests.integration.conftest import ApiClient
from tests.integration.households.test_privacy import every_cell
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]
Api = Callable[..., ApiClient]
HEADS = ["来源部门", "记录编号", "数据类别", "状态", "身份证号", "姓名", "所在地区", "发生日期", "个人自付金额(元)"]
STRANGER = resident_id(born="19700707")


def bill(number: str, person: str, amount: str = "12000", **values: str) -> list[str]:
    day = (utc_now() - timedelta(days=30)).date().isoformat()
    row = (
        dict(zip(HEADS, ["医保", number, "医疗费用", "", person, "周某", "岩坦镇", day, amount], strict=True)) | values
    )
    return [row[head] for head in HEADS]


@pytest.fixture
def county(app_sessions: sessionmaker[Session], browser_of: Open) -> Browser:  # noqa: F811
    with app_sessions.begin() as session:
        hold_policy(session)
        make_household(session)
        make_user(session, "county.chen", ("coordinator", COUNTY))
        make_user(session, "worker.li", ("worker", TOWNSHIP))
    return browser_of("county.chen")


def upload(browser: Browser, content: bytes, name: str = "医保.xlsx") -> str:
    form = browser.form("/imports", kind="monitoring", region_code=COUNTY, file=(io.BytesIO(content), name))
    checked = browser.client.post("/imports", data=form, content_type="multipart/form-data")
    assert checked.status_code == 303, checked.text[:2_000]
    return str(checked.headers["Location"])


def count(sessions: sessionmaker[Session], model: type) -> int:
    with sessions() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_a_file_of_bills_raises_a_warning_and_a_lead(county: Browser, app_sessions: sessionmaker[Session]) -> None:
    path = upload(
        county, xlsx([HEADS, bill("1", resident_id()), bill("2", STRANGER, "30000"), bill("3", STRANGER, "1")])
    )
    assert "No fault was found" in county.get(path)
    county.post(f"{path}/apply", page=path)
    assert (count(app_sessions, HouseholdWarning), count(app_sessions, Lead)) == (1, 1)
    listed = county.get("/monitoring")
    assert "High self-paid medical bills: ¥12,000.00 a head" in listed
    # the same records in another file count once
    again = upload(
        county, csv_text([HEADS, bill("1", resident_id()), bill("4", resident_id(), "1")]).encode(), "again.csv"
    )
    county.post(f"{again}/apply", page=again)
    assert count(app_sessions, DepartmentRecord) == 4
    assert "¥12,001.00 a head" not in listed and "¥12,001.00 a head" in county.get("/monitoring")


def test_each_bad_row_is_named_and_the_good_ones_may_go_alone(
    county: Browser, app_sessions: sessionmaker[Session]
) -> None:
    rows = [
        HEADS, bill("1", resident_id()), bill("2", "123"), bill("3", STRANGER, "-1"), bill("", STRANGER), bill("5", STRANGER, 来源部门="小道消息"),
        bill("1", resident_id(), "99"), bill("6", "", 数据类别="灾害事故", 状态="火灾", **{"个人自付金额(元)": ""}), bill("7", STRANGER, 所在地区="瑞安市"),
    ]  # fmt: skip
    path = upload(county, xlsx(rows))
    page = county.get(path)
    for words in ("A resident ID has 17 digits", "an amount in yuan", "Fill this in", "one of the allowed words", "stands on file with other values", "only a disaster may name"):  # fmt: skip
        assert words in page, words
    county.post(f"{path}/apply", page=path, status=409)
    assert count(app_sessions, DepartmentRecord) == 0
    county.post(f"{path}/apply", page=path, partial="yes")
    assert count(app_sessions, DepartmentRecord) == 1
    assert county.client.get(f"{path}/rejected").data.startswith(b"PK")
    assert county.client.get("/imports/template/monitoring").data.startswith(b"PK")


def test_a_warning_is_handled_on_its_page(
    county: Browser,
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:
    with app_sessions.begin() as session:
        add_records(session, entries=[a_bill("1", resident_id())], **WORKER)
        warning = session.scalar(sa.select(HouseholdWarning))
        make_user(session, "auditor.wang", ("auditor", COUNTY))
    worker, path = browser_of("worker.li"), f"/monitoring/warnings/{warning.id}"
    assert "High self-paid medical bills" in worker.get("/")
    worker.post(f"{path}/handle", page=path, status=422, outcome="", note="")
    unseen = worker.post(f"{path}/handle", page=path, status=409, outcome="no_change", note="已核实").text
    assert (
        "More came in" in html.unescape(unseen)
        and f'name="counted_to" type="hidden" value="{warning.counted_to}"' in unseen
    )
    seen = {"counted_to": warning.counted_to, "note": "已核实"}
    page = worker.post(f"{path}/handle", page=path, status=409, outcome="facts_updated", **seen).text
    assert ">已核实</textarea>" in page.replace("\r\n", "").replace("\n", "")
    worker.post(f"{path}/handle", page=path, status=422, outcome="event_recorded", note="属实", event_on="昨天")
    auditor = browser_of("auditor.wang")
    auditor.post(f"{path}/handle", page="/monitoring", status=403, outcome="no_change", note="无")
    worker.post(
        f"{path}/handle",
        page=path,
        outcome="event_recorded",
        note="属实",
        counted_to=warning.counted_to,
        event_kind="accident",
        event_on=(utc_now() - timedelta(days=9)).date().isoformat(),
    )
    for reader in (auditor, worker):
        assert "属实" not in reader.get(path) and "On file, sealed" in reader.get(path)
    assert "Show what is sealed" not in auditor.get(path) and "Event put on record" in auditor.get(path)
    auditor.post(f"{path}/note", page="/monitoring", status=403, purpose="复核处置情况")
    wrong = worker.post(f"{path}/note", page=path, status=422, purpose="看看1381234567").text
    assert 'value="看看1381234567"' in wrong and "属实" not in wrong
    assert "属实" in worker.post(f"{path}/note", page=path, status=200, purpose="复核处置情况").text
    home = f"/households/{warning.household_id}"
    assert "Take it out of monitoring" in worker.get(home)
    board = auditor.get("/monitoring/board?since=2027-01-01&until=2027-12-31")
    assert "岩坦镇" in board and "100%" in board
    worker.post(f"/monitoring{home}/leave", page=home, status=422, reason="")
    assert 'value="长长' in worker.post(f"/monitoring{home}/leave", page=home, status=422, reason="长" * 501).text
    worker.post(f"/monitoring{home}/leave", page=home, reason="收入稳定")
    worker.post(f"/monitoring{home}/enter", page=home)
    for page in ("/monitoring?rule=medical-bills&status=&late=1", f"/monitoring?region={TOWNSHIP}&status=handled"):
        worker.get(page)


def test_warnings_outside_ones_regions_and_roles_are_not_there(
    county: Browser,
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:  # promise 11
    with app_sessions.begin() as session:
        add_records(session, entries=[a_bill("1", resident_id())], **WORKER)
        warning = session.scalar(sa.select(HouseholdWarning))
        make_user(session, "far.zhao", ("worker", SIBLING_TOWNSHIP))
    far = browser_of("far.zhao")
    far.get(f"/monitoring/warnings/{warning.id}", 404)
    far.post(
        f"/monitoring/warnings/{warning.id}/handle", page="/monitoring", status=404, outcome="no_change", note="无"
    )
    far.post(f"/monitoring/warnings/{warning.id}/note", page="/monitoring", status=404, purpose="复核处置情况")
    far.post(f"/monitoring/households/{warning.household_id}/leave", page="/monitoring", status=404, reason="无")
    assert far.client.get("/imports/template/monitoring").status_code == 200
    refused = far.form(
        "/imports", kind="monitoring", region_code=SIBLING_TOWNSHIP, file=(io.BytesIO(xlsx([HEADS])), "a.xlsx")
    )
    assert far.client.post("/imports", data=refused, content_type="multipart/form-data").status_code == 422


def test_monitoring_by_the_api(api_as: Api, county: Browser) -> None:  # promise 6
    client = api_as("coordinator")
    record = {
        "source": "medical_insurance", "number": "A-1", "kind": "medical_bill", "state": "paid", "happened_on": "2026-06-01",
        "region_code": TOWNSHIP, "resident_id": resident_id(), "amount_fen": 1_500_000,
    }  # fmt: skip
    day = (utc_now() - timedelta(days=20)).date().isoformat()
    given = {"records": [record | {"happened_on": day}]}
    assert client.post("/monitoring/records", given).json == {"new": 1, "repeated": 0, "warnings": 1, "leads": 0}
    assert client.post("/monitoring/records", given).json == {"new": 0, "repeated": 1, "warnings": 0, "leads": 0}
    wrong = client.post(
        "/monitoring/records", {"records": [record | {"happened_on": day, "amount_fen": 1}, record | {"number": ""}]}
    )
    assert wrong.status_code == 422
    assert {fault["field"] for fault in wrong.json["faults"]} == {"records.0.number", "records.1.number"}
    worker = api_as("worker", region=TOWNSHIP)
    assert worker.post("/monitoring/records", given).status_code == 403
    (warning,) = worker.get("/monitoring/warnings").json["items"]
    assert worker.get(f"/monitoring/warnings/{warning['id']}").json["facts"]["value"] == 1_500_000
    path, given = f"/monitoring/warnings/{warning['id']}", {"outcome": "plan_to_change", "note": "核实"}
    assert worker.post(f"{path}/handle", given | {"seen_to": warning["counted_to"] - 1}).status_code == 409
    handled = worker.post(f"{path}/handle", given | {"seen_to": warning["counted_to"]})
    assert handled.json["status"] == "handled", handled.json
    assert worker.post(f"{path}/note", {"purpose": "复核处置情况"}).json == {"note": "核实"}
    assert api_as("auditor").post(f"{path}/note", {"purpose": "复核处置情况"}).status_code == 403
    for since, until in (("0001-01-01", "2099-01-01"), ("2020-01-01", "9999-12-31")):
        assert worker.get("/monitoring/board", since=since, until=until).status_code == 422
        assert worker.get("/leads/figures", since=since, until=until).status_code == 422
    home = warning["household_id"]
    assert worker.post(f"/monitoring/households/{home}/enter").json["monitored"] is True
    (line,) = worker.get("/monitoring/board", since="2020-01-01", until="2099-01-01").json["items"]
    assert (line["raised"], line["on_time_rate"], line["monitored"]) == (1, 1.0, 1)
    assert worker.post(f"/monitoring/households/{home}/leave", {"reason": "收入稳定"}).json["monitored"] is False
    assert worker.post(f"/monitoring/households/{home}/leave", {"reason": "收入稳定"}).status_code == 409


def test_every_page_of_monitoring_reads_in_chinese(
    county: Browser,
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:
    with app_sessions.begin() as session:
        add_records(
            session, entries=[a_bill("1", resident_id()), a_record("2", resident_id(), "disaster", "fire")], **WORKER
        )
        warning = session.scalars(sa.select(HouseholdWarning)).first()
    browser = browser_of("worker.li", locale="zh_Hans_CN")
    for path in (
        "/monitoring",
        f"/monitoring/warnings/{warning.id}",
        "/monitoring/board",
        f"/households/{warning.household_id}",
    ):
        text = re.sub(r"<(script|style|datalist).*?</\1>|<[^>]+>", " ", browser.get(path), flags=re.S)
        assert not (words := set(re.findall(r"\b[A-Za-z]{4,}\b", text)) - {"English", "worker", "yongjia"}), (
            path,
            words,
        )


def test_the_canaries_are_nowhere_in_clear(session: Session, caplog: pytest.LogCaptureFixture) -> None:  # promise 19
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    person, phone, teller, told = resident_id(born="19660606"), "13698765432", "13700001111", "她得了某种很少见的病"
    address, detail, number = "溪口村九组八十八号", "某种更少见的病", "YB-CANARY-778899"
    hold_policy(session)
    lead = make_lead(session, resident_id=person, phone=phone, teller=f"邻居 {teller}", told=told, address=address)
    reveal_lead(session, lead_id=lead.id, purpose="上门核实", **WORKER)
    close_lead(session, lead_id=lead.id, closing="declined", reason=told, **WORKER)
    make_household(session, a_head(resident_id=resident_id()))
    entries = [
        a_bill(number, person, amount_fen=9_000_000, detail=detail), a_bill(f"{number}-2", resident_id(), detail=detail),
        a_record(f"{number}-3", None, "disaster", "fire", address=address, detail=detail),
    ]  # fmt: skip
    assert add_records(session, entries=entries, **WORKER).leads == 2
    warning = session.scalars(sa.select(HouseholdWarning)).one()
    handle_warning(session, warning_id=warning.id, outcome="no_change", note=detail, **WORKER)
    session.commit()
    everything = every_cell(session) + caplog.text
    for canary in (person, phone, phone[1:], teller, told, address, detail, number):
        assert canary not in everything, canary
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
