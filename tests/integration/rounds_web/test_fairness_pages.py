"""The page of a round's fairness, its files and its documents in the API; waiting on the pages of rounds and needs."""

import csv
import hashlib
import io
import json
import uuid
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from donors.models import Donor
from matching.rounds.commit import commit_round
from tests import factories_rounds as rounds
from tests.factories import COUNTY, NOW, OTHER_COUNTY, make_user
from tests.integration.rounds_web.conftest import Browser
from tests.integration.rounds_web.test_round_pages import Ground, Open


@pytest.fixture
def ground(app_sessions: sessionmaker[Session]) -> Ground:
    """A small pool with 15 of 30 bags of rice: one household gets a part, one gets nothing."""
    with app_sessions() as session:
        people, pool = rounds.make_people(session), rounds.make_pool(session, rice=15)
        session.commit()
    return Ground(people, pool, app_sessions)


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))


def more_rice_and_a_second_round(ground: Ground) -> str:
    """After a committed round: new rice, a new pool, a plan. The address of the second round."""
    ground.make(rounds.committed)
    with ground.sessions() as session:
        donor = session.get_one(Donor, ground.pool.rice.donor_id)
        rounds.make_offering(session, donor=donor, quantity=5, region_code=COUNTY)
        session.commit()
    return ground.make(rounds.proposed, draw="03 14")


def test_the_page_tells_groups_tier_by_tier_with_a_chart_and_the_price(
    ground: Ground, browser_of: Open
) -> None:  # promise 30
    address = ground.make(rounds.proposed)
    browser = browser_of("round.reviewer")
    assert f"{address}/fairness" in browser.get(address)
    page = browser.get(f"{address}/fairness")
    for title in ("By township", "By household type", "By sex of the head", "By disability in the household"):
        assert title in page
    assert "Exceptions, with what justifies them" in page and "no case without a reason" in page
    assert page.count("<svg") > 10 and "small group" in page and "no flag" in page
    assert "What fairness between townships costs" in page and "Who has waited" in page
    assert "20 points of weight for each committed round" in page and "No need of this pool had waited" in page


def test_a_draft_has_no_figures_and_says_so(ground: Ground, browser_of: Open) -> None:
    address = ground.make(rounds.draft)
    page = browser_of("round.creator").get(f"{address}/fairness")
    assert "This round has no plan yet" in page and "counted when the pool is frozen" in page
    browser_of("round.creator").get(f"{address}/fairness.csv", 404)


def test_the_files_hold_every_group_in_every_tier_and_the_published_one_no_small_group(
    ground: Ground, browser_of: Open
) -> None:  # promises 21, 30
    address = ground.make(rounds.proposed)
    browser: Browser = browser_of("round.reviewer")
    rows = rows_of(browser.get(f"{address}/fairness.csv"))
    assert rows[0][:3] == ["Group by", "Group", "Tier"]
    assert {row[0] for row in rows[1:]} >= {"By township", "By sex of the head"}
    heads = [row for row in rows if row[0] == "By sex of the head"]
    assert [row[2] for row in heads] == ["1", "2", "3", "all, standardised"]
    assert browser.client.get(f"{address}/fairness.xlsx").data[:2] == b"PK"
    assert len(rows_of(browser.get(f"{address}/fairness-published.csv"))) == 1
    browser.get(f"{address}/fairness.pdf", 404)


def test_who_has_waited_stands_on_the_pages_and_in_a_list_that_the_pools_hash_covers(
    ground: Ground, browser_of: Open
) -> None:  # promises 26, 28
    address = more_rice_and_a_second_round(ground)
    browser = browser_of("round.creator")
    page = browser.get(f"{address}/fairness")
    assert "0.5 rounds" in page and "1 round" in page and "120" in page and "110" in page
    assert "weight 100, by waiting 120" in browser.get(f"{address}/unmet")
    text = browser.get(f"{address}/waiting.json")
    problem = json.loads(browser.get(f"{address}/problem.json"))
    assert problem["name"].endswith(hashlib.sha256(text.encode()).hexdigest())
    entered = {row["id"]: row["weight"] for row in problem["needs"]}
    for row in json.loads(text)["needs"]:
        assert entered[row["need"]] == row["entered"]
    need = browser.get(f"/needs/{ground.pool.rice_needs[2].id}")
    assert "1 round" in need and "0 of 10" in need and "with weight 120 instead of 100" in need


