"""Plans, consents and objections over the API."""

from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from households.accounts import join_account
from kernel.audit import SYSTEM
from tests import factories_plans as make
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, TOWNSHIP
from tests.integration.conftest import ApiClient

As = Callable[..., ApiClient]
PAPER = {"way": "paper", "reference": "岩坦-18", "given_on": "2026-01-05"}


def a_home(app_sessions: sessionmaker[Session]) -> str:
    with app_sessions.begin() as session:
        make.load_policy(session)
        return str(make.poor_household(session, consented=False).id)


def test_a_plan_from_draft_to_review(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    home = a_home(app_sessions)
    worker, approver = api_as("worker", region=TOWNSHIP), api_as("coordinator")
    made = worker.post("/plans", {"household_id": home})
    assert (made.status_code, made.json["status"]) == (201, "draft")
    path = f"/plans/{made.json['id']}"
    measures = [
        {"measure_code": "food-parcels", "quantity": 3},
        {"measure_code": "cash-aid", "every": "quarterly", "days": 30},
    ]
    bad = worker.put(f"{path}/measures", {"version": made.json["version"], "measures": [{"measure_code": "gold"}]})
    assert bad.status_code == 422 and bad.json["faults"][0]["field"] == "measures.0.measure_code"
    written = worker.put(f"{path}/measures", {"version": made.json["version"], "measures": measures})
    assert [one["quantity"] for one in written.json["measures"]] == [3, 10]
    assert worker.put(f"{path}/measures", {"version": 999, "measures": []}).status_code == 409
    agreed = worker.post(f"{path}/agree", {**PAPER, "version": written.json["version"]})
    assert (agreed.json["status"], agreed.json["agreed_reference"]) == ("agreed", "岩坦-18")
    assert worker.post(f"{path}/approve", {"version": agreed.json["version"]}).status_code == 403
    assert approver.post(f"{path}/approve", {"version": 999}).status_code == 409
    approved = approver.post(f"{path}/approve", {"version": agreed.json["version"]}, key="once")
    assert approved.json["status"] == "in_force" and all(one["need_ids"] for one in approved.json["measures"])
    again = approver.post(f"{path}/approve", {"version": agreed.json["version"]}, key="once")
    assert again.json == approved.json and len(approver.get("/needs").json["items"]) == 2  # promise 6
    assert [one["id"] for one in worker.get("/plans", status="in_force").json["items"]] == [made.json["id"]]
    assert worker.get("/plans", due_on="2020-01-01").json["items"] == []
    assert worker.get("/plans", after="x").status_code == 422
    changed = worker.post(f"{path}/review", {"outcome": "change", "words": "病情加重"})
    assert (changed.json["version_no"], changed.json["status"], changed.json["fates"]) == (2, "draft", [])
    draft = f"/plans/{changed.json['id']}"
    worker.put(f"{draft}/measures", {"version": changed.json["version"], "measures": measures[:1]})
    assert [one["fate"] for one in worker.get(draft).json["fates"]] == ["withdrawn"]
    assert worker.post(f"{draft}/drop", {"reason": "重填"}).json["status"] == "closed"
    assert worker.post(f"{path}/review", {"outcome": "close", "words": "已脱困"}).json["status"] == "closed"
    assert {one["status"] for one in worker.get("/needs", status="withdrawn").json["items"]} == {"withdrawn"}


def test_refusing_and_reopening(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    home = a_home(app_sessions)
    worker, approver = api_as("worker", region=TOWNSHIP), api_as("reviewer")
    plan = worker.post("/plans", {"household_id": home}).json
    path = f"/plans/{plan['id']}"
    worker.post(f"{path}/agree", {"way": "screen", "version": plan["version"]})
    assert approver.post(f"{path}/refuse", {"reason": "金额偏高"}).json["status"] == "draft"
    worker.post(f"{path}/agree", {"way": "screen", "version": worker.get(path).json["version"]})
    assert worker.post(f"{path}/reopen", {"reason": "改变主意"}).json["agreed_on"] is None
    steps = worker.get(f"{path}/steps").json["items"]
    assert [one["step"] for one in steps if one["has_reason"]] == ["refuse", "reopen"]
    assert approver.post(f"{path}/texts", {"purpose": "复核计划"}).status_code == 403
    told = worker.post(f"{path}/texts", {"purpose": "复核计划"}).json["texts"]
    assert [one["text"] for one in told] == ["金额偏高", "改变主意"]


def test_consents_over_the_api(api_as: As, app_sessions: sessionmaker[Session]) -> None:  # promise 22
    home = a_home(app_sessions)
    worker = api_as("worker", region=TOWNSHIP)
    path = f"/households/{home}/consents"
    assert worker.post(path, {"way": "paper", "purposes": ["match"]}).status_code == 422
    assert worker.post(path, {**PAPER, "purposes": ["sell"]}).status_code == 422
    given = worker.post(path, {**PAPER, "purposes": ["match", "share"]})
    assert given.status_code == 201 and [one["purpose"] for one in given.json["items"]] == ["match", "share"]
    assert worker.get(f"/households/{home}").json["consented_at"]
    assert worker.post(f"{path}/withdraw", {"purpose": "match"}).json["consented_at"] is None
    assert [one["withdrawn_at"] is None for one in worker.get(path).json["items"]] == [True, False]
    worker.post(f"{path}/withdraw", {"purpose": "share", "words": "儿子患病"})
    kept = worker.get(path)
    assert "患病" not in kept.text and {one["has_withdrawal_words"] for one in kept.json["items"]} == {True, False}
    assert worker.post(f"{path}/texts", {"purpose": " "}).status_code == 422
    assert [one["text"] for one in worker.post(f"{path}/texts", {"purpose": "回访核实"}).json["texts"]] == ["儿子患病"]
    assert api_as("reviewer").post(f"{path}/texts", {"purpose": "回访核实"}).status_code == 403
    assert api_as("worker", region=SIBLING_TOWNSHIP).get(path).status_code == 404
    for role in ("household", "volunteer", "finance"):
        assert api_as(role).get(path).status_code == 403


def test_objections_over_the_api(api_as: As, app_sessions: sessionmaker[Session]) -> None:  # promises 19, 23
    home = a_home(app_sessions)
    own, reviewer = api_as("household", region=TOWNSHIP), api_as("reviewer")
    assert own.post("/objections", {"household_id": home, "words": "不要"}).status_code == 404
    with app_sessions.begin() as session:
        join_account(session, household_id=home, user_id=own.user_id, actor=SYSTEM, scope=(COUNTY,), now=NOW)  # type: ignore[attr-defined]
    raised = own.post("/objections", {"household_id": home, "words": "我家不要现金"})
    assert raised.status_code == 201 and "现金" not in raised.text
    path = f"/objections/{raised.json['id']}"
    assert [one["id"] for one in reviewer.get("/objections").json["items"]] == [raised.json["id"]]
    assert reviewer.post(f"{path}/read").json == {"words": "我家不要现金", "answer": None}
    assert api_as("worker").post(f"{path}/read").status_code == 403
    assert reviewer.post(f"{path}/hear", {"upheld": True, "answer": " "}).status_code == 422
    assert reviewer.post(f"{path}/hear", {"upheld": True, "answer": "改发大米"}).json["status"] == "upheld"
    assert reviewer.post(f"{path}/hear", {"upheld": True, "answer": "再说"}).status_code == 409
    assert reviewer.post(f"{path}/read").json["answer"] == "改发大米"
    (heard,) = reviewer.get("/objections", status="upheld").json["items"]
    assert heard["answered"] and "answer" not in heard
    assert reviewer.get("/objections").json["items"] == []


def test_accounts_over_the_api(api_as: As, app_sessions: sessionmaker[Session]) -> None:
    home = a_home(app_sessions)
    own, worker = api_as("household", region=TOWNSHIP, login="zhou"), api_as("worker", region=TOWNSHIP)
    path = f"/households/{home}/accounts"
    assert worker.post(path, {"login": "nobody"}).status_code == 404
    assert own.post("/objections", {"household_id": home, "words": "不要"}).status_code == 404
    joined = worker.post(path, {"login": "zhou"}, key="once")
    assert (joined.status_code, [one["login"] for one in joined.json["items"]]) == (201, ["zhou"])
    assert worker.post(path, {"login": "zhou"}, key="once").json == joined.json  # promise 6
    assert own.post("/objections", {"household_id": home, "words": "不要"}).status_code == 201
    for other in (own, api_as("reviewer"), api_as("household")):
        assert other.get(path).status_code == 403
    far = api_as("worker", region=SIBLING_TOWNSHIP)
    assert far.get(path).status_code == far.post(path, {"login": "zhou"}).status_code == 404
    assert worker.post(f"{path}/{joined.json['items'][0]['user_id']}/leave").json["items"] == []
    assert own.post("/objections", {"household_id": home, "words": "不要"}).status_code == 404
