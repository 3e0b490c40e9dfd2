"""The pages of households, needs and imports, without script, in both languages."""

import html
import io
import re
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session, sessionmaker

from households.accounts import join_account
from kernel.accounts.models import User
from kernel.audit import SYSTEM
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, TOWNSHIP, make_user, resident_id
from tests.factories_demand import a_head, make_household, make_need
from tests.factories_imports import HOUSEHOLD_HEADS, household_row, xlsx
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]


@pytest.fixture
def worker(app_sessions: sessionmaker[Session], browser_of: Open) -> Browser:  # noqa: F811
    with app_sessions.begin() as session:
        make_user(session, "worker.li", ("worker", TOWNSHIP))
    return browser_of("worker.li")


def new_household(**changes: str) -> dict[str, str]:
    """The form filled in: a head and a child, and the boxes left empty as a browser sends them."""
    return {
        "region_code": f"{TOWNSHIP} · 岩坦镇", "status_category": "subsistence_allowance", "main_type": "care",
        "risk_tier": "key", "phone": "13812345678", "consented": "y", "rows": "3",
        "m0-name": "周建国", "m0-relation": "head", "m0-resident_id": resident_id(), "m0-disability_grade": "2",
        "m1-name": "周小明", "m1-relation": "child", "m1-sex": "male", "m1-born_on": "2018-01-02", "m1-in_school": "y",
        "m0-born_on": "", "m1-resident_id": "", "m2-name": "", "m2-relation": "", "m2-resident_id": "", "m2-born_on": "",
    } | changes  # fmt: skip


def test_a_household_is_registered_looked_at_changed_and_closed(worker: Browser) -> None:  # promise 20
    worker.get("/households")
    made = worker.post("/households/new", page="/households/new", **new_household())
    path = made.headers["Location"]
    page = worker.get(path)
    assert "周小明" in page
    assert "+86138******78" in page
    assert resident_id() not in page
    edit = worker.get(f"{path}/edit")
    assert resident_id() not in edit
    ids = dict(re.findall(r'name="(m\d-id)" type="hidden" value="([^"]+)"', edit)) or {
        name: value for value, name in re.findall(r'value="([0-9a-f-]{36})"[^>]*name="(m\d-id)"', edit)
    }
    if not ids:
        ids = dict(re.findall(r'<input id="(m\d-id)"[^>]*value="([0-9a-f-]{36})"', edit))
    assert len(ids) == 2
    version = re.search(r'name="version" type="hidden" value="(\d+)"', edit)
    assert version
    change = new_household(**{"m0-resident_id": "", "m1-remove": "y", "phone": "", "version": version[1], **ids})
    worker.post(f"{path}/edit", page=f"{path}/edit", **change)
    page = worker.get(path)
    assert "周小明" not in page
    assert resident_id()[:6] + "*" * 11 in page
    worker.post(f"{path}/edit", page=f"{path}/edit", status=409, **change)
    worker.post(
        f"{path}/indicators", page=f"{path}/indicators", as_of="2026-01-05", source="入户", wages_year="12,000.50"
    )
    assert "¥12,000.50" in worker.get(path)
    consents = path.replace("/households/", "/consents/")
    worker.post(f"{consents}/withdraw", page=consents, purpose="match")
    assert "has not consented" in worker.get(path)
    worker.post(f"{path}/opt-out", page=path, opted_out="yes")
    worker.post(f"{path}/close", page=path, status=422, reason="")
    worker.post(f"{path}/close", page=path, reason="迁出")
    worker.post(f"{path}/reopen", page=path)


def test_wrong_input_stands_at_its_field_and_what_was_typed_stays(worker: Browser) -> None:
    wrong = new_household(**{"m0-resident_id": "123", "m1-born_on": "昨天", "region_code": "火星", "phone": "1"})
    page = html.unescape(worker.post("/households/new", page="/households/new", status=422, **wrong).text)
    assert "the date of birth is no date" in page
    assert 'value="火星"' in page
    again = new_household(**{"m0-resident_id": "123", "region_code": "岩坦镇", "phone": "1"})
    page = html.unescape(worker.post("/households/new", page="/households/new", status=422, **again).text)
    assert "Member 1, Resident ID: A resident ID has 17 digits" in page
    assert "telephone number" in page
    assert 'value="周小明"' in page


def test_more_rows_are_given_without_script_and_nothing_typed_is_lost(worker: Browser) -> None:
    page = html.unescape(
        worker.post("/households/new", page="/households/new", status=200, more="1", **new_household()).text
    )
    assert "m5-name" in page
    assert 'value="周小明"' in page


def test_numbers_are_shown_for_a_purpose_alone(worker: Browser, app_sessions: sessionmaker[Session]) -> None:
    # promise 20
    made = worker.post("/households/new", page="/households/new", **new_household())
    path = made.headers["Location"]
    refused = worker.post(f"{path}/reveal", page=path, status=422, purpose="")
    assert resident_id() not in refused.text
    shown = worker.post(f"{path}/reveal", page=path, status=200, purpose="约定送货时间")
    assert resident_id() in shown.text
    assert "no-store" in shown.headers["Cache-Control"]
    page = worker.get(path)
    assert "约定送货时间" in page
    assert resident_id() not in page


