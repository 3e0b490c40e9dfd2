"""What would help is checked by a worker that solves again, on the page of unmet needs; what a little more would do stands on the round's."""

import re
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from kernel.accounts.models import User
from kernel.audit import Actor, AuditEntry
from kernel.errors import NotFound
from kernel.outbox import OutboxItem
from matching.rounds import claims, solving, whatif_jobs
from matching.rounds.claims import NotSolvedExactly, ask_again
from matching.rounds.documents import frozen_problem
from matching.rounds.models import MatchRound, UnmetNeed
from matching.rounds.whatif_models import WhatIf
from matching.solver import confirming
from matching.solver.engine import solve
from matching.solver.shadow import prices_of_plan
from tests import factories_rounds as rounds
from tests.factories import COUNTY, NOW, OTHER_COUNTY
from tests.integration.conftest import ApiClient
from tests.integration.rounds_web.conftest import Browser
from tests.integration.rounds_web.test_whatif_pages import work

Open = Callable[..., Browser]


@pytest.fixture
def solved_round(app_sessions: sessionmaker[Session]) -> uuid.UUID:
    """A round whose plan is the solver's, proven optimal, with its shadow prices."""
    with app_sessions() as session:
        people = rounds.make_people(session)
        rounds.make_pool(session)
        one = rounds.queued(session, people)
        claim = solving.claim_solve(session, round_id=one.id, now=NOW)
        assert claim is not None
        problem = frozen_problem(session, one.id, seed=one.seed)
        plan = solve(problem, time_limit=20, threads=1)
        plan.solver["prices"] = prices_of_plan(problem, plan.served())
        assert solving.store_proposal(session, round_id=one.id, token=claim.token, plan=plan, now=NOW)
        session.commit()
        return one.id


def unmet_need(sessions: sessionmaker[Session], round_id: uuid.UUID) -> uuid.UUID:
    """The need that lacks rice."""
    with sessions() as session:
        return session.scalars(sa.select(UnmetNeed.need_id).where(UnmetNeed.round_id == round_id)).one()


# promise 29
def test_a_line_is_checked_by_a_worker_that_solves_again_and_the_answer_is_kept(
    app: Flask, solved_round: uuid.UUID, app_sessions: sessionmaker[Session], browser_of: Open
) -> None:
    browser, need = browser_of("round.reviewer"), unmet_need(app_sessions, solved_round)
    page = f"/rounds/{solved_round}/unmet"
    assert "Check by solving again" in browser.get(page)
    for _ in range(2):  # the second is the same question
        reply = browser.post(f"{page}/{need}/again", page=page)
        assert reply.headers["Location"] == f"{page}/{need}/again"
    told = browser.get(f"{page}/{need}/again")
    assert "Being checked" in told and "Solved again" not in told and 'http-equiv="refresh"' in told
    progress = browser.client.get(f"{page}/{need}/again/progress")
    assert "Waiting for a free worker" in progress.text and "HX-Refresh" not in progress.headers
    assert "Being checked" in browser.get(page)
    work(app, app_sessions)
    assert browser.client.get(f"{page}/{need}/again/progress").headers["HX-Refresh"] == "true"
    told = browser.get(f"{page}/{need}/again")
    assert "Solved again with this change the need receives 6 instead of 5." in told
    assert "Every smaller change of this kind was ruled out." in told
    assert "gives 1 bag of 10 kg more" in re.sub(r"&#\d+;", "", told)
    assert "Checked by solving again" in browser.get(page)
    with app_sessions() as session:
        assert session.scalars(sa.select(WhatIf.status).where(WhatIf.kind == "claim")).all() == ["done"]
        asked = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "round.claim_check_asked")).one()
        assert asked.subject_id == str(solved_round)
        assert session.scalar(sa.select(sa.func.count()).where(OutboxItem.done_at.is_(None))) == 1  # the round's own


