"""Estimates come from a process beside the web process: it keeps plans warm, is replaced when it ends, and passes refusals on."""

import os
import signal
import time

import pytest
from sqlalchemy.orm import Session

from kernel.errors import InvalidFields, InvalidInput
from marketplace.serving import warm_plans
from marketplace.serving.warm_plans import NoEstimate, _Estimator
from matching import whatif as arithmetic
from matching.alternatives import Change
from matching.estimates import TooLittleMoney, answer_document, answer_from
from matching.problem import Forbid, Pin
from matching.rounds import whatif_answers, whatif_jobs
from matching.rounds.documents import frozen_problem, stored_plan
from matching.rounds.models import MatchRound
from matching.rounds.whatif_models import WhatIf
from matching.whatif import Prepared
from tests import factories_rounds as make
from tests.factories import NOW


@pytest.fixture
def one(session: Session) -> MatchRound:
    people = make.make_people(session)
    make.make_pool(session)
    return make.proposed(session, people)


@pytest.fixture
def estimator():  # type: ignore[no-untyped-def]
    """One of our own, gone afterwards."""
    made = _Estimator()
    yield made
    made._end()


def test_the_answer_is_that_of_the_arithmetic_and_the_plan_stays_warm(
    session: Session, one: MatchRound, estimator: _Estimator
) -> None:
    prepared = Prepared(frozen_problem(session, one.id, seed=one.seed), stored_plan(session, one.id))
    for change in (Change(budget_fen=0), Change(floor_percent=50, budget_fen=100_000)):
        found = estimator.answer(session, one, change)
        assert found == arithmetic.estimate(prepared, change) == answer_from(answer_document(found))
    assert list(estimator._kept.values()) == [False]


def test_prices_that_come_later_are_taken_over(session: Session, one: MatchRound, estimator: _Estimator) -> None:
    assert not estimator.answer(session, one, Change(budget_fen=0)).priced
    whatif_jobs.put_prices(session, round_id=one.id, now=NOW)
    asked = session.query(WhatIf).one()
    claim = whatif_jobs.claim_what_if(session, what_if_id=asked.id, now=NOW)
    assert claim is not None
    prepared = Prepared(frozen_problem(session, one.id, seed=one.seed), stored_plan(session, one.id))
    prices = prepared.warm.take_prices()
    assert whatif_answers.store_prices(session, what_if_id=asked.id, token=claim.token, prices=prices, now=NOW)
    session.refresh(one)
    assert estimator.answer(session, one, Change(budget_fen=0)).priced


def test_refusals_come_through_as_they_are(session: Session, one: MatchRound, estimator: _Estimator) -> None:
    with pytest.raises(InvalidFields) as refused:
        estimator.answer(session, one, Change(floor_percent=101, funds={"nobody": 5}))
    assert {fault.field for fault in refused.value.faults} >= {"floor_percent"}
    with pytest.raises((InvalidFields, InvalidInput)):
        estimator.answer(session, one, Change(pins=(Pin("a", "b", 1),), forbids=(Forbid("a", "b"),)))
    assert issubclass(TooLittleMoney, InvalidInput)


def test_an_estimator_that_ended_is_replaced_and_one_that_hangs_is_given_up(
    session: Session, one: MatchRound, estimator: _Estimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = estimator.answer(session, one, Change(budget_fen=0))
    assert estimator._process is not None
    os.kill(estimator._process.pid, signal.SIGKILL)
    assert estimator.answer(session, one, Change(budget_fen=0)) == first
    os.kill(estimator._process.pid, signal.SIGSTOP)
    monkeypatch.setattr(warm_plans, "ANSWER_WITHIN_S", 0.3)
    begun = time.monotonic()
    with pytest.raises(NoEstimate):
        estimator.answer(session, one, Change(budget_fen=0))
    assert time.monotonic() - begun < 20 and estimator._process is None
