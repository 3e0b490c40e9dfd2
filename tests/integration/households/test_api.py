"""Households and needs over the API: masked, scoped, and what is said when it is refused."""

import json
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.accounts import join_account
from kernel.audit import SYSTEM
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_household, make_need
from tests.integration.conftest import ApiClient

As = Callable[..., ApiClient]


def household(**changes: object) -> dict[str, object]:
    member = {"name": "周建国", "relation": "head", "resident_id": resident_id()}
    given = {
        "region_code": TOWNSHIP, "members": [member], "status_category": "subsistence_allowance",
        "main_type": "subsistence", "phone": "13812345678", "consented": True,
    }  # fmt: skip
    return {**given, **changes}


def test_a_household_is_registered_masked_changed_and_closed(api_as: As) -> None:  # promise 20
    api = api_as("worker", region=TOWNSHIP)
    made = api.post("/households", household())
    assert made.status_code == 201, made.text
    assert resident_id() not in made.text
    assert "13812345678" not in made.text
    assert made.json["phone_masked"] == "+86138******78"
    path = f"/households/{made.json['id']}"
    assert api.get(path).json == made.json
    assert [row["number"] for row in api.get("/households", search="zjg").json["items"]] == [made.json["number"]]
    member = {"id": made.json["members"][0]["id"], "name": "周建邦", "relation": "head"}
    change = household(members=[member], version=made.json["version"])
    del change["consented"]
    changed = api.put(path, change)
    assert (changed.status_code, changed.json["head_name"]) == (200, "周建邦")
    assert changed.json["members"][0]["resident_id_masked"] == made.json["members"][0]["resident_id_masked"]
    assert api.put(path, change).status_code == 409
    values = [{"code": "wages_year", "value": "1200000", "as_of": "2026-01-01", "source": "入户"}]
    assert api.put(f"{path}/indicators", {"indicators": values}).json["indicators"][0]["value"] == "1200000.00"
    assert api.post(f"{path}/consents/withdraw", {"purpose": "match"}).json["consented_at"] is None
    assert api.put(f"{path}/opt-out", {"opted_out": True}).json["opted_out"] is True
    assert api.post(f"{path}/close", {"reason": "迁出"}).json["status"] == "closed"
    assert api.post(f"{path}/reopen").json["status"] == "active"


@pytest.mark.parametrize("code", ["medical_year", "education_year", "disability_care_year", "rent_year"])
def test_spending_below_zero_is_refused_and_nothing_is_written(api_as: As, code: str) -> None:
    api = api_as("worker", region=TOWNSHIP)
    path = f"/households/{api.post('/households', household()).json['id']}/indicators"
    good = {"code": "wages_year", "value": "1", "as_of": "2026-01-01", "source": "入户"}
    for value in ("-1", "-0.01", -1):
        refused = api.put(path, {"indicators": [good, good | {"code": code, "value": value}]})
        assert refused.status_code == 422, refused.text
        assert any("indicators" in fault["field"] and "1" in fault["field"] for fault in refused.json["faults"])
    assert api.get(path.removesuffix("/indicators")).json["indicators"] == []