def test_the_api_gives_coverage_price_and_waiting(ground: Ground, browser_of: Open) -> None:  # promises 28, 30
    address = more_rice_and_a_second_round(ground)
    client = browser_of("round.reviewer").client
    api = f"/api/v1{address}"
    rows = client.get(f"{api}/coverage").json["items"]
    assert {row["dimension"] for row in rows} == {"township", "type", "sex", "head", "age", "disability"}
    assert all(row["small"] and not row["flag"] and row["tiers"] for row in rows)
    assert {row["dimension"] for row in client.get(f"{api}/coverage?dimension=age").json["items"]} == {"age"}
    assert client.get(f"{api}/coverage?published=true").json["items"] == []
    assert client.get(f"{api}/coverage?dimension=income").status_code == 422
    price = client.get(f"{api}/price-of-fairness").json
    assert price["given_up"] == 0 and price["shortfall_before"] is None and len(price["tiers"]) == 3
    exceptions = client.get(f"{api}/exceptions").json
    assert exceptions["unjustified"] == 0 and exceptions["sentences"] == []
    first = client.get(f"{api}/waiting?limit=1").json
    assert first["items"][0]["waited_permille"] == 1000 and first["next"]
    second = client.get(f"{api}/waiting?limit=1&after={first['next']}").json
    assert second["items"][0]["waited_permille"] == 500 and second["next"] is None
    assert client.get(f"{api}/waiting?after=x").status_code == 422
    assert client.get(f"/api/v1{ground.make(rounds.draft)}/coverage").status_code == 404


def test_another_county_sees_nothing_of_it(ground: Ground, browser_of: Open) -> None:  # promise 11
    address = ground.make(rounds.proposed)
    with ground.sessions() as session:
        make_user(session, "far.away", ("coordinator", OTHER_COUNTY))
        session.commit()
    client = browser_of("far.away").client
    for path in ("fairness", "fairness.csv", "fairness-published.csv", "waiting.json"):
        assert client.get(f"{address}/{path}").status_code == 404
    for path in ("coverage", "price-of-fairness", "exceptions", "waiting"):
        assert client.get(f"/api/v1{address}/{path}").status_code == 404


def test_the_rule_of_waiting_is_set_with_the_round(ground: Ground, browser_of: Open) -> None:  # promise 28
    browser = browser_of("round.creator")
    given = {
        "name": "March", "region_code": "330324", "seed_source": "draw 27", "time_limit_s": "10", "floor_percent": "85",
        "tolerance_permille": "1", "waiting_step": "40", "waiting_most": "300",
    }  # fmt: skip
    page = browser.get(browser.post("/rounds/new", page="/rounds/new", **given).headers["Location"])
    assert "gains 40 points" in page and "at most 300 points" in page and "after 3 rounds without help" in page
    assert 'value="40"' in browser.get("/rounds/new")  # the county keeps its rule until it changes it
    refused = browser.post("/rounds/new", page="/rounds/new", status=422, **{**given, "waiting_step": "1001"})
    assert "Between 0 and 1000 points" in refused.text


def test_a_committed_round_is_shown_with_what_the_commit_left(ground: Ground, browser_of: Open) -> None:
    address = ground.make(rounds.approved)
    with ground.sessions() as session:
        commit_round(
            session, round_id=uuid.UUID(address.split("/")[2]), actor=ground.people.committer.actor, scope=rounds.SCOPE, now=NOW + timedelta(hours=5)
        )  # fmt: skip
        session.commit()
    assert "By township" in browser_of("round.committer").get(f"{address}/fairness")
