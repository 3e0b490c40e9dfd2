"""The pages of a round, from the draft to the commit, as three people see them."""

import csv
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from sqlalchemy.orm import Session, sessionmaker

from donors.models import Donor
from donors.offerings.models import Offering
from households.models import Household
from kernel.audit import AuditEntry
from matching.rounds.models import MatchRound
from tests import factories_rounds as rounds
from tests.factories import OTHER_COUNTY, make_user
from tests.factories_rounds import People, Pool
from tests.integration.rounds_web.conftest import Browser

Open = Callable[..., Browser]


@dataclass
class Ground:
    """The pool and the people, committed, and the factory to look behind the pages."""

    people: People
    pool: Pool
    sessions: sessionmaker[Session]

    def make(self, step: Callable[..., MatchRound], **values: object) -> str:
        """A round brought to a status; its address."""
        with self.sessions() as session:
            made = step(session, self.people, **values)
            session.commit()
            return f"/rounds/{made.id}"

    def status(self, address: str) -> str:
        """What the database says the round is."""
        with self.sessions() as session:
            return session.get_one(MatchRound, address.split("/")[2]).status


@pytest.fixture
def ground(app_sessions: sessionmaker[Session]) -> Ground:
    """A small pool with 25 of 30 bags of rice."""
    with app_sessions() as session:
        people, pool = rounds.make_people(session), rounds.make_pool(session)
        session.commit()
    return Ground(people, pool, app_sessions)


def test_an_empty_list_says_what_to_do_first(ground: Ground, browser_of: Open) -> None:
    page = browser_of("round.creator").get("/rounds")
    assert "There is no round yet" in page and "/rounds/new" in page
    assert "The county coordinator starts one" in browser_of("round.reviewer").get("/rounds")


def test_a_round_is_created_with_limits_in_yuan_and_its_rules_are_read_back(ground: Ground, browser_of: Open) -> None:
    browser = browser_of("round.creator")
    reply = browser.post(
        "/rounds/new", page="/rounds/new", name="March", region_code="330324", seed_source="draw 27", budget="1,000.50",
        household_cap="3000", time_limit_s="10", floor_percent="85", tolerance_permille="1", government_bought="y",
        relief_spending="10000", government_percent="5",
    )  # fmt: skip
    page = browser.get(reply.headers["Location"])
    assert "Budget of the round: ¥1,000.50" in page
    assert "Government-bought services: ¥500.00" in page
    assert "85%" in page and "draw 27" in page and "3,000.00" in page


def test_what_is_wrong_in_the_form_stands_at_its_field_and_nothing_typed_is_lost(
    ground: Ground, browser_of: Open
) -> None:
    reply = browser_of("round.creator").post(
        "/rounds/new", page="/rounds/new", status=422, name="My own round", region_code="330324", seed_source="",
        budget="12,3 yuan", time_limit_s="2", floor_percent="90", tolerance_permille="1",
    )  # fmt: skip
    assert "My own round" in reply.text and "12,3 yuan" in reply.text
    for message in ("Name the public value", "not an amount in yuan", "Between 5 and 3600"):
        assert message in reply.text


def test_a_round_goes_from_draft_to_committed_by_three_people(ground: Ground, browser_of: Open) -> None:  # promise 23
    creator, reviewer, committer = (browser_of(f"round.{name}") for name in ("creator", "reviewer", "committer"))
    address = ground.make(rounds.draft)
    assert "Freeze the pool" in creator.get(address)
    creator.post(f"{address}/freeze", page=address)
    page = creator.get(address)
    assert "Hash of the pool" in page and "Draw the seed" in page
    creator.post(f"{address}/draw", page=address, value="03 08 11")
    assert "first 4 bytes of SHA-256" in creator.get(address)
    creator.post(f"{address}/run", page=address)
    page = creator.get(address)
    assert "Waiting for a free worker" in page and 'hx-trigger="every 1s"' in page and "http-equiv" in page
    with ground.sessions() as session:
        rounds.propose(session, uuid.UUID(address.split("/")[2]))
        session.commit()
    assert "You created this round; another person reviews it" in creator.get(address)
    reviewer.post(f"{address}/approve", page=address, **{"approve-reason": "Checked against the lists"})
    assert (
        "You approved this round" in browser_of("round.reviewer").get(address) or ground.status(address) == "approved"
    )
    assert f"{address}/changes" in committer.get(f"{address}/commit")
    confirmation = committer.get(f"{address}/commit?look=1")
    assert "Nothing that the plan uses has changed" in confirmation and "25 bag" in confirmation
    committer.post(f"{address}/commit", page=f"{address}/commit?look=1")
    assert ground.status(address) == "committed"
    page = committer.get(address)
    assert "Checked against the lists" in page and "round.committer" in page
    with ground.sessions() as session:
        assert session.get_one(Offering, ground.pool.rice.id).reserved == 25


