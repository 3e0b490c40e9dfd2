"""Leads on pages and by the API: told by anybody without an account, verified by a worker on a phone, read by the auditor."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from households.leads.models import Lead
from households.leads.operations import close_lead, merge_lead, tie_to_household
from tests.factories import COUNTY, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, make_user, resident_id
from tests.factories_demand import a_head, make_household
from tests.factories_leads import WORKER, hold_policy, make_lead
from tests.integration.conftest import ApiClient
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]
Api = Callable[..., ApiClient]
TELLING = {
    "about": "other", "region_code": f"{TOWNSHIP} · 岩坦镇", "told": "老人独居，屋顶漏雨", "name": "周建国", "address": "溪口 3 号",
    "phone": "13812345678", "teller": "邻居 13700000000",
}  # fmt: skip


@pytest.fixture
def worker(app_sessions: sessionmaker[Session], browser_of: Open) -> Browser:  # noqa: F811
    with app_sessions.begin() as session:
        hold_policy(session)
        make_user(session, "worker.li", ("worker", TOWNSHIP))
    return browser_of("worker.li")


def the_lead(sessions: sessionmaker[Session]) -> Lead:
    with sessions() as session:
        return session.query(Lead).one()


def test_a_tip_off_without_an_account_gets_a_receipt_and_acts_once(
    app: Flask, worker: Browser, app_sessions: sessionmaker[Session]
) -> None:  # promises 19, 20
    nobody = Browser(app.test_client())
    form = nobody.form("/tip-off", **TELLING)
    first = nobody.client.post("/tip-off", data=form)
    again = nobody.client.post("/tip-off", data=form)  # a double tap
    code = re.search(r'id="receipt-code">([^<]+)<', first.text)
    assert first.status_code == 201 and code and code[1] in again.text
    assert first.headers["Cache-Control"] == "no-store"
    lead = the_lead(app_sessions)
    assert (lead.channel, lead.region_code, lead.status) == ("tip_off", TOWNSHIP, "open")
    shown = nobody.post("/tip-off/receipt", page="/tip-off/receipt", status=200, code=code[1].lower())
    assert "周建国" not in shown.text and 'step-later"' in shown.text
    nobody.post("/tip-off/receipt", page="/tip-off/receipt", status=404, code="ZZZZ-ZZZZ-ZZZZ")
    nobody.post("/tip-off/receipt", page="/tip-off/receipt", status=422, code="?")


def test_what_the_public_typed_stays_when_something_is_wrong(app: Flask, worker: Browser) -> None:
    nobody = Browser(app.test_client())
    page = nobody.post("/tip-off", page="/tip-off", status=422, **TELLING | {"told": " ", "phone": "1"}).text
    assert 'value="周建国"' in page and page.count('aria-invalid="true"') == 2
    nobody.post("/tip-off", page="/tip-off", status=422, **TELLING | {"region_code": OTHER_COUNTY})
    mine = nobody.form("/tip-off", **TELLING) | {"form_key": "short"}
    assert nobody.client.post("/tip-off", data=mine).status_code == 422
    assert nobody.client.post("/tip-off", data={**TELLING, "form_key": "k" * 22}).status_code == 400  # no token


def test_reports_of_one_place_are_bounded_and_nothing_typed_is_lost(app: Flask, worker: Browser) -> None:
    nobody = Browser(app.test_client())
    form = nobody.form("/tip-off", **TELLING)
    statuses = [nobody.client.post("/tip-off", data=form).status_code for _ in range(21)]
    assert statuses == [201] * 20 + [429]
    assert "周建国" in nobody.client.post("/tip-off", data=form).text


def test_a_worker_verifies_a_lead_and_registers_the_household(
    worker: Browser, app_sessions: sessionmaker[Session]
) -> None:
    made = worker.post(
        "/leads/new", page="/leads/new", channel="hotline", region_code=TOWNSHIP, told="独居老人", name="周建国", phone="13812345678",
        resident_id=resident_id(), reference="12345-7",
    )  # fmt: skip
    path = made.headers["Location"]
    worker.post(
        "/leads/new",
        page="/leads/new",
        status=409,
        channel="hotline",
        region_code=TOWNSHIP,
        told="再次来电",
        reference="12345-7",
    )
    assert "周建国" in worker.get("/leads") and "周建国" in worker.get("/")
    page = worker.get(path)
    assert "独居老人" not in page and resident_id() not in page and "330324***********" in page
    assert 'value="看看"' in worker.post(f"{path}/reveal", page=path, status=422, purpose="看看").text
    opened = worker.post(f"{path}/reveal", page=path, status=200, purpose="上门核实")
    assert "独居老人" in opened.text and resident_id() in opened.text
    assert "上门核实" in worker.get(path)
    form = worker.get(f"{path}/household")
    assert 'value="周建国"' in form and resident_id() not in form and "13812345678" not in form
    household = {
        "region_code": TOWNSHIP, "status_category": "other", "main_type": "care", "risk_tier": "key", "rows": "1", "m0-name": "周建国",
        "m0-relation": "head", "m0-resident_id": "", "m0-sex": "", "m0-born_on": "",
    }  # fmt: skip
    wrong = worker.post(f"{path}/household", page=f"{path}/household", status=422, **household | {"phone": "1"})
    assert 'value="周建国"' in wrong.text
    done = worker.post(f"{path}/household", page=f"{path}/household", **household)
    home = worker.get(done.headers["Location"])
    assert resident_id()[:6] + "*" * 11 in home and "+86138******78" in home
    lead = the_lead(app_sessions)
    assert (lead.status, str(lead.household_id)) == ("registered", done.headers["Location"].rsplit("/", 1)[1])
    assert worker.client.get(f"{path}/household").status_code == 302


def test_the_same_household_is_shown_with_reasons_and_a_person_decides(
    worker: Browser, app_sessions: sessionmaker[Session]
) -> None:
    with app_sessions.begin() as session:
        home = make_household(session)
        lead, other, third = (make_lead(session, told=told) for told in ("一", "二", "三"))
        closed = make_lead(session, phone=None, name="李秀英")
        close_lead(session, lead_id=closed.id, closing="declined", reason="不愿", **WORKER)
    page = worker.get(f"/leads/{lead.id}")
    assert "Same name, same township" in page and "Same telephone" in page
    worker.post(f"/leads/{other.id}/merge", page=f"/leads/{lead.id}", into_id=lead.id)
    assert f"Lead no. {other.number}" in worker.get(f"/leads/{lead.id}")
    worker.post(f"/leads/{lead.id}/same-household", page=f"/leads/{lead.id}", household_id=home.id)
    assert "Household on file" in worker.get(f"/leads/{lead.id}")
    worker.post(f"/leads/{third.id}/merge", page=f"/leads/{third.id}", into_id=lead.id)
    assert "became a household" in worker.get(f"/leads/{lead.id}")  # refused, and said why
    worker.post(f"/leads/{closed.id}/reopen", page=f"/leads/{closed.id}")
    worker.post(f"/leads/{closed.id}/close", page=f"/leads/{closed.id}", status=422, closing="", reason="仍不愿")
    page = worker.post(
        f"/leads/{closed.id}/close", page=f"/leads/{closed.id}", status=422, closing="declined", reason=""
    )
    assert "Fill this in" in page.text
    worker.post(f"/leads/{closed.id}/close", page=f"/leads/{closed.id}", closing="declined", reason="仍不愿")
    worker.post(f"/leads/{third.id}/owner", page=f"/leads/{third.id}", user_id="x")
    assert "Choose one of the list" in worker.get(f"/leads/{third.id}")
    assert "1" in worker.get("/leads/figures")
    worker.get("/leads/figures?since=yesterday", 422)
    worker.get("/leads?status=closed&channel=hotline&late=1&mine=1&text=li")


def test_the_auditor_reads_and_changes_nothing_and_others_see_nothing(
    worker: Browser,
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:  # promise 11
    with app_sessions.begin() as session:
        here, there = make_lead(session), make_lead(session, region_code=SIBLING_TOWNSHIP)
        make_user(session, "auditor.wang", ("auditor", COUNTY))
        make_user(session, "finance.wu", ("finance", COUNTY))
    auditor = browser_of("auditor.wang")
    assert "Show what is sealed" not in auditor.get(f"/leads/{here.id}")
    for path in ("reveal", "close", "merge", "owner", "reopen", "same-household", "household"):
        auditor.post(f"/leads/{here.id}/{path}", page="/leads", status=403)
    worker.get(f"/leads/{there.id}", 404)
    worker.post(f"/leads/{there.id}/close", page="/leads", status=404, closing="declined", reason="不愿")
    browser_of("finance.wu").get("/leads", 403)


def test_a_household_or_lead_outside_ones_regions_is_not_named(
    worker: Browser, app_sessions: sessionmaker[Session]
) -> None:  # promise 11
    with app_sessions.begin() as session:
        far = make_household(session, a_head(name="郑阿福"), region_code=SIBLING_TOWNSHIP)
        there = make_lead(session, phone=None, name="吴秀英", region_code=SIBLING_TOWNSHIP)
        known, merged = make_lead(session, phone=None), make_lead(session, phone=None)
        tie_to_household(session, lead_id=known.id, household_id=far.id, **WORKER)
        merge_lead(session, lead_id=merged.id, into_id=there.id, **WORKER)
    page = worker.get(f"/leads/{known.id}")
    assert "郑阿福" not in page and str(far.id) not in page and "Household on file" in page
    page = worker.get(f"/leads/{merged.id}")
    assert str(there.id) not in page and "Merged" in page


def test_every_page_of_leads_reads_in_chinese(
    worker: Browser,
    browser_of: Open,  # noqa: F811
    app_sessions: sessionmaker[Session],
) -> None:
    with app_sessions.begin() as session:
        home = make_household(session)
        lead, other = make_lead(session), make_lead(session)
        merge_lead(session, lead_id=other.id, into_id=lead.id, **WORKER)
    browser = browser_of("worker.li", locale="zh_Hans_CN")
    paths = ("/leads", f"/leads/{lead.id}", f"/leads/{lead.id}/household", "/leads/new", "/leads/figures", f"/households/{home.id}", "/tip-off", "/tip-off/receipt")  # fmt: skip
    for path in paths:
        text = re.sub(r"<(script|style|datalist|option).*?</\1>|<[^>]+>", " ", browser.get(path), flags=re.S)
        words = set(re.findall(r"\b[A-Za-z]{4,}\b", text)) - {"English", "worker", "system", "yongjia"}
        assert not words, (path, words)


def test_leads_by_the_api(api_as: Api, app_sessions: sessionmaker[Session]) -> None:  # promises 6, 20
    client, auditor = api_as("worker", region=TOWNSHIP), api_as("auditor")
    entry = {
        "region_code": TOWNSHIP,
        "channel": "home_visit",
        "told": "独居老人",
        "name": "周建国",
        "resident_id": resident_id(),
        "phone": "13812345678",
    }
    made = client.post("/leads", entry, key="same")
    assert made.status_code == 201, made.json
    assert client.post("/leads", entry, key="same").json["id"] == made.json["id"]
    lead = made.json["id"]
    assert resident_id() not in made.text and "独居老人" not in made.text
    assert client.post("/leads", entry | {"phone": "1", "told": ""}).json["faults"][0]["field"] in ("phone", "told")
    assert [one["id"] for one in auditor.get("/leads", channel="home_visit").json["items"]] == [lead]
    assert auditor.post(f"/leads/{lead}/reveal", {"purpose": "上门核实"}).status_code == 403
    assert client.post(f"/leads/{lead}/reveal", {"purpose": "上门核实"}).json["told"] == "独居老人"
    assert client.put(f"/leads/{lead}/owner", {"user_id": str(client.user_id)}).json["owner_id"] == str(client.user_id)
    other = client.post("/leads", entry | {"told": "再报"}).json["id"]
    (found,) = client.get(f"/leads/{other}/candidates").json["items"]
    assert found["reasons"] == ["resident_id", "phone", "name"]
    assert client.post(f"/leads/{other}/merge", {"into_id": lead}).json["id"] == lead
    assert client.post(f"/leads/{lead}/close", {"closing": "declined", "reason": "不愿"}).json["status"] == "closed"
    assert client.post(f"/leads/{lead}/reopen").json["status"] == "open"
    household = {
        "region_code": TOWNSHIP, "status_category": "other", "main_type": "care", "members": [{"name": "周建国", "relation": "head"}],
    }  # fmt: skip
    home = client.post(f"/leads/{lead}/household", household)
    assert home.status_code == 201 and home.json["members"][0]["resident_id_masked"].startswith("330324")
    third = client.post("/leads", entry | {"told": "又报"}).json["id"]
    assert client.put(f"/leads/{third}/household", {"household_id": home.json["id"]}).json["status"] == "known"
    period = {"since": "2020-01-01", "until": "2099-01-01"}
    line = next(one for one in client.get("/leads/figures", **period).json["items"] if one["channel"] == "home_visit")
    assert (line["registered"], line["known"], line["merged"], line["total"]) == (1, 1, 1, 3)
    assert api_as("worker", region=SIBLING_TOWNSHIP).get(f"/leads/{lead}").status_code == 404


def test_a_tip_off_by_the_api_needs_no_account_and_is_told_once(
    api_as: Api, app_sessions: sessionmaker[Session]
) -> None:
    api_as("worker")
    nobody = api_as(None)
    telling = {"region_code": TOWNSHIP, "told": "独居老人"}
    code = nobody.post("/tip-offs", telling, key="k" * 22)
    assert code.status_code == 201, code.json
    assert nobody.post("/tip-offs", telling, key="k" * 22).json == code.json
    assert nobody.post("/tip-offs/stage", code.json).json == {"stage": "received"}
    assert nobody.post("/tip-offs/stage", {"code": "ZZZZ-ZZZZ-ZZZZ"}).status_code == 404
    assert nobody.post("/tip-offs", telling | {"resident_id": resident_id()}).status_code == 422
    assert nobody.get("/leads").status_code == 401
    assert the_lead(app_sessions).channel == "tip_off"


def test_another_household_of_the_same_name_is_told_apart(worker: Browser, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        make_household(session, a_head(name="李大海"))
        lead = make_lead(session)
    assert "looks like this one" in worker.get(f"/leads/{lead.id}")
