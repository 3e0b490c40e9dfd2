"""The certified gap beside the solver's, on the round's page and in its API."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from matching.certificate import FORMAT
from matching.problem import parse_problem
from matching.rounds.solving import claim_solve, store_proposal
from tests import factories_rounds as rounds
from tests.factories import NOW
from tests.integration.rounds_web.conftest import Browser


@pytest.fixture
def certified_round(app_sessions: sessionmaker[Session]) -> str:
    """The id of a proposed round whose plan has a certificate of tiers 1 and 2; the solver knows no bounds."""
    with app_sessions() as session:
        people, _ = rounds.make_people(session), rounds.make_pool(session)
        one, at = rounds.queued(session, people), NOW + timedelta(hours=2)
        claim = claim_solve(session, round_id=one.id, now=at)
        assert claim is not None
        plan = rounds.plan_for(parse_problem(json.loads(claim.problem)))
        certificate = {"format": FORMAT, "parts_per_point": 1, "tiers": [{"tier": 1}, {"tier": 2}]}
        plan = replace(plan, certificate=certificate)
        assert store_proposal(session, round_id=one.id, token=claim.token, plan=plan, now=at)
        session.commit()
        return str(one.id)


def test_the_page_shows_the_certified_gap_beside_the_solvers(
    certified_round: str, browser_of: Callable[..., Browser]
) -> None:  # promise 24
    page = browser_of("round.reviewer").get(f"/rounds/{certified_round}")
    assert page.count("certified: ") == 2
    assert "Certified: the gap that anyone can recompute from the prices in the plan file" in page
    chinese = browser_of("round.reviewer", locale="zh_Hans_CN").get(f"/rounds/{certified_round}")
    assert chinese.count("可核验：") == 3


def test_a_plan_without_a_certificate_is_shown_without_the_word(
    app_sessions: sessionmaker[Session], browser_of: Callable[..., Browser]
) -> None:
    with app_sessions() as session:
        people, _ = rounds.make_people(session), rounds.make_pool(session)
        one = rounds.proposed(session, people)
        session.commit()
        address = f"/rounds/{one.id}"
    page = browser_of("round.reviewer").get(address)
    assert "ertified: " not in page
