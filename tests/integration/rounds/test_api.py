"""Rounds and deliveries through the API: steps, refusals, downloads, idempotent writes."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from donors.funds.models import LedgerAccount
from donors.offerings.models import Offering
from households.needs.models import Need
from kernel.clock import utc_now
from marketplace.fulfilment.operations import AlreadySettled, confirm_delivery, decline_delivery
from marketplace.fulfilment.queries import count_awaiting, list_deliveries
from matching.problem import parse_problem, problem_sha256
from matching.rounds.models import Allocation, MatchRound
from matching.rounds.solving import claim_solve, store_proposal
from matching.solution import parse_plan
from tests import factories_rounds as make
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_rounds import SCOPE
from tests.integration.conftest import ApiClient

ENTRY = {"name": "三月匹配", "region_code": COUNTY, "seed_source": "福彩双色球", "time_limit_s": 5}


@dataclass
class Office:
    """The people of a county, each with a client, and its pool."""

    coordinator: ApiClient
    reviewer: ApiClient
    finance: ApiClient
    pool: make.Pool


@pytest.fixture
def office(api_as: Callable[..., ApiClient], app_sessions: sessionmaker[Session]) -> Office:
    with app_sessions() as session:
        pool = make.make_pool(session)
        session.commit()
    return Office(api_as("coordinator"), api_as("reviewer"), api_as("finance"), pool)


def propose(sessions: sessionmaker[Session], round_id: str) -> None:
    """The worker's part."""
    with sessions() as session:
        now = utc_now()
        claim = claim_solve(session, round_id=make.uuid.UUID(round_id), now=now)
        assert claim is not None
        plan = make.plan_for(parse_problem(json.loads(claim.problem)))
        assert store_proposal(session, round_id=claim.round_id, token=claim.token, plan=plan, now=now)
        session.commit()


def proposed(office: Office, sessions: sessionmaker[Session]) -> str:
    path = f"/rounds/{office.coordinator.post('/rounds', ENTRY).json['id']}"
    assert office.coordinator.post(f"{path}/freeze").json["pool_sha256"]
    assert office.coordinator.post(f"{path}/draw", {"value": "04 11 17"}).json["seed"] is not None
    assert office.coordinator.post(f"{path}/run").json["status"] == "queued"
    propose(sessions, path.removeprefix("/rounds/"))
    return path


def test_a_round_goes_from_draft_to_commit_by_three_people(
    office: Office, app_sessions: sessionmaker[Session]
) -> None:  # promises 14, 23
    path = proposed(office, app_sessions)
    whole = office.coordinator.get(path).json
    assert whole["status"] == "proposed" and len(whole["levels"]) == 8 and whole["policy"]
    assert whole["counts"]["allocations"] == 5 and whole["comparison"]["first_come"]
    assert office.coordinator.get(f"{path}/changes").json == {"items": [], "next": None}
    own = office.coordinator.post(f"{path}/approve", {"reason": "ok"})
    assert (own.status_code, own.json["code"]) == (403, "creator_may_not_review")
    assert office.reviewer.post(f"{path}/approve", {"reason": "核对无误"}).json["status"] == "approved"
    assert office.coordinator.post(f"{path}/commit").status_code == 403
    assert office.finance.post(f"{path}/commit").json["status"] == "committed"
    story = [event["to_status"] for event in office.finance.get(f"{path}/events").json["items"]]
    assert story[-3:] == ["proposed", "approved", "committed"]
    with app_sessions() as session:
        assert session.get_one(Offering, office.pool.rice.id).reserved == 25


