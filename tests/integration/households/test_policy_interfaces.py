"""Policy sets and portraits for programs and at a terminal, and the task that renews a region."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.orm import Session, sessionmaker

from households.policy.models import PolicySet
from households.policy.operations import add_policy_set
from households.portrait import renewal
from households.portrait.models import KeptPortrait, PortraitRenewal
from kernel.audit import AuditEntry
from kernel.outbox import OutboxItem
from marketplace.cli.policies import policy, portraits
from marketplace.tasks.handlers import TOPICS, Ground, handle
from tests.factories import COUNTY, TOWNSHIP, make_user
from tests.factories_demand import make_household
from tests.integration.conftest import settings_for
from tests.integration.households.test_policies import ADMIN, document, values


@pytest.fixture
def household_id(app_sessions: sessionmaker[Session]) -> str:
    """A household on the line under a set in force."""
    with app_sessions.begin() as session:
        add_policy_set(session, document=document("county-2026", start="2026-01-01"), **ADMIN)
        household = make_household(session)
        values(session, household, transfers_year=1_500_001, supporters=1)
        return str(household.id)


def test_programs_check_preview_and_publish_a_set(
    household_id: str, api_as: Callable, app_sessions: sessionmaker[Session]
) -> None:
    admin = api_as("administrator")
    new = document("next", start="2099-01-01", subsistence_line=1_500_001)
    checked = admin.post("/policies/check", {"document": new})
    assert (checked.status_code, checked.json["id"], checked.json["rules"]) == (200, "next", len(new["rules"]))
    found = admin.post("/policies/preview", {"document": new})
    assert (found.json["households"], found.json["changed"], found.json["next"]) == (1, 1, None)
    assert found.json["moves"] == [
        {"what": "category", "before": "subsistence_edge", "after": "subsistence_allowance", "households": 1}
    ]
    [change] = found.json["items"]
    assert (change["before"]["category"], change["after"]["category"]) == ("subsistence_edge", "subsistence_allowance")
    assert "周" not in found.get_data(as_text=True)  # no names
    made = admin.post("/policies", {"document": new})
    assert (made.status_code, made.json["state"], made.json["valid_to"]) == (201, "coming", None)
    assert admin.post("/policies", {"document": new}).status_code == 201  # the same again changes nothing
    rows = admin.get("/policies").json["items"]
    assert [(row["code"], row["state"], row["valid_to"]) for row in rows] == [
        ("next", "coming", None),
        ("county-2026", "in_force", "2098-12-31"),
    ]
    assert admin.get("/policies/next").json["document"] == new
    assert admin.get("/policies/none").status_code == 404
    with app_sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(PolicySet)) == 2


def test_faults_are_named_by_place_for_programs_too(household_id: str, api_as: Callable) -> None:
    admin = api_as("administrator")
    wrong = document("next", start="2099-01-01")
    wrong["rules"][3]["all"][0]["fact"] = "roof"
    wrong["secondary_from"] = 0
    for path in ("/policies", "/policies/check", "/policies/preview"):
        refused = admin.post(path, {"document": wrong})
        assert refused.status_code == 422
        assert {fault["field"] for fault in refused.json["faults"]} == {"rules[3].all[0].fact", "secondary_from"}
    for document_ in ({}, {"format": "zhongfu-policy/1", "rules": [None], "figures": {"a": None}}):
        assert admin.post("/policies", {"document": document_}).status_code == 422


def test_only_an_administrator_of_the_region_writes(household_id: str, api_as: Callable) -> None:  # promise 11
    new = {"document": document("next", start="2099-01-01")}
    town = api_as("administrator", region=TOWNSHIP)
    assert town.post("/policies", new).status_code == 403
    assert town.post("/policies/preview", new).status_code == 403
    for role in ("coordinator", "auditor", "reviewer"):
        reader = api_as(role)
        assert reader.get("/policies").status_code == 200
        assert reader.post("/policies", new).status_code == 403
        assert reader.post("/policies/preview", new).status_code == 403
    assert api_as("worker").get("/policies").status_code == 403
    assert api_as("household").get(f"/households/{household_id}/portrait").status_code == 403
    assert api_as("worker", region="330324111").get(f"/households/{household_id}/portraits").status_code == 404


def test_a_portrait_comes_with_all_that_made_it(household_id: str, api_as: Callable) -> None:
    worker = api_as("worker", region=TOWNSHIP)
    found = worker.get(f"/households/{household_id}/portrait").json
    assert (found["policy"], found["category"]["name"]) == ("county-2026", "subsistence_edge")
    assert {reason["fact"] for reason in found["category"]["reasons"]} >= {"income_per_head", "vehicles"}
    assert found["facts"]["income_per_head"] == 1_500_001
    # what nobody recorded is null and named, and no zero that somebody found
    assert (found["facts"]["vehicles"], found["facts"]["supporters"]) == (None, 1)
    assert {"vehicles", "savings", "wages_year"} <= set(found["missing"])
    assert not {"supporters", "transfers_year"} & set(found["missing"])
    car = next(reason for reason in found["category"]["reasons"] if reason["fact"] == "vehicles")
    assert (car["value"], car["missing"]) == (None, ["vehicles"])
    assert (found["facts"]["savings_per_head"], found["facts"]["gross_year"]) == (None, 1_500_001)
    assert found["scores"]["subsistence"] == sum(
        one["points"] for one in found["fired"] if one["type"] == "subsistence"
    )
    [row] = worker.get(f"/households/{household_id}/portraits").json["items"]
    assert (row["category"], row["superseded_at"]) == ("subsistence_edge", None)
    kept = worker.get(f"/households/{household_id}/portraits/{row['id']}").json
    assert kept["scores"] == found["scores"]


def test_a_worker_renews_the_region_piece_by_piece_and_closes_the_item_once(
    household_id: str, api_as: Callable, app_sessions: sessionmaker[Session], tmp_path: Path,
    database_url: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asked = api_as("administrator").post("/portrait-renewals", {"region_code": COUNTY})
    assert (asked.status_code, asked.json["status"]) == (202, "waiting")
    assert api_as("administrator").post("/portrait-renewals", {"region_code": "330381"}).status_code == 403
    ground = Ground(settings_for(database_url, tmp_path), app_sessions)
    with app_sessions() as session:
        items = session.scalars(sa.select(OutboxItem.id).where(OutboxItem.topic == renewal.TOPIC)).all()
    assert renewal.TOPIC in TOPICS
    for item in (*items, *items):  # each handed over twice
        handle(ground, item)
    with app_sessions() as session:
        assert session.scalar(
            sa.select(sa.func.count()).where(OutboxItem.topic == renewal.TOPIC, OutboxItem.done_at.is_(None))
        ) == 0  # fmt: skip
        done = session.scalars(sa.select(PortraitRenewal)).all()
        assert {(one.status, one.done, one.total) for one in done} == {("done", 1, 1)}
        trail = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "portraits.renewed")).all()
        assert len(trail) == len(done)
    page = api_as("auditor").get("/portrait-renewals").json["items"]
    assert {one["status"] for one in page} == {"done"}


def test_a_worker_that_is_stopped_leaves_the_rest_for_the_next(
    household_id: str, app_sessions: sessionmaker[Session], tmp_path: Path, database_url: str
) -> None:
    stopping = threading.Event()
    stopping.set()
    ground = Ground(settings_for(database_url, tmp_path), app_sessions, stopping)
    with app_sessions() as session:
        [item] = session.scalars(sa.select(OutboxItem.id).where(OutboxItem.topic == renewal.TOPIC)).all()
    handle(ground, item)
    with app_sessions() as session:
        assert session.get_one(OutboxItem, item).done_at is None
        assert session.scalars(sa.select(PortraitRenewal.status)).all() == ["waiting"]


@pytest.fixture
def shell(
    household_id: str,
    database_url: str,
    tmp_path: Path,
    app_sessions: sessionmaker[Session],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable:
    """`shell(policy, "list", …)`: the command's result, run as the administrator of the county."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("ZHONGFU_HOME", str(tmp_path))
    with app_sessions.begin() as session:
        make_user(session, "admin", ("administrator", COUNTY))
        make_user(session, "auditor", ("auditor", COUNTY))
    return lambda command, *given: CliRunner().invoke(command, [str(one) for one in given])