def test_the_creator_cannot_approve_and_is_told_why(ground: Ground, browser_of: Open) -> None:  # promise 23
    address = ground.make(rounds.proposed)
    reply = browser_of("round.creator").post(
        f"{address}/approve", page=address, status=403, **{"approve-reason": "mine is good"}
    )
    assert "You created this round; another person reviews it" in reply.text
    assert ground.status(address) == "proposed"


def test_the_reviewer_cannot_commit_and_neither_can_the_creator(ground: Ground, browser_of: Open) -> None:  # promise 14
    address = ground.make(rounds.approved)
    reply = browser_of("round.creator").post(f"{address}/commit", page=f"{address}/commit?look=1", status=403)
    assert "another person commits it" in reply.text
    reply = browser_of("round.reviewer").post(f"{address}/commit", page=address, status=403)
    assert ground.status(address) == "approved"


def test_an_approval_without_a_reason_is_refused_at_its_field(ground: Ground, browser_of: Open) -> None:
    address = ground.make(rounds.proposed)
    reply = browser_of("round.reviewer").post(f"{address}/approve", page=address, status=422, **{"approve-reason": " "})
    assert "Say why: others will read it later" in reply.text


def test_the_plan_is_told_with_tiers_levels_and_first_come(ground: Ground, browser_of: Open) -> None:
    page = browser_of("round.reviewer").get(ground.make(rounds.proposed))
    assert "2 of 2 needs get help" in page and "first come, first served" in page
    for title in ("Most urgent needs", "Fairness between townships", "Nothing useful stays idle", "Public draw"):
        assert title in page
    assert "岩坦镇" in page and "<circle" in page


def test_an_unmet_need_says_why_and_what_would_change_it(ground: Ground, browser_of: Open) -> None:  # promise 29
    address = ground.make(rounds.proposed)
    page = browser_of("round.creator").get(f"{address}/unmet")
    assert "Others came first" in page and "5 of 10 bag" in page
    assert "Needs that went before: 2" in page and "their tier is more urgent" in page
    assert "gives 1 bag of 10 kg more" in page


def test_households_are_masked_in_lines_and_files(ground: Ground, browser_of: Open) -> None:  # promise 20
    address = ground.make(rounds.proposed)
    browser = browser_of("round.committer")
    page = browser.get(f"{address}/allocations")
    assert "周**" in page and "周建国" not in page
    file = browser.client.get(f"{address}/allocations.csv")
    assert "周建国" not in file.get_data(as_text=True)


def test_no_file_of_a_round_names_a_person_and_each_is_on_the_trail(
    ground: Ground, browser_of: Open
) -> None:  # promises 14, 20
    address = ground.make(rounds.proposed)
    with ground.sessions() as session:
        donor = session.scalars(sa.select(Donor).where(Donor.kind == "volunteer")).one()
        heads = set(session.scalars(sa.select(Household.head_name)))
    browser = browser_of("round.committer")
    for path in ("allocations", "unmet"):
        for kind in ("csv", "xlsx"):
            content = browser.client.get(f"{address}/{path}.{kind}?tier=1").get_data()
            if kind == "xlsx":
                rows = load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
                text = repr(list(rows))
            else:
                text = content.decode("utf-8-sig")
            assert not [name for name in (donor.name, *heads) if name in text]
        text = browser.client.get(f"{address}/{path}.csv").get_data(as_text=True)
        assert not [name for name in (donor.name, *heads) if name in text]
    assert f"{donor.name[0]}*" in browser.client.get(f"{address}/allocations.csv").get_data(as_text=True)
    assert donor.name not in browser.get(f"{address}/allocations")
    with ground.sessions() as session:
        taken = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "list.exported")).all()
    assert len(taken) == 7 and {one.subject_id for one in taken} == {address.split("/")[2]}
    assert {"table": "allocations", "rows": 5, "filters": []} in [one.detail for one in taken]


