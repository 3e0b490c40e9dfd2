"""A round can be replayed from what it keeps: the frozen problem, the seed and the plan."""

import json
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from matching.problem import parse_problem
from matching.rounds.documents import frozen_problem, stored_plan
from matching.rounds.models import MatchRound
from matching.rounds.solving import claim_solve, store_proposal
from matching.solution import result_sha256
from matching.solver.engine import solve
from tests import factories_rounds as make
from tests.factories import NOW


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_kept_problem_and_plan_give_the_same_result_again(session: Session, threads: int) -> None:  # promise 24
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    claim = claim_solve(session, round_id=one.id, now=NOW + timedelta(hours=2))
    assert claim is not None
    plan = solve(parse_problem(json.loads(claim.problem)), time_limit=20, threads=1)
    assert store_proposal(session, round_id=one.id, token=claim.token, plan=plan, now=NOW + timedelta(hours=2))
    kept = session.get_one(MatchRound, one.id, populate_existing=True)
    again = solve(frozen_problem(session, one.id, seed=kept.seed), threads=threads, replay=stored_plan(session, one.id))
    assert result_sha256(again) == kept.result_sha256
