"""What would help is checked by solving again on the page of unmet needs; what a little more would do stands on the round's."""

import re
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel.errors import NotFound
from matching.rounds import solving
from matching.rounds.claims import NotSolvedExactly, check_again
from matching.rounds.documents import frozen_problem
from matching.rounds.models import MatchRound, UnmetNeed
from matching.solver.engine import solve
from matching.solver.shadow import prices_of_plan
from tests import factories_rounds as rounds
from tests.factories import COUNTY, NOW
from tests.integration.rounds_web.conftest import Browser

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
def test_a_line_is_checked_by_solving_again(
    solved_round: uuid.UUID, app_sessions: sessionmaker[Session], browser_of: Open
) -> None:
    browser, need = browser_of("round.reviewer"), unmet_need(app_sessions, solved_round)
    page = f"/rounds/{solved_round}/unmet"
    assert "Check by solving again" in browser.get(page)
    told = browser.post(f"{page}/{need}/again", page=page, status=200).text
    assert "Solved again with this change the need receives 6 instead of 5." in told
    assert "Every smaller change of this kind was ruled out." in told
    assert "gives 1 bag of 10 kg more" in re.sub(r"&#\d+;", "", told)


def test_a_plan_that_is_not_proven_offers_no_check_and_refuses_it(
    solved_round: uuid.UUID, app_sessions: sessionmaker[Session], browser_of: Open
) -> None:
    need = unmet_need(app_sessions, solved_round)
    with app_sessions() as session:
        session.get_one(MatchRound, solved_round).plan_status = "feasible"
        session.commit()
    browser, page = browser_of("round.creator"), f"/rounds/{solved_round}/unmet"
    assert "Check by solving again" not in browser.get(page)
    assert browser.post(f"{page}/{need}/again", page="/rounds/new", status=409)
    with app_sessions() as session:
        with pytest.raises(NotSolvedExactly):
            check_again(session, round_id=solved_round, need_id=need, scope=(COUNTY,))
        with pytest.raises(NotFound):
            check_again(session, round_id=solved_round, need_id=uuid.uuid4(), scope=(COUNTY,))


def test_what_a_little_more_would_do_stands_on_the_rounds_page(solved_round: uuid.UUID, browser_of: Open) -> None:
    page = browser_of("round.creator").get(f"/rounds/{solved_round}")
    assert "Where a little more would help most" in page
    assert "One more unit, given to a township" in page
