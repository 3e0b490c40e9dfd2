"""Visits, problems, reviews, rates and cases over the API: scoped, once for one key, and never with what rests sealed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.visits.models import CareVisit, HouseholdReview
from households.visits.schedule import keep_planned
from kernel.audit import SYSTEM
from kernel.clock import day_of, utc_now
from tests.factories import COUNTY, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_visits import home
from tests.integration.conftest import ApiClient

As = Callable[..., ApiClient]
SECRET = "抑郁，独自流泪"


@pytest.fixture
def household_id(app_sessions: sessionmaker[Session]) -> str:
    """A household with a visit due today."""
    now = utc_now()
    with app_sessions.begin() as session:
        document = demo_policy() | {"valid_from": "2020-01-01"}
        add_policy_set(session, document=document, actor=SYSTEM, scope=(COUNTY,), now=now)
        household = home(session, risk_tier="key")
        keep_planned(session, now=now)
        day = day_of(now)
        session.execute(sa.update(CareVisit).values(due_on=day, base_on=day - timedelta(days=60)))
        session.execute(sa.update(HouseholdReview).values(due_on=day, base_on=day - timedelta(days=300)))
        return str(household.id)


def test_a_report_is_sent_twice_and_acts_once(api_as: As, household_id: str) -> None:  # promises 6, 19, 20
    api = api_as("worker", region=TOWNSHIP)
    (line,) = api.get("/visits").json["items"]
    assert (line["household_id"], line["late"], line["tries"], line["has_words"]) == (household_id, False, 0, False)
    path, report = f"/visits/{line['id']}", {"words": SECRET, "findings": [{"kind": "care", "words": SECRET}]}
    first, again = (api.post(f"{path}/done", report, key="one-report") for _ in range(2))
    assert first.status_code == 200 and first.json == again.json, first.text
    (problem,) = first.json["problems"]
    assert SECRET not in first.text and first.json["visit"]["has_words"] is True
    assert api.post(f"{path}/done", report).status_code == 409
    assert api.get("/problems").json["items"] == [problem]
    assert SECRET not in api.get(path).text + api.get(f"/problems/{problem['id']}").text
    assert api.post(f"{path}/texts", {"purpose": ""}).status_code == 422
    assert api.post(f"{path}/texts", {"purpose": "准备下次探访"}).json["texts"][0]["text"] == SECRET
    looks = api_as("coordinator").get(f"/households/{household_id}/looks")
    if looks.status_code == 200:
        assert "准备下次探访" in looks.text


def test_a_problem_goes_its_way(api_as: As, household_id: str) -> None:
    worker, chair = api_as("worker", region=TOWNSHIP), api_as("coordinator")
    made = worker.post("/problems", {"household_id": household_id, "kind": "housing", "words": "漏雨"})
    assert made.status_code == 201, made.text
    path = f"/problems/{made.json['id']}"
    owner = {"owner_id": str(chair.user_id), "version": 1}  # type: ignore[attr-defined]
    assert worker.put(f"{path}/owner", owner).json["owner_id"] == owner["owner_id"]
    assert worker.post(f"{path}/escalate", {"words": "需县住建局", "version": 2}).json["escalated_at"] is not None
    assert chair.post(f"{path}/resolve", {"words": "已修", "version": 1}).status_code == 409
    assert chair.post(f"{path}/resolve", {"words": "已修", "version": 3}).json["status"] == "resolved"
    assert chair.post(f"{path}/reopen", {"words": "又漏", "version": 4}).json["status"] == "open"
    texts = chair.post(f"{path}/texts", {"purpose": "督办问题"}).json["texts"]
    assert [one["text"] for one in texts] == ["漏雨", "需县住建局", "已修", "又漏"]


def test_reviews_and_rates(api_as: As, household_id: str) -> None:
    api = api_as("worker", region=TOWNSHIP)
    (review,) = api.get("/reviews").json["items"]
    wrong = api.post(f"/reviews/{review['id']}/done", {"outcome": "category_changed", "evidence": "核对"})
    assert wrong.status_code == 422 and wrong.json["faults"][0]["field"] == "status_category"
    done = api.post(f"/reviews/{review['id']}/done", {"outcome": "unchanged", "evidence": SECRET})
    assert done.json["status"] == "done" and SECRET not in done.text
    assert api.get("/reviews").json["items"] == []
    (visit,) = api.get("/visits").json["items"]
    assert api.get("/visits/rates").json["visits"] == {"part": 0, "whole": 1, "share": 0.0}
    api.post(f"/visits/{visit['id']}/absent")
    assert api.get("/visits/rates").json["visits"]["part"] == 0
    api.post(f"/visits/{visit['id']}/done", {"way": "telephone"})
    assert api.get("/visits/rates").json["areas"][0] | {"name": ""} == {
        "code": TOWNSHIP, "name": "", "visits": {"part": 1, "whole": 1, "share": 1.0},
        "problems": {"part": 0, "whole": 0, "share": None},
    }  # fmt: skip
    assert api.get("/visits/rates", month="1900-01-01").status_code == 422


def test_a_case_is_decided_by_one_and_confirmed_by_another(api_as: As, household_id: str) -> None:  # promise 14
    chair, second, worker = api_as("coordinator"), api_as("reviewer"), api_as("worker", region=TOWNSHIP)
    day = day_of(utc_now()).isoformat()
    minutes = {
        "reason": "above_cap", "held_on": day, "facts": SECRET,
        "participants": [{"unit": "县民政局", "name": "陈科长"}, {"unit": "县残联", "name": "徐理事长"}],
    }  # fmt: skip
    made = chair.post("/cases", {**minutes, "household_id": household_id})
    assert made.status_code == 201 and SECRET not in made.text, made.text
    path = f"/cases/{made.json['id']}"
    assert chair.put(path, {**minutes, "version": 1}).status_code == 200
    version = chair.get(path).json["version"]
    decision = {
        "decision": "同意", "measures": [{"words": "心理疏导", "category_code": "counselling_hours"}], "extra_fen": 50_000,
        "valid_from": day, "valid_to": "2099-01-01", "version": version,
    }  # fmt: skip
    assert chair.put(f"{path}/decision", decision).json["faults"][0]["field"] == "legal_basis"
    decided = chair.put(f"{path}/decision", {**decision, "legal_basis": "第九条"})
    assert decided.status_code == 200, decided.text
    known = {"version": decided.json["version"]}
    assert chair.post(f"{path}/confirm", known).status_code == 409
    assert worker.get(f"/cases/decisions/{household_id}").json["items"] == []
    assert second.post(f"{path}/send-back", {**known, "reason": "依据不足"}).json["status"] == "called"
    decided = chair.put(f"{path}/decision", {**decision, "legal_basis": "第九条", "version": known["version"] + 1})
    confirmed = second.post(f"{path}/confirm", {"version": decided.json["version"]})
    assert confirmed.json["status"] == "confirmed"
    (shown,) = worker.get(f"/cases/decisions/{household_id}").json["items"]
    assert shown["decision"] == "同意" and "facts" not in shown and "participants" not in shown
    assert worker.get(path).status_code == 403
    assert second.post(f"{path}/facts", {"purpose": "复核依据"}).json["facts"] == SECRET
    revoked = chair.post(f"{path}/revoke", {"version": confirmed.json["version"], "reason": "好转"})
    assert revoked.json["status"] == "revoked"
    assert [one["number"] for one in chair.get("/cases").json["items"]] == [made.json["number"]]


def test_other_places_and_roles_see_nothing(api_as: As, household_id: str) -> None:  # promise 11
    worker = api_as("worker", region=TOWNSHIP)
    visit, review = worker.get("/visits").json["items"][0]["id"], worker.get("/reviews").json["items"][0]["id"]
    for other in (api_as("worker", region=SIBLING_TOWNSHIP), api_as("coordinator", region=OTHER_COUNTY)):
        assert other.get("/visits").json["items"] == other.get("/reviews").json["items"] == []
        assert other.get(f"/visits/{visit}").status_code == other.get(f"/reviews/{review}").status_code == 404
        assert other.post(f"/visits/{visit}/done", {}).status_code == 404
        assert other.post("/problems", {"household_id": household_id, "kind": "care"}).status_code == 404
        assert other.get(f"/cases/decisions/{household_id}").status_code == 404
        assert other.get("/visits/rates").json["areas"] == []
    for role in ("finance", "enterprise", "household", "volunteer", "federation", "administrator"):
        stranger = api_as(role)
        for path in ("/visits", "/problems", "/reviews", "/cases", "/visits/rates", f"/visits/{visit}"):
            assert stranger.get(path).status_code == 403, (role, path)
    assert api_as("auditor").post(f"/visits/{visit}/done", {}).status_code == 403
    assert api_as(None).get("/visits").status_code == 401