def test_a_check_that_failed_says_why_in_the_readers_language_and_can_be_asked_anew(
    app: Flask, solved_round: uuid.UUID, app_sessions: sessionmaker[Session], browser_of: Open
) -> None:
    browser, need = browser_of("round.reviewer", locale="zh_Hans_CN"), unmet_need(app_sessions, solved_round)
    page = f"/rounds/{solved_round}/unmet/{need}/again"
    browser.post(page, page=f"/rounds/{solved_round}/unmet")
    with app_sessions() as session:
        one = session.scalars(sa.select(WhatIf).where(WhatIf.kind == "claim")).one()
        claim = whatif_jobs.claim_what_if(session, what_if_id=one.id, now=NOW)
        assert claim is not None
        reason = "The search did not end in its time; it was stopped"
        assert whatif_jobs.fail(session, what_if_id=one.id, token=claim.token, reason=reason, now=NOW)
        session.commit()
    told = browser.get(page)
    assert "求解未能在规定时间内结束" in told and "The search" not in told
    browser.post(page, page=page)
    work(app, app_sessions)
    assert "作此改变并重新求解后" in browser.get(page)


def test_a_plan_that_is_not_proven_offers_no_check_and_refuses_it(
    solved_round: uuid.UUID, app_sessions: sessionmaker[Session], browser_of: Open
) -> None:
    need = unmet_need(app_sessions, solved_round)
    with app_sessions() as session:
        session.get_one(MatchRound, solved_round).plan_status = "feasible"
        session.commit()
    browser, page = browser_of("round.creator"), f"/rounds/{solved_round}/unmet"
    assert "Check by solving again" not in browser.get(page)
    assert "Only a plan that is proven optimal" in browser.get(f"{page}/{need}/again")
    assert browser.post(f"{page}/{need}/again", page="/rounds/new", status=409)
    with app_sessions() as session:
        person = session.scalars(sa.select(User).where(User.login == "round.creator")).one()
        actor = Actor(person.id, person.login)
        asked = {"round_id": solved_round, "actor": actor, "scope": (COUNTY,), "now": NOW}
        with pytest.raises(NotSolvedExactly):
            ask_again(session, need_id=need, **asked)
        with pytest.raises(NotFound):
            ask_again(session, need_id=uuid.uuid4(), **asked)


def test_the_api_checks_a_need_once_and_keeps_its_answer_within_ones_regions(
    app: Flask, solved_round: uuid.UUID, app_sessions: sessionmaker[Session], api_as: Callable[..., ApiClient]
) -> None:  # promise 11
    need, reviewer = unmet_need(app_sessions, solved_round), api_as("reviewer")
    path = f"/rounds/{solved_round}/unmet/{need}/check"
    asked = reviewer.post(path)
    assert (asked.status_code, asked.json["kind"], asked.json["status"]) == (202, "claim", "queued")
    assert reviewer.post(path).json["id"] == asked.json["id"]
    work(app, app_sessions)
    told = reviewer.get(f"/rounds/what-ifs/{asked.json['id']}").json
    assert told["status"] == "done" and told["result"]["detail"]["verified"] == "solved_again"
    assert reviewer.post(path).json["result"] == told["result"]
    assert reviewer.get(f"/rounds/what-ifs/{asked.json['id']}/plan").status_code == 409
    assert api_as("coordinator", region=OTHER_COUNTY).post(path).status_code == 404
    assert reviewer.post(f"/rounds/{solved_round}/unmet/{uuid.uuid4()}/check").status_code == 404


def test_what_can_be_checked_is_what_the_solver_proves() -> None:
    assert claims.MOST_PAIRS == confirming.MOST_PAIRS


def test_what_a_little_more_would_do_stands_on_the_rounds_page(solved_round: uuid.UUID, browser_of: Open) -> None:
    page = browser_of("round.creator").get(f"/rounds/{solved_round}")
    assert "Where a little more would help most" in page
    assert "One more unit, given to a township" in page