def test_an_operator_checks_previews_and_adds_a_set(shell: Callable, tmp_path: Path) -> None:
    file = tmp_path / "next.json"
    file.write_text(json.dumps(document("next", start="2099-01-01", subsistence_line=1_500_001)))
    checked = shell(policy, "check", file)
    assert (checked.exit_code, "next for 330324 from 2099-01-01" in checked.output) == (0, True)
    seen = shell(policy, "preview", file, "--as", "admin", "--list")
    assert seen.exit_code == 0, seen.output
    assert "1 of 1 households would change" in seen.output
    assert "no. 1: subsistence_edge/" in seen.output
    assert shell(policy, "preview", file, "--as", "auditor").exit_code == 1
    assert shell(policy, "add", file, "--as", "admin").exit_code == 0
    listed = shell(policy, "list", "--as", "auditor").output
    assert "* county-2026" in listed
    assert "  next" in listed
    assert json.loads(shell(policy, "show", "next", "--as", "auditor").output)["id"] == "next"
    assert shell(policy, "show", "none", "--as", "auditor").exit_code == 1
    faulty = document("third", start="2099-02-01")
    faulty["rules"][0]["points"] = 500
    file.write_text(json.dumps(faulty))
    for refused in (shell(policy, "check", file), shell(policy, "add", file, "--as", "admin")):
        assert refused.exit_code == 1
        assert "rules[0].points: This must be a whole number from 0 to 100" in refused.output
    file.write_text("{")
    assert "no JSON text" in shell(policy, "check", file).output


def test_an_operator_makes_the_portraits_of_a_region_anew(shell: Callable, app_sessions: sessionmaker[Session]) -> None:
    with app_sessions.begin() as session:
        session.execute(sa.text("UPDATE portraits SET superseded_at = now() + interval '1 year'"))
    done = shell(portraits, "renew", "--region", COUNTY, "--as", "admin")
    assert done.exit_code == 0, done.output
    assert "1 households, 1 portraits changed" in done.output
    assert "0 portraits changed" in shell(portraits, "renew", "--region", COUNTY, "--as", "admin").output
    assert shell(portraits, "renew", "--region", "330381", "--as", "admin").exit_code == 1
    with app_sessions() as session:
        current = sa.select(sa.func.count()).select_from(KeptPortrait).where(KeptPortrait.superseded_at.is_(None))
        assert session.scalar(current) == 1
