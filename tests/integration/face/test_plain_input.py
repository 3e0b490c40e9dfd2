"""Whatever is typed into an address or a form, a page answers with the mend, never with a fault of its own."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from tests.factories import COUNTY, TOWNSHIP, make_user, resident_id
from tests.factories_demand import make_household, make_need
from tests.factories_leads import hold_policy
from tests.integration.rounds_web.conftest import Browser, browser_of

assert browser_of
Open = Callable[..., Browser]
ROLES = ("coordinator", "administrator", "finance", "federation")
LISTS = {
    "/leads": "region", "/households": "region", "/monitoring": "region", "/needs": "region", "/plans": "region", "/reviews": "region",
    "/problems": "region", "/visits": "place", "/deliveries": "place", "/households/list.csv": "region", "/needs/list.csv": "region",
}  # fmt: skip
CONTROL, CONTROL_ZH = "This text holds control characters", "控制字符"


@pytest.fixture
def county(app_sessions: sessionmaker[Session], browser_of: Open) -> Browser:  # noqa: F811
    with app_sessions.begin() as session:
        hold_policy(session)
        make_user(session, "county.chen", *((role, COUNTY) for role in ROLES))
    return browser_of("county.chen")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_refuses_what_is_no_region_and_no_text(county: Browser, path: str) -> None:
    for typed in ("a\0", "\U0010ffff", "\ud7ff", "33032x", "3" * 13, "３３０３"):
        county.get(f"{path}?{LISTS[path]}={quote(typed)}", 422)
    assert CONTROL in county.get(f"{path}?text=%00", 422)
    assert county.client.get(f"{path}?{LISTS[path]}={TOWNSHIP}").status_code == 200


def test_no_page_fails_on_a_nul_in_its_address(app: Flask, county: Browser) -> None:
    plain = [rule for rule in app.url_map.iter_rules() if not rule.arguments and "GET" in (rule.methods or ())]
    paths = [rule.rule for rule in plain if not rule.rule.startswith("/api/") and rule.endpoint != "static"]
    assert len(paths) > 40
    for path in paths:
        assert county.client.get(f"{path}?text=a%00&region=%00").status_code < 500, path


@pytest.mark.parametrize("field", ["region_code", "told", "name", "address", "teller", "phone"])
def test_a_tip_off_with_a_nul_is_refused_without_an_account(app: Flask, county: Browser, field: str) -> None:
    nobody = Browser(app.test_client())
    telling = {"about": "other", "region_code": TOWNSHIP, "told": "老人独居"}
    refused = nobody.post("/tip-off", page="/tip-off", status=422, **telling | {field: "a\0"})
    assert CONTROL_ZH in refused.text


def test_what_is_typed_with_another_control_character_stays_in_the_form(app: Flask, county: Browser) -> None:
    nobody = Browser(app.test_client())
    telling = {"about": "other", "region_code": TOWNSHIP, "told": "老人独居", "name": "周\x01建国"}
    refused = nobody.post("/tip-off", page="/tip-off", status=422, **telling)
    assert CONTROL_ZH in refused.text and "老人独居</textarea>" in refused.text


def test_forms_refuse_a_nul_a_superscript_and_a_row_of_hyphens(
    county: Browser, app_sessions: sessionmaker[Session]
) -> None:
    with app_sessions.begin() as session:
        home = make_household(session)
        need = make_need(session, home)
    path = f"/households/{home.id}"
    for step, name in (("close", "reason"), ("reveal", "purpose"), ("attachments/remove", "reason")):
        county.post(f"{path}/{step}", page=path, status=422, **{name: "核对\0身份"})
    county.post(f"/needs/{need.id}/withdraw", page=f"/needs/{need.id}", status=422, reason="不再\x01需要")
    county.post(f"{path}/close", page=path, status=422, reason="全家\x01迁出")
    county.post(f"{path}/reveal", page=path, status=422, purpose="核对\x01身份")
    household = {
        "region_code": TOWNSHIP, "status_category": "other", "main_type": "care", "risk_tier": "key", "rows": "²", "version": "²",
        "m0-id": home.members[0].id, "m0-name": "周建国", "m0-relation": "head",
    }  # fmt: skip
    assert county.client.post(f"{path}/edit", data=county.form(f"{path}/edit", **household)).status_code in (409, 422)
    change = {"category_code": "rice", "quantity": "6", "tier": "1", "type": "care", "fill": "whole", "version": "²"}
    county.post(f"/needs/{need.id}/edit", page=f"/needs/{need.id}/edit", status=409, **change)
    hyphens = {"leaving": "-" * 36, f"relation-{'-' * 36}": "head"}
    county.post(f"{path}/life/split", page=f"{path}/life/split", status=422, **hyphens)


@pytest.mark.parametrize("path", ["/leads/figures", "/monitoring/board"])
@pytest.mark.parametrize(
    "days", ["until=9999-12-31", "since=0001-01-01", "since=2027-03-05&until=2027-03-04", "since=x"]
)
def test_a_period_nobody_means_is_refused(county: Browser, path: str, days: str) -> None:
    county.get(f"{path}?{days}", 422)


@pytest.mark.parametrize("path", ["/households", "/leads", "/needs"])
def test_a_resident_id_leaves_the_address_of_a_list(county: Browser, path: str) -> None:
    number = resident_id()
    for typed in (number, f" {number[:6]} {number[6:].lower()}"):
        sent = county.client.get(f"{path}?text={quote(typed)}&region={TOWNSHIP}")
        assert (sent.status_code, sent.headers["Location"]) == (302, f"{path}?region={TOWNSHIP}")
        assert number[6:] not in sent.text
        assert "use the search by resident ID" in county.get(sent.headers["Location"])


def test_an_export_is_not_widened_by_leaving_a_resident_id_out(county: Browser) -> None:
    county.get(f"/households/list.csv?text={resident_id()}", 422)


def test_a_value_the_database_cannot_hold_is_bad_input(app: Flask) -> None:
    error = sa.exc.DataError("SELECT", {}, ValueError())
    with app.test_request_context("/api/v1/leads"):
        reply = app.make_response(app.handle_user_exception(error))
    assert (reply.status_code, reply.json["code"]) == (422, "invalid")
