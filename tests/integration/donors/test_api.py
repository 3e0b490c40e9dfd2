"""Donors, offerings and funds over the API: who may, what comes back, and what is said when it is refused."""

import json
import uuid
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy.orm import Session, sessionmaker

from donors.operations import let_act_for
from kernel.audit import SYSTEM
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_supply import make_enterprise, make_fund, make_offering, make_volunteer, organisation_code
from tests.integration.conftest import ApiClient

As = Callable[..., ApiClient]


def enterprise(**changes: object) -> dict[str, object]:
    given = {
        "kind": "enterprise",
        "name": "楠溪江食品",
        "region_code": TOWNSHIP,
        "uscc": organisation_code(),
        "phone": "13800000001",
    }
    return {**given, **changes}


def test_a_donor_is_registered_read_changed_and_suspended(api_as: As) -> None:
    api = api_as("federation")
    made = api.post("/donors", enterprise())
    assert made.status_code == 201
    donor = made.json
    assert donor["phone_masked"] == "+86138******01"
    assert "13800000001" not in made.text
    path = f"/donors/{donor['id']}"
    assert api.get(path).json == donor
    changed = api.put(path, enterprise(uscc=donor["uscc"], name="新名字", version=donor["version"]))
    assert (changed.status_code, changed.json["name"]) == (200, "新名字")
    stale = api.put(path, enterprise(uscc=donor["uscc"], version=donor["version"]))
    assert (stale.status_code, stale.json["field"]) == (409, "version")
    assert api.post(f"{path}/suspend", {"reason": "核查"}).json["status"] == "suspended"
    assert api.get("/donors", status="suspended").json["items"][0]["id"] == donor["id"]
    assert api.post(f"{path}/resume", {"reason": "核实"}).json["status"] == "active"


def test_wrong_numbers_are_named_at_their_fields_and_nothing_is_kept(api_as: As) -> None:
    api = api_as("coordinator")
    refused = api.post("/donors", enterprise(uscc="91330324MA0000000X", name="", phone="12"))
    assert refused.status_code == 422
    assert {fault["field"] for fault in refused.json["faults"]} == {"uscc", "name", "phone"}
    wrong = resident_id()[:17] + "0"
    refused = api.post("/donors", {"kind": "volunteer", "name": "林", "region_code": TOWNSHIP, "resident_id": wrong})
    assert (refused.status_code, [fault["field"] for fault in refused.json["faults"]]) == (422, ["resident_id"])
    assert wrong not in refused.text
    assert api.get("/donors").json == {"items": [], "next": None}


@pytest.mark.parametrize("document", [
    {"surprise": 1}, {"kind": "bank"}, {"name": "a\x00b"}, {"region_code": "33' OR 1=1"},
    {"skills": ["\x00"]}, {"lat": "NaN", "lon": 1}, {"name": ["x"]}, {"uscc": "１" * 30},
])  # fmt: skip
def test_malformed_documents_are_refused_as_input(api_as: As, document: dict[str, object]) -> None:
    assert api_as("federation").post("/donors", enterprise(**document)).status_code == 422


def test_half_a_character_is_refused_as_input(api_as: As) -> None:
    body = json.dumps(enterprise(name="\ud800")).encode()
    refused = api_as("federation").post("/donors", data=body, content_type="application/json")
    assert (refused.status_code, refused.json["field"]) == (422, "name")