def test_revealing_asks_a_purpose_and_leaves_nothing_in_clear(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    # promises 19, 20
    api = api_as("worker", region=TOWNSHIP)
    path = f"/households/{api.post('/households', household()).json['id']}"
    assert api.post(f"{path}/reveal", {"purpose": ""}).status_code == 422
    opened = api.post(f"{path}/reveal", {"purpose": "约定送货时间"})
    assert (opened.json["phone"], opened.json["members"][0]["resident_id"]) == ("+8613812345678", resident_id())
    assert api.get(f"{path}/looks").json["items"][0]["purpose"] == "约定送货时间"
    with app_sessions() as session:
        for kept in session.scalars(sa.text("SELECT reply::text FROM idempotency_records WHERE reply IS NOT NULL")):
            assert resident_id() not in str(kept)
    assert api_as("reviewer").post(f"{path}/reveal", {"purpose": "好奇一下"}).status_code == 403


def test_wrong_values_are_named_and_nothing_is_kept(api_as: As) -> None:
    api = api_as("coordinator")
    wrong = resident_id()[:17] + "#"
    bad = household(members=[{"name": "", "relation": "head", "resident_id": wrong}], phone="12")
    refused = api.post("/households", bad)
    assert refused.status_code == 422
    assert {fault["field"] for fault in refused.json["faults"]} == {"members.0.name", "members.0.resident_id", "phone"}
    assert wrong not in refused.text
    assert api.get("/households").json["items"] == []
    twice = (api.post("/households", household()), api.post("/households", household()))
    assert [one.status_code for one in twice] == [201, 409]
    assert twice[1].json["field"] == "members.0.resident_id"


@pytest.mark.parametrize("document", [
    {"surprise": 1}, {"members": []}, {"members": None}, {"main_type": "rich"}, {"region_code": "x"}, {"lat": 28.0},
    {"address": "a\x00b"}, {"cap_fen": -1}, {"cap_fen": 2**70}, {"cap_fen": 1.5}, {"members": [{"name": "x"}]},
])  # fmt: skip
def test_malformed_documents_are_refused_as_input(api_as: As, document: dict[str, object]) -> None:
    assert api_as("worker").post("/households", household(**document)).status_code == 422


def test_half_a_character_is_refused_as_input(api_as: As) -> None:
    body = json.dumps(household(address="\ud800")).encode()
    assert api_as("worker").post("/households", data=body, content_type="application/json").status_code == 422


def test_scope_and_roles_hold(api_as: As, app_sessions: sessionmaker[Session]) -> None:  # promise 11
    with app_sessions.begin() as session:
        here = make_household(session)
        need = make_need(session, here)
        there = make_household(session, a_head(resident_id=resident_id(born="19700101")), region_code=SIBLING_TOWNSHIP)
    worker = api_as("worker", region=TOWNSHIP)
    assert [row["id"] for row in worker.get("/households").json["items"]] == [str(here.id)]
    assert worker.get(f"/households/{there.id}").status_code == 404
    assert worker.post(f"/households/{there.id}/reveal", {"purpose": "约定送货"}).status_code == 404
    assert worker.post("/households", household(region_code=OTHER_COUNTY + "001")).status_code == 403
    far = api_as("coordinator", region=OTHER_COUNTY)
    assert far.get(f"/needs/{need.id}").status_code == 404
    assert far.get("/needs").json["items"] == []
    for role in ("volunteer", "enterprise", "household", "finance"):
        api = api_as(role)
        assert api.get("/households").status_code == 403
        assert api.get(f"/needs/{need.id}").status_code == 403
    assert api_as(None).get("/households").status_code == 401


def test_needs_are_posted_listed_changed_and_withdrawn(api_as: As) -> None:
    api = api_as("worker", region=TOWNSHIP)
    home = api.post("/households", household()).json["id"]
    given = {"household_id": home, "category_code": "rice", "quantity": 4}
    made = api.post("/needs", given)
    assert (made.status_code, made.json["tier"], made.json["fill"]) == (201, 3, "any")
    path = f"/needs/{made.json['id']}"
    assert api.get("/needs", tier=3, category_code="rice", search="周").json["items"] == [made.json]
    assert api.get("/needs", overdue="true").json["items"] == []
    changed = api.put(path, {**given, "quantity": 6, "version": made.json["version"]})
    assert (changed.status_code, changed.json["quantity"]) == (200, 6)
    refused = api.post("/needs", {**given, "quantity": -1, "category_code": "gold"})
    assert {fault["field"] for fault in refused.json["faults"]} == {"quantity", "category_code"}
    assert api.post("/needs", {**given, "household_id": str(uuid.uuid4())}).status_code == 404
    assert api.post("/needs", {**given, "quantity": 2**80}).status_code == 422
    assert api.post(f"{path}/withdraw", {"reason": "不再需要"}).json["status"] == "withdrawn"
    assert api.put(path, {**given, "version": changed.json["version"] + 1}).status_code == 409
    assert api.get("/needs", after="9.1").status_code == 422


def test_a_household_sees_its_own_needs_alone(api_as: As, app_sessions: sessionmaker[Session]) -> None:  # promise 11
    api = api_as("household", region=TOWNSHIP)
    with app_sessions.begin() as session:
        mine = make_household(session)
        other = make_household(session, a_head(resident_id=resident_id(born="19700101")))
        need = make_need(session, mine)
        make_need(session, other)
        join_account(
            session,
            household_id=mine.id,
            user_id=api.user_id,
            actor=SYSTEM,
            scope=(COUNTY,),
            now=NOW,  # type: ignore[attr-defined]
        )
    assert [row["id"] for row in api.get("/needs/mine").json["items"]] == [str(need.id)]
    assert api_as("household").get("/needs/mine").json["items"] == []
