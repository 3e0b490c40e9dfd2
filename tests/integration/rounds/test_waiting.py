"""Waiting over real rounds: pools frozen from the database, plans of the solver, commits, voids and declined deliveries."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.needs.models import Need
from kernel.audit import AuditEntry
from marketplace.fulfilment.operations import decline_delivery
from matching.problem import parse_problem
from matching.rounds.commit import commit_round
from matching.rounds.documents import problem_text
from matching.rounds.models import Allocation, MatchRound, RoundWait
from matching.rounds.operations import approve_round, cancel_round, refreeze
from matching.rounds.solving import claim_solve, store_proposal
from matching.rounds.waits import rounds_of_needs, waited_of, waiting_document_text
from matching.solver.engine import solve
from matching.waiting import WaitingRule, rounds_to_outrank
from tests import factories_rounds as make
from tests.factories import COUNTY, NOW
from tests.factories_demand import make_need
from tests.factories_rounds import SCOPE, People
from tests.factories_supply import make_enterprise, make_offering

LATER = NOW + timedelta(hours=6)


def bag_of(session: Session, number: int, *, weight: int) -> Need:
    """A need of one bag of rice in tier 2."""
    household = make.household_number(session, number)
    return make_need(session, household, quantity=1, tier=2, weight=weight, type="subsistence")


def solved_and_committed(session: Session, people: People, **values: object) -> MatchRound:
    """A whole round by the real operations and the solver."""
    one = make.queued(session, people, **values)
    at = NOW + timedelta(hours=2)
    claim = claim_solve(session, round_id=one.id, now=at)
    assert claim is not None
    plan = solve(parse_problem(json.loads(claim.problem)), time_limit=5, threads=1)
    assert store_proposal(session, round_id=one.id, token=claim.token, plan=plan, now=at)
    approve_round(session, round_id=one.id, reason="核对无误", actor=people.reviewer.actor, scope=SCOPE, now=at)
    return commit_round(session, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=LATER)


def weight_of(session: Session, one: MatchRound, need: Need) -> int:
    rows = json.loads(problem_text(session, one.id, seed=None))["needs"]
    return next(row["weight"] for row in rows if row["id"] == str(need.id))


def test_a_light_need_is_served_in_the_round_that_the_rule_names(session: Session) -> None:  # promise 28
    people, enterprise = make.make_people(session), make_enterprise(session)
    light = bag_of(session, 0, weight=20)
    bound = rounds_to_outrank(WaitingRule(10, 200), 20, 45)
    assert bound == 3
    weights, served = [], []
    for number in range(1, bound + 2):
        # In each round one bag, and somebody new who weighs more.
        make_offering(session, donor=enterprise, quantity=1, region_code=COUNTY)
        bag_of(session, number, weight=45)
        one = solved_and_committed(session, people, waiting_step=10, waiting_most=200)
        weights.append(weight_of(session, one, light))
        served.append(
            session.scalar(
                sa.select(sa.func.count()).where(Allocation.round_id == one.id, Allocation.need_id == light.id)
            )
        )
    assert weights == [20, 30, 40, 50]
    assert served == [0, 0, 0, 1]
    session.refresh(light)
    assert (light.rounds_waited, light.reserved) == (3, 1)
    assert [row.waited for row in rounds_of_needs(session, [light.id])[light.id]] == [1000, 1000, 1000, 0]


def test_only_committed_rounds_count_and_a_void_takes_its_count_back(session: Session) -> None:  # promise 28
    people, pool = make.make_people(session), make.make_pool(session, rice=20)
    left = pool.rice_needs[2]
    cancelled = make.proposed(session, people)
    cancel_round(session, round_id=cancelled.id, reason="数据有误", actor=people.creator.actor, scope=SCOPE, now=LATER)
    make.frozen(session, people)
    assert waited_of(session, [left.id]) == {}
    one = make.committed(session, people)
    assert waited_of(session, [need.id for need in pool.rice_needs]) == {left.id: 1000}
    make.void(session, people, one, now=LATER)
    session.refresh(left)
    assert waited_of(session, [left.id]) == {} and left.rounds_waited == 0


def test_a_part_counts_in_proportion_and_a_declined_delivery_as_nothing(session: Session) -> None:  # promise 28
    people, pool = make.make_people(session), make.make_pool(session, rice=15)
    make.committed(session, people)
    first, second, third = pool.rice_needs
    assert waited_of(session, [first.id, second.id, third.id]) == {second.id: 500, third.id: 1000}
    given = session.scalars(sa.select(Allocation).where(Allocation.need_id == first.id)).one()
    decline_delivery(
        session, allocation_id=given.id, reason="大米受潮", actor=people.other.actor, scope=SCOPE, now=LATER
    )
    assert waited_of(session, [first.id]) == {first.id: 1000}


def test_a_frozen_pool_records_each_wait_once_and_its_hash_covers_the_list(session: Session) -> None:  # promises 26, 28
    people, pool = make.make_people(session), make.make_pool(session, rice=15)
    make.committed(session, people)
    make_offering(session, quantity=5, region_code=COUNTY)
    one = make.frozen(session, people, waiting_step=30)
    rows = {row.need_id: row for row in session.scalars(sa.select(RoundWait).where(RoundWait.round_id == one.id))}
    half, nothing = rows[pool.rice_needs[1].id], rows[pool.rice_needs[2].id]
    assert (half.weight, half.waited, half.counted, half.open_units, half.entered) == (100, 500, 115, 5, 58)
    assert (nothing.weight, nothing.waited, nothing.counted, nothing.entered) == (100, 1000, 130, 130)
    assert one.pool_summary["waiting"] == 2
    document = json.loads(waiting_document_text(session, one))
    assert document["step"] == 30 and len(document["needs"]) == 2
    other = make.frozen(session, people, waiting_step=31)
    assert other.pool_sha256 != one.pool_sha256
    again = refreeze(session, round_id=one.id, actor=people.creator.actor, scope=SCOPE, now=LATER)
    assert again.pool_sha256 == one.pool_sha256 and again.waiting_step == 30
    session.commit()
    told = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.subject_id == str(one.id), AuditEntry.action == "round.frozen")
    ).one()
    assert told.detail["waiting"] == 2 and len(told.detail["waiting_sha256"]) == 64
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.update(RoundWait).values(waited=0))