def test_lines_and_reasons_are_paged_and_filtered(office: Office, app_sessions: sessionmaker[Session]) -> None:
    path = proposed(office, app_sessions)
    first = office.coordinator.get(f"{path}/allocations", limit=3).json
    second = office.coordinator.get(f"{path}/allocations", limit=3, after=first["next"]).json
    assert len(first["items"]) == 3 and len(second["items"]) == 2 and second["next"] is None
    repair = office.coordinator.get(f"{path}/allocations", category_code="home_repair").json["items"]
    assert [line["charges"] for line in repair] == [[{"fund_id": str(office.pool.fund.id), "fen": 200_000}]]
    unmet = office.coordinator.get(f"{path}/unmet", reason="outranked").json["items"]
    assert [row["missing"] for row in unmet] == [5]
    assert office.coordinator.get(f"{path}/unmet", reason="lottery").json["items"] == []
    assert office.coordinator.get(f"{path}/excluded").json["items"] == []
    bad = office.coordinator.get(f"{path}/allocations", after="nowhere")
    assert (bad.status_code, bad.json["field"]) == (422, "after")


def test_problem_and_plan_can_be_downloaded_and_belong_together(
    office: Office, app_sessions: sessionmaker[Session]
) -> None:  # promise 24
    path = proposed(office, app_sessions)
    problem = office.reviewer.get(f"{path}/problem")
    plan = parse_plan(office.reviewer.get(f"{path}/plan").json)
    assert plan.problem_sha256 == problem_sha256(parse_problem(problem.json))
    assert "attachment" in problem.headers["Content-Disposition"]
    without_seed = {name: part for name, part in problem.json.items() if name != "seed"}
    text = json.dumps(without_seed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == office.reviewer.get(path).json["pool_sha256"]


def test_before_the_freeze_there_is_nothing_to_download(office: Office) -> None:
    path = f"/rounds/{office.coordinator.post('/rounds', ENTRY).json['id']}"
    assert office.coordinator.get(f"{path}/problem").status_code == 404
    assert office.coordinator.get(f"{path}/plan").status_code == 404
    early = office.coordinator.post(f"{path}/run")
    assert (early.status_code, early.json["code"]) == (409, "wrong_step")


def test_every_fault_of_an_entry_comes_back_at_its_field(office: Office) -> None:
    reply = office.coordinator.post(
        "/rounds", {**ENTRY, "floor_percent": 101, "categories": ["gold"], "time_limit_s": 1}
    )
    assert reply.status_code == 422
    assert {fault["field"] for fault in reply.json["faults"]} == {"floor_percent", "time_limit_s"}
    unknown = office.coordinator.post("/rounds", {**ENTRY, "categories": ["gold"]})
    assert [fault["field"] for fault in unknown.json["faults"]] == ["categories"]
    outside = office.coordinator.post("/rounds", {**ENTRY, "region_code": OTHER_COUNTY})
    assert (outside.status_code, outside.json["code"]) == (403, "outside_scope")


def test_what_changed_is_named_when_the_commit_is_refused(office: Office, app_sessions: sessionmaker[Session]) -> None:
    path = proposed(office, app_sessions)
    office.reviewer.post(f"{path}/approve", {"reason": "核对无误"})
    with app_sessions() as session:
        session.get_one(Offering, office.pool.rice.id).quantity = 12
        session.commit()
    refused = office.finance.post(f"{path}/commit")
    assert (refused.status_code, refused.json["code"]) == (409, "pool_changed")
    changes = office.finance.get(f"{path}/changes").json["items"]
    assert [(one["subject"], one["kind"]) for one in changes] == [("offering", "quantity")]
    successor = office.coordinator.post(f"{path}/refreeze").json
    assert successor["status"] == "frozen" and successor["refreezes_id"] == path.removeprefix("/rounds/")
    assert office.coordinator.get(path).json["status"] == "cancelled"


def test_another_countys_people_see_no_round(office: Office, api_as: Callable[..., ApiClient]) -> None:  # promise 11
    path = f"/rounds/{office.coordinator.post('/rounds', ENTRY).json['id']}"
    stranger = api_as("coordinator", region=OTHER_COUNTY)
    assert stranger.get("/rounds").json["items"] == []
    for part in ("", "/allocations", "/unmet", "/excluded", "/events", "/problem", "/plan", "/changes"):
        assert stranger.get(path + part).status_code == 404
    for step in ("freeze", "run", "refreeze", "commit"):
        assert stranger.post(f"{path}/{step}").status_code == 404
    worker = api_as("worker", region=TOWNSHIP)
    assert worker.get("/rounds").status_code == 403


def test_the_same_key_creates_one_round(office: Office, app_sessions: sessionmaker[Session]) -> None:  # promise 6
    one = office.coordinator.post("/rounds", ENTRY, key="same")
    two = office.coordinator.post("/rounds", ENTRY, key="same")
    assert one.json == two.json
    with app_sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(MatchRound)) == 1


