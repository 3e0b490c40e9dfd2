"""Projects and shifts over the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from donors.operations import let_act_for
from kernel.audit import SYSTEM
from tests.factories import COUNTY, NOW, OTHER_COUNTY, TOWNSHIP
from tests.factories_supply import make_fund, make_volunteer
from tests.integration.conftest import ApiClient

As = Callable[..., ApiClient]
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)


def project(**changes: object) -> dict[str, object]:
    given = {
        "name": "夕阳红陪伴行动", "summary": "每周探访独居老人。", "organiser": "永嘉县慈善总会", "region_code": COUNTY,
        "budget_fen": 5_000_000, "beneficiaries_wanted": 60, "categories": ["companionship_hours"],
        "starts_on": SOON.date().isoformat(), "ends_on": (SOON + timedelta(days=90)).date().isoformat(),
    }  # fmt: skip
    return {**given, **changes}


def shift(project_id: str, **changes: object) -> dict[str, object]:
    given = {
        "project_id": project_id, "title": "探访", "place": "礼堂", "region_code": TOWNSHIP, "capacity": 1,
        "starts_at": SOON.isoformat(), "ends_at": (SOON + timedelta(hours=2)).isoformat(),
    }  # fmt: skip
    return {**given, **changes}


def volunteer_with(api_as: As, app_sessions: sessionmaker[Session], **changes: object) -> ApiClient:
    api = api_as("volunteer")
    with app_sessions.begin() as session:
        donor = make_volunteer(session, **changes)
        let_act_for(session, donor_id=donor.id, user_id=api.user_id, actor=SYSTEM, now=NOW)  # type: ignore[attr-defined]
    return api


def test_a_federation_lists_a_project_and_a_volunteer_takes_the_last_place(
    api_as: As, app_sessions: sessionmaker[Session]
) -> None:
    federation, anybody = api_as("federation"), api_as(None)
    made = federation.post("/projects", project()).json
    assert made["status"] == "draft"
    assert anybody.get(f"/projects/listed/{made['id']}").status_code == 404
    opened = federation.post("/shifts", shift(made["id"])).json
    assert anybody.get(f"/shifts/{opened['id']}").status_code == 404
    assert federation.post(f"/projects/{made['id']}/list").json["status"] == "listed"
    (row,) = anybody.get("/projects/listed", search="xiyang").json["items"]
    assert (row["shifts"], row["places_free"]) == (1, 1)
    assert [item["id"] for item in anybody.get("/shifts").json["items"]] == [opened["id"]]

    first, second = (volunteer_with(api_as, app_sessions) for _ in range(2))
    assert first.get("/shifts/near").json["items"][0]["id"] == opened["id"]
    path = f"/shifts/{opened['id']}/sign-ups"
    assert first.post(path).status_code == 201
    assert first.post(path).status_code == 201
    full = second.post(path)
    assert (full.status_code, full.json["code"]) == (409, "shift_full")
    assert first.get("/shifts/hours").json["minutes_coming"] == 120
    (place,) = federation.get(path).json["items"]
    assert place["volunteer_name"] == "林小溪"
    assert first.get(path).status_code == 403
    assert first.delete(f"{path}/mine").json["status"] == "cancelled"
    assert first.get("/shifts/mine").json["items"] == []
    assert second.post(path).status_code == 201


def test_refusals_of_sign_ups_say_why(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    federation = api_as("federation")
    made = federation.post("/projects", project()).json
    federation.post(f"/projects/{made['id']}/list")
    one, overlapping, skilled = (
        federation.post("/shifts", shift(made["id"], **changes)).json["id"]
        for changes in ({}, {"ends_at": (SOON + timedelta(hours=1)).isoformat()}, {"requires": ["nursing"]})
    )
    api = volunteer_with(api_as, app_sessions)
    assert api.post(f"/shifts/{one}/sign-ups").status_code == 201
    assert api.post(f"/shifts/{overlapping}/sign-ups").json["code"] == "shifts_overlap"
    assert api.post(f"/shifts/{skilled}/sign-ups").json["code"] == "skill_missing"
    assert federation.post(f"/shifts/{one}/cancel").json["status"] == "cancelled"
    assert api.post(f"/shifts/{one}/sign-ups").json["code"] == "shift_over"
    assert api_as("volunteer").post(f"/shifts/{one}/sign-ups").status_code == 404
    assert api_as("worker").post(f"/shifts/{one}/sign-ups").status_code == 403


def test_projects_and_shifts_name_their_faults(api_as: As) -> None:
    federation = api_as("federation")
    refused = federation.post("/projects", project(name="", budget_fen=-1, ends_on="2020-01-01"))
    assert {fault["field"] for fault in refused.json["faults"]} == {"name", "budget_fen", "ends_on"}
    assert federation.post("/projects", project(region_code=OTHER_COUNTY)).status_code == 403
    made = federation.post("/projects", project()).json
    refused = federation.post("/shifts", shift(made["id"], capacity=0, starts_at="2020-01-01T00:00:00Z"))
    assert {fault["field"] for fault in refused.json["faults"]} == {"capacity", "ends_at"}
    assert federation.post("/shifts", shift(made["id"], starts_at="0001-01-01T00:00:00+14:00")).status_code == 422
    assert federation.get("/shifts", after="x~y").status_code == 404


def test_a_fund_is_tied_and_a_project_closed(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    federation = api_as("federation")
    made = federation.post("/projects", project()).json
    with app_sessions.begin() as session:
        fund = make_fund(session)
    path = f"/projects/{made['id']}"
    assert federation.put(f"{path}/funds/{fund.id}").json["fund_ids"] == [str(fund.id)]
    assert federation.get(f"{path}/ties").json["needs"] == 0
    changed = federation.put(path, project(name="新名", version=made["version"]))
    assert changed.json["name"] == "新名"
    assert federation.post(f"{path}/close").json["status"] == "closed"
    assert federation.put(path, project(version=changed.json["version"] + 1)).status_code == 409
    assert api_as("auditor").get(path).json["status"] == "closed"
    assert api_as("federation", region=OTHER_COUNTY).get(path).status_code == 404