def test_scope_and_roles_hold(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        here, there = make_enterprise(session), make_enterprise(session, region_code=OTHER_COUNTY)
        sibling = make_enterprise(session, region_code=SIBLING_TOWNSHIP)
    worker = api_as("worker", region=TOWNSHIP)
    assert [row["id"] for row in worker.get("/donors").json["items"]] == [str(here.id)]
    for donor in (there, sibling):
        assert worker.get(f"/donors/{donor.id}").status_code == 404
    assert worker.post("/donors", enterprise()).status_code == 403
    assert api_as(None).get("/donors").status_code == 401
    outside = api_as("federation").post("/donors", enterprise(region_code=OTHER_COUNTY))
    assert (outside.status_code, outside.json["code"], outside.json["field"]) == (403, "outside_scope", "region_code")


def test_an_enterprise_keeps_its_own_offerings_and_no_others(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    api = api_as("enterprise")
    with app_sessions.begin() as session:
        own, other = make_enterprise(session), make_enterprise(session)
        let_act_for(session, donor_id=own.id, user_id=api.user_id, actor=SYSTEM, now=NOW)  # type: ignore[attr-defined]
        foreign = make_offering(session, donor=other)
    document = {
        "donor_id": str(own.id),
        "category_code": "rice",
        "title": "米",
        "quantity": 20,
        "region_code": TOWNSHIP,
    }
    made = api.post("/offerings", document)
    assert made.status_code == 201
    assert made.json["available"] == 20
    path = f"/offerings/{made.json['id']}"
    assert api.put(path, {**document, "quantity": 30, "version": 1}).json["quantity"] == 30
    assert api.post(f"{path}/pause").json["status"] == "paused"
    assert [row["id"] for row in api.get("/offerings/mine").json["items"]] == [made.json["id"]]
    assert [row["id"] for row in api.get("/donors/mine").json["items"]] == [str(own.id)]
    assert api.get("/offerings").status_code == 403
    assert api.get(f"/offerings/{foreign.id}").status_code == 404
    assert api.post(f"/offerings/{foreign.id}/withdraw").status_code == 404
    assert api.post("/offerings", {**document, "donor_id": str(other.id)}).status_code == 404
    assert api_as("worker").post("/offerings", document).status_code == 403
    assert api_as("household").get(path).status_code == 403


def test_a_negative_quantity_and_unknown_codes_are_named(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        donor = make_enterprise(session)
    document = {
        "donor_id": str(donor.id),
        "category_code": "rice",
        "title": "米",
        "quantity": -1,
        "region_code": TOWNSHIP,
    }
    api = api_as("coordinator")
    refused = api.post("/offerings", document)
    assert (refused.status_code, [fault["field"] for fault in refused.json["faults"]]) == (422, ["quantity"])
    refused = api.post("/offerings", {**document, "quantity": 10**30})
    assert refused.status_code == 422
    refused = api.post(
        "/offerings",
        {**document, "quantity": 1, "category_code": "gold", "fund_ids": [str(uuid.uuid4())], "unit_cost_fen": 5},
    )
    assert {fault["field"] for fault in refused.json["faults"]} == {"category_code", "fund_ids"}


def test_lists_filter_and_page(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        donor = make_enterprise(session)
        for title in ("大米一", "大米二", "大米三"):
            make_offering(session, donor=donor, title=title)
        make_offering(session, donor=donor, category_code="milk", title="牛奶")
    api = api_as("auditor")
    first = api.get("/offerings", search="大米", limit=2).json
    second = api.get("/offerings", search="大米", limit=2, after=first["next"]).json
    assert [row["title"] for row in first["items"] + second["items"]] == ["大米三", "大米二", "大米一"]
    assert second["next"] is None
    assert [row["title"] for row in api.get("/offerings", category_code="milk").json["items"]] == ["牛奶"]
    for query in ({"limit": 0}, {"after": "x"}, {"kind": "bank"}, {"after": 2**70}, {"search": "\x00"}):
        assert api.get("/donors", **query).status_code == 422


def test_a_donation_moves_the_balance_once_however_often_it_is_sent(api_as: As) -> None:  # promises 2 and 6
    api = api_as("finance")
    fund = api.post(
        "/funds", {"name": "专项基金", "kind": "special_fund", "region_code": COUNTY, "categories": ["rice"]}
    ).json
    path = f"/funds/{fund['id']}"
    document = {"amount_fen": 12_345, "received_on": date.today().isoformat(), "giver_name": "爱心人士"}  # noqa: DTZ011
    sent = [api.post(f"{path}/donations", document, key="one-gift") for _ in range(3)]
    assert [reply.status_code for reply in sent] == [201, 201, 201]
    assert len({reply.json["id"] for reply in sent}) == 1
    balances = api.get(path).json
    assert (balances["received_fen"], balances["available_fen"], balances["spent_fen"]) == (12_345, 12_345, 0)
    (line,) = api.get(f"{path}/ledger").json["items"]
    assert (line["kind"], line["available_fen"]) == ("donation", 12_345)
    assert len(api.get(f"{path}/donations").json["items"]) == 1
    assert api.get(f"{path}/trace").json["flows"] == []
    refused = api.post(f"{path}/donations", {**document, "amount_fen": -1, "giver_name": ""})
    assert {fault["field"] for fault in refused.json["faults"]} == {"amount_fen", "giver_name"}
    assert api.post(f"{path}/close", {"reason": "结束"}).json["status"] == "closed"
    assert api.post(f"{path}/donations", document).status_code == 409


def test_funds_stay_with_those_who_may_see_money(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        fund = make_fund(session)
    for role in ("worker", "volunteer", "enterprise", "household"):
        assert api_as(role).get(f"/funds/{fund.id}").status_code == 403
    assert api_as("finance", region=OTHER_COUNTY).get(f"/funds/{fund.id}").status_code == 404
    assert (
        api_as("coordinator").post("/funds", {"name": "x", "kind": "donation", "region_code": COUNTY}).status_code
        == 403
    )


def test_the_tree_and_the_catalogue_are_public(api_as: As) -> None:
    api = api_as(None)
    assert api.get("/regions", search="yantan").json["items"][0]["code"] == TOWNSHIP
    assert api.get(f"/regions/{COUNTY}").json["name"] == "永嘉县"
    assert TOWNSHIP in [row["code"] for row in api.get(f"/regions/{COUNTY}/children").json["items"]]
    assert api.get("/regions/999999").status_code == 404
    assert api.get("/regions/%00").status_code == 422
    assert api.get("/regions").status_code == 422
    assert {"code", "unit_zh"} <= set(api.get("/catalogue/categories").json["items"][0])
    assert len(api.get("/catalogue/skills").json["items"]) == 12


def test_volunteers_are_found_by_skill(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        nurse = make_volunteer(session, skills=("nursing",))
        make_volunteer(session)
    (found,) = api_as("coordinator").get("/donors", skill="nursing").json["items"]
    assert found["id"] == str(nurse.id)
    assert found["resident_id_masked"].startswith("330324****")