def test_a_worker_confirms_and_declines_what_arrives_in_the_own_township(
    office: Office, app_sessions: sessionmaker[Session], api_as: Callable[..., ApiClient]
) -> None:  # promise 2
    path = proposed(office, app_sessions)
    office.reviewer.post(f"{path}/approve", {"reason": "核对无误"})
    office.finance.post(f"{path}/commit")
    worker = api_as("worker", region=TOWNSHIP)
    waiting = worker.get("/deliveries").json["items"]
    assert {one["region_code"] for one in waiting} == {TOWNSHIP} and len(waiting) == 3
    repair = next(one for one in waiting if one["category_code"] == "home_repair")
    done = worker.post(f"/deliveries/{repair['id']}/confirm", {"quantity": 3}).json
    assert (done["status"], done["delivered"], done["quantity"]) == ("delivered", 3, 4)
    again = worker.post(f"/deliveries/{repair['id']}/confirm", {})
    assert (again.status_code, again.json["code"]) == (409, "already_settled")
    rice = next(one for one in waiting if one["category_code"] == "rice")
    assert worker.post(f"/deliveries/{rice['id']}/decline", {"reason": "送错"}).json["status"] == "declined"
    assert worker.post(f"/deliveries/{rice['id']}/decline", {"reason": " "}).status_code in (409, 422)
    neighbour = api_as("worker", region=SIBLING_TOWNSHIP)
    left = next(one for one in waiting if one["id"] not in (repair["id"], rice["id"]))
    assert neighbour.post(f"/deliveries/{left['id']}/confirm", {}).status_code == 404
    with app_sessions() as session:
        fen = dict(
            session.execute(
                sa.select(LedgerAccount.kind, LedgerAccount.balance_fen).where(
                    LedgerAccount.fund_id == office.pool.fund.id
                )
            ).all()
        )
        assert fen == {"source": -1_000_000, "available": 850_000, "reserved": 0, "spent": 150_000}
        offering, need = (
            session.get_one(Offering, office.pool.repair.id),
            session.get_one(Need, office.pool.repair_need.id),
        )
        assert (offering.reserved, offering.delivered) == (0, 3)
        assert (need.reserved, need.delivered, need.status) == (0, 3, "open")


def test_a_delivery_is_settled_once_and_a_void_leaves_what_was_delivered(session: Session) -> None:  # promise 2
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.committed(session, people)
    at = NOW + timedelta(days=1)
    rows = list_deliveries(session, scope=SCOPE).rows
    assert count_awaiting(session, scope=SCOPE) == len(rows) == 5
    hours = next(row.allocation for row in rows if row.category_code == "companionship_hours")
    settle = {"allocation_id": hours.id, "actor": people.other.actor, "scope": SCOPE, "now": at}
    confirm_delivery(session, **settle)
    for act in (confirm_delivery, lambda session, **how: decline_delivery(session, reason="x", **how)):
        with pytest.raises(AlreadySettled):
            act(session, **settle)
    make.void(session, people, one, now=at)
    session.expire_all()
    assert (pool.hours.reserved, pool.hours.delivered, pool.hours_need.status) == (0, 6, "met")
    assert (pool.rice.reserved, pool.rice.delivered) == (0, 0)
    statuses = sorted(session.scalars(sa.select(Allocation.status)))
    assert statuses == ["delivered"] + ["voided"] * 4