def test_the_filter_of_the_address_holds_for_table_and_file(ground: Ground, browser_of: Open) -> None:
    address = ground.make(rounds.proposed)
    browser = browser_of("round.creator")
    assert "2 lines" in browser.get(f"{address}/allocations?township=330324111")
    file = browser.client.get(f"{address}/allocations.csv?township=330324111").get_data().decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(file)))) == 3
    book = browser.client.get(f"{address}/allocations.xlsx?tier=1")
    assert book.get_data()[:2] == b"PK"
    assert "No line fits this filter" in browser.get(f"{address}/allocations?text=nobody")
    assert "tiers are 1, 2 and 3" in browser.get(f"{address}/allocations?tier=9", status=422)


def test_what_changed_since_the_freeze_is_listed_and_must_be_frozen_anew(ground: Ground, browser_of: Open) -> None:
    address = ground.make(rounds.approved)
    with ground.sessions() as session:
        session.get_one(Offering, ground.pool.rice.id).quantity = 20
        session.commit()
    browser = browser_of("round.committer")
    page = browser.get(f"{address}/changes")
    assert "has 20 units left; the plan uses 25" in page and "Ask the coordinator to freeze it anew" in page
    reply = browser.post(f"{address}/commit", page=f"{address}/commit?look=1", status=409)
    assert "Nothing was reserved" in reply.text
    creator = browser_of("round.creator")
    reply = creator.post(f"{address}/refreeze", page=address)
    assert "Draw the seed" in creator.get(reply.headers["Location"])
    assert ground.status(address) == "cancelled"


def test_a_round_is_cancelled_and_voided_with_a_reason(ground: Ground, browser_of: Open) -> None:
    address = ground.make(rounds.queued)
    creator = browser_of("round.creator")
    creator.post(f"{address}/cancel", page=address, **{"cancel-reason": "wrong region"})
    assert "wrong region" in creator.get(address) and ground.status(address) == "cancelled"
    address = ground.make(rounds.committed)
    assert "You committed this round" in browser_of("round.committer").get(address)
    other = browser_of("round.other")
    other.post(f"{address}/void", page=address, **{"void-reason": "flood, all lists anew"})
    assert ground.status(address) == "voided"


def test_progress_is_a_fragment_and_asks_for_the_page_when_the_round_moved_on(ground: Ground, browser_of: Open) -> None:
    address = ground.make(rounds.queued)
    browser = browser_of("round.creator")
    reply = browser.client.get(f"{address}/progress")
    assert "<html" not in reply.text and "HX-Refresh" not in reply.headers
    with ground.sessions() as session:
        rounds.propose(session, uuid.UUID(address.split("/")[2]))
        session.commit()
    assert browser.client.get(f"{address}/progress").headers["HX-Refresh"] == "true"


def test_the_frozen_problem_gives_the_published_hash(ground: Ground, browser_of: Open) -> None:  # promise 24
    address = ground.make(rounds.proposed)
    browser = browser_of("round.creator")
    problem = browser.client.get(f"{address}/problem.json")
    assert problem.json["format"] == "zhongfu-problem/1" and problem.json["seed"]
    assert browser.client.get(f"{address}/plan.json").json["status"] in ("optimal", "feasible")


def test_pages_of_another_county_do_not_exist(
    ground: Ground, browser_of: Open, app_sessions: sessionmaker[Session]
) -> None:

    address = ground.make(rounds.proposed)
    with app_sessions() as session:
        make_user(session, "round.foreign", ("coordinator", OTHER_COUNTY))
        session.commit()
    browser = browser_of("round.foreign")
    for path in ("", "/allocations", "/unmet", "/excluded", "/allocations.csv", "/progress", "/plan.json", "/commit"):
        browser.get(f"{address}{path}", status=404)


def test_the_pages_are_chinese_first(ground: Ground, browser_of: Open) -> None:
    page = browser_of("round.creator", locale="zh_Hans_CN").get(ground.make(rounds.proposed))
    assert "匹配轮次" in page and "待复核" in page