def test_a_person_is_found_without_the_number_in_the_address(worker: Browser) -> None:  # promise 19
    made = worker.post("/households/new", page="/households/new", **new_household())
    found = worker.post("/households/find", page="/households", resident_id=resident_id())
    assert found.headers["Location"] == made.headers["Location"]
    worker.post("/households/find", page="/households", status=404, resident_id=resident_id(born="19700101"))
    worker.post("/households/find", page="/households", status=422, resident_id="1")


def test_needs_are_posted_changed_and_withdrawn(worker: Browser) -> None:
    path = worker.post("/households/new", page="/households/new", **new_household()).headers["Location"]
    new = f"/needs/new?household_id={path.rsplit('/', 1)[1]}"
    worker.post(new, page=new, status=422, category_code="rice", quantity="-1")
    worker.post(new, page=new, category_code="rice", quantity="4", due_on="2099-01-01", tier="", type="", fill="")
    listed = worker.get("/needs?tier=2&category=rice&text=zhou")
    need = re.search(r'href="(/needs/[0-9a-f-]{36})"', listed)
    assert need
    assert "Rice" in worker.get(need[1])
    version = re.search(r'name="version" type="hidden" value="(\d+)"', worker.get(f"{need[1]}/edit"))
    assert version
    change = {
        "category_code": "rice",
        "quantity": "6",
        "tier": "1",
        "type": "care",
        "fill": "whole",
        "version": version[1],
    }
    worker.post(f"{need[1]}/edit", page=f"{need[1]}/edit", **change)
    worker.post(f"{need[1]}/edit", page=f"{need[1]}/edit", status=409, **change)
    worker.post(f"{need[1]}/withdraw", page=need[1], status=422, reason="")
    worker.post(f"{need[1]}/withdraw", page=need[1], reason="不再需要")
    assert "No need is open" in worker.get("/needs")
    assert "No need fits" in worker.get("/needs?overdue=1&status=open")


def test_a_file_is_checked_and_imported_on_the_page(worker: Browser) -> None:
    rows = [HOUSEHOLD_HEADS, household_row(1), household_row(2, 身份证号="1"), household_row(3)]
    form = worker.form("/imports", kind="households", region_code=TOWNSHIP, file=(io.BytesIO(xlsx(rows)), "户.xlsx"))
    checked = worker.client.post("/imports", data=form, content_type="multipart/form-data")
    assert checked.status_code == 303, html.unescape(checked.text)
    path = checked.headers["Location"]
    page = worker.get(path)
    assert "A resident ID has 17 digits" in page
    worker.post(f"{path}/apply", page=path, status=409)
    worker.post(f"{path}/apply", page=path, partial="yes")
    assert "rows left out" in worker.get(path)
    assert worker.client.get(f"{path}/rejected").data.startswith(b"PK")
    worker.post(f"{path}/discard", page=path)
    assert "周3" in worker.get("/households")
    assert worker.client.get("/imports/template/households").data.startswith(b"PK")
    assert "Donors" not in worker.get("/imports").split("Templates")[1]
    worker.get("/imports/template/people", 404)
    worker.post("/imports", page="/imports", status=422, kind="households", region_code=TOWNSHIP)


def test_pages_outside_ones_regions_do_not_exist(worker: Browser, app_sessions: sessionmaker[Session]) -> None:
    # promise 11
    with app_sessions.begin() as session:
        far = make_household(session, a_head(resident_id=resident_id(born="19700101")), region_code=SIBLING_TOWNSHIP)
        need = make_need(session, far)
    for path in (
        f"/households/{far.id}", f"/households/{far.id}/edit", f"/households/{far.id}/indicators", f"/needs/{need.id}",
        f"/needs/{need.id}/edit", f"/needs/new?household_id={far.id}", "/needs/new",
    ):  # fmt: skip
        worker.get(path, 404)


def test_a_household_reads_its_own_page(app_sessions: sessionmaker[Session], browser_of: Open) -> None:  # noqa: F811
    with app_sessions.begin() as session:
        user: User = make_user(session, "zhou", ("household", TOWNSHIP))
        make_user(session, "alone", ("household", TOWNSHIP))
        home = make_household(session)
        make_need(session, home)
        join_account(session, household_id=home.id, user_id=user.id, actor=SYSTEM, scope=(COUNTY,), now=NOW)
    page = browser_of("zhou").get("/households/mine")
    assert "Rice" in page
    assert "Nobody has opened" in page
    assert "not yet joined" in browser_of("alone").get("/households/mine")
    browser_of("zhou").get(f"/households/{home.id}", 403)


def test_every_page_reads_in_chinese(app_sessions: sessionmaker[Session], browser_of: Open) -> None:  # noqa: F811
    with app_sessions.begin() as session:
        make_user(session, "worker.wang", ("worker", TOWNSHIP))
        home = make_household(session)
        need = make_need(session, home)
    browser = browser_of("worker.wang", locale="zh_Hans_CN")
    for path in ("/households", f"/households/{home.id}", "/households/new", "/needs", f"/needs/{need.id}", "/imports"):
        text = re.sub(r"<(script|style|datalist).*?</\1>|<[^>]+>", " ", browser.get(path), flags=re.S)
        words = set(re.findall(r"\b[A-Za-z]{4,}\b", text)) - {"XLSX", "English", "WGS", "worker", "wang"}
        assert not words, (path, words)
