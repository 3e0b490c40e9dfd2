"""The solve as a job: claimed once, fenced, judged again before anything is stored. Plans here are made without the solver."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.outbox import OutboxItem
from matching.problem import parse_problem
from matching.rounds import lines, queries
from matching.rounds.documents import frozen_problem, stored_plan
from matching.rounds.models import Allocation, MatchRound, UnmetNeed
from matching.rounds.operations import cancel_round
from matching.rounds.rules import LEASE, MOST_ATTEMPTS
from matching.rounds.solving import (
    Claim,
    PlanRefused,
    claim_solve,
    fail_solve,
    give_back,
    report_progress,
    store_proposal,
    wake_stranded,
)
from matching.solution import Plan, result_sha256
from matching.validation import violations
from tests import factories_rounds as make
from tests.factories import NOW
from tests.factories_rounds import SCOPE

AT = NOW + timedelta(hours=2)


def claimed(session: Session, one: MatchRound, *, at=AT) -> Claim:
    claim = claim_solve(session, round_id=one.id, now=at)
    assert claim is not None
    return claim


def plan_of(claim: Claim) -> Plan:
    return make.plan_for(parse_problem(json.loads(claim.problem)))


def test_one_worker_holds_a_round_until_its_lease_ends(session: Session) -> None:  # promise 3
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    first = claimed(session, one)
    assert claim_solve(session, round_id=one.id, now=AT + LEASE) is None
    second = claimed(session, one, at=AT + LEASE + timedelta(seconds=1))
    assert second.token > first.token and second.attempt == 2 and second.problem == first.problem


def test_two_workers_that_claim_at_once_get_one_claim(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        people, _ = make.make_people(session), make.make_pool(session)
        one = make.queued(session, people)
        session.commit()
    with sessions() as first, sessions() as second:
        second.get_one(MatchRound, one.id)
        assert claim_solve(first, round_id=one.id, now=AT)
        first.commit()
        assert claim_solve(second, round_id=one.id, now=AT) is None


def test_a_report_extends_the_lease_and_a_stale_token_is_told_to_stop(session: Session) -> None:  # promise 3
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    old = claimed(session, one)
    later = AT + LEASE - timedelta(seconds=1)
    assert report_progress(session, round_id=one.id, token=old.token, now=later, progress={"stage": "searching"})
    assert claim_solve(session, round_id=one.id, now=AT + LEASE + timedelta(seconds=1)) is None
    new = claimed(session, one, at=later + LEASE + timedelta(seconds=1))
    assert not report_progress(session, round_id=one.id, token=old.token, now=later)
    assert report_progress(session, round_id=one.id, token=new.token, now=later)


def test_a_stale_token_writes_nothing(session: Session) -> None:  # promise 3
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    old = claimed(session, one)
    claimed(session, one, at=AT + 2 * LEASE)
    assert not store_proposal(session, round_id=one.id, token=old.token, plan=plan_of(old), now=AT)
    assert not fail_solve(session, round_id=one.id, token=old.token, reason="late", now=AT)
    assert not give_back(session, round_id=one.id, token=old.token, now=AT)
    assert session.scalar(sa.select(sa.func.count()).select_from(Allocation)) == 0
    assert queries.get_round(session, one.id, scope=SCOPE).status == "solving"


def test_a_cancelled_round_tells_its_worker_and_takes_no_result(session: Session) -> None:
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    claim = claimed(session, one)
    cancel_round(session, round_id=one.id, reason="数据有误", actor=people.creator.actor, scope=SCOPE, now=AT)
    assert not report_progress(session, round_id=one.id, token=claim.token, now=AT)
    assert not store_proposal(session, round_id=one.id, token=claim.token, plan=plan_of(claim), now=AT)
    assert one.cancel_requested_at == AT and one.status == "cancelled"
    assert claim_solve(session, round_id=one.id, now=AT + timedelta(days=1)) is None


def test_a_plan_that_breaks_a_rule_is_refused_and_nothing_of_it_is_stored(session: Session) -> None:  # promise 25
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    claim = claimed(session, one)
    good = plan_of(claim)
    more = replace(good.allocations[0], quantity=good.allocations[0].quantity + 1)
    with pytest.raises(PlanRefused):
        store_proposal(
            session,
            round_id=one.id,
            token=claim.token,
            plan=replace(good, allocations=(more, *good.allocations[1:])),
            now=AT,
        )
    assert session.scalar(sa.select(sa.func.count()).select_from(Allocation)) == 0
    assert queries.get_round(session, one.id, scope=SCOPE).status == "solving"


def test_a_proposal_carries_all_that_its_readers_need(session: Session) -> None:  # promises 24, 29, 30
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.proposed(session, people)
    plan = stored_plan(session, one.id)
    assert one.result_sha256 == result_sha256(plan) and one.plan_status == plan.status
    assert violations(frozen_problem(session, one.id, seed=one.seed), plan) == []
    view = queries.view_round(session, one.id, scope=SCOPE)
    assert [level.name for level in view.levels] == [level.name for level in plan.levels]
    assert view.counts.allocations == 5 and view.counts.cost_fen == 200_000 and sum(view.counts.unmet.values()) == 1
    unmet = lines.list_unmet(session, one.id, scope=SCOPE).rows[0]
    assert (unmet.need_id, unmet.missing, unmet.reason) == (pool.rice_needs[2].id, 5, "outranked") and unmet.detail
    assert one.comparison["first_come"]["levels"] and len(one.comparison["townships"]) == 2
    assert {"township", "type", "sex", "head", "age", "disability"} == set(one.coverage["dimensions"])
    rows = lines.list_allocations(session, one.id, scope=SCOPE, tier=1).rows
    assert {row.category_code for row in rows} == {"rice", "home_repair"}
    charges = lines.charges_of(session, [row.allocation.id for row in rows])
    assert [charge[1:] for found in charges.values() for charge in found] == [(pool.fund.name, 200_000)]
    assert lines.charges_by_fund(session, one.id) == [(pool.fund.id, pool.fund.name, 200_000)]


def test_allocations_page_by_key_without_gap_or_repeat(session: Session) -> None:
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.proposed(session, people)
    seen, after = [], None
    while True:
        page = lines.list_allocations(session, one.id, scope=SCOPE, after=after, limit=2)
        seen += [row.allocation.id for row in page.rows]
        after = page.next_after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_a_round_whose_worker_dies_every_time_fails_in_the_end(session: Session) -> None:
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    at = AT
    for _ in range(MOST_ATTEMPTS):
        claimed(session, one, at=at)
        at += LEASE + timedelta(seconds=1)
    assert claim_solve(session, round_id=one.id, now=at) is None
    session.refresh(one)
    assert one.status == "failed" and str(MOST_ATTEMPTS) in one.status_reason


def test_a_round_that_nobody_holds_is_offered_again_at_once(session: Session) -> None:  # promise 5
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    for pause in (0, 10, 30, 70):  # handed over again and again, with growing pauses
        taken = outbox.take_due(session, now=AT + timedelta(seconds=pause - 80))
        assert [item.payload["round_id"] for item in taken] == [str(one.id)]
    claim = claimed(session, one)
    assert wake_stranded(session, now=AT + timedelta(seconds=5)) == []
    assert wake_stranded(session, now=AT + 2 * LEASE) == [one.id]
    session.expire_all()
    assert session.scalars(sa.select(OutboxItem)).one().due_at == AT + 2 * LEASE
    assert len(outbox.take_due(session, now=AT + 2 * LEASE)) == 1
    assert report_progress(session, round_id=one.id, token=claim.token, now=AT + 2 * LEASE)
    assert give_back(session, round_id=one.id, token=claim.token, now=AT + 2 * LEASE)
    assert claimed(session, one, at=AT + 2 * LEASE).attempt == 2


def test_a_need_knows_what_each_round_meant_for_it(session: Session) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.committed(session, people)
    got = lines.rounds_of_need(session, pool.rice_needs[0].id)
    assert [(row.round_number, row.quantity, row.reason) for row in got] == [(one.number, 10, None)]
    part = lines.rounds_of_need(session, pool.rice_needs[2].id)
    assert [(row.quantity, row.reason) for row in part] == [(5, "outranked")]
    assert session.scalar(sa.select(sa.func.count()).select_from(UnmetNeed)) == 1
