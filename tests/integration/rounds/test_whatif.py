"""Questions asked of a round, as jobs: claimed once, fenced, judged; they change nothing until somebody takes an answer over."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel.errors import InvalidInput
from kernel.outbox import OutboxItem
from matching.alternatives import Change, changed_problem
from matching.problem import Forbid, Pin, parse_problem
from matching.rounds import whatif, whatif_answers, whatif_jobs, whatif_queries
from matching.rounds.commit import commit_round
from matching.rounds.documents import frozen_problem, stored_plan
from matching.rounds.models import Allocation, MatchRound, UnmetNeed
from matching.rounds.operations import approve_round, draw_seed, press_run
from matching.rounds.rules import LEASE
from matching.rounds.side_by_side import side_by_side
from matching.rounds.solving import PlanRefused
from matching.rounds.whatif_jobs import WhatIfClaim
from matching.rounds.whatif_models import WhatIf
from matching.solution import Plan, parse_plan
from matching.solver.warm import prices_from_bytes
from matching.whatif import Prepared, estimate, fewest
from tests import factories_rounds as make
from tests.factories import NOW, OTHER_COUNTY
from tests.factories_rounds import SCOPE
from tests.integration.conftest import ApiClient

AT = NOW + timedelta(hours=3)


@dataclass
class Ground:
    people: make.People
    pool: make.Pool
    round: MatchRound

    def ask(self, session: Session, change: Change | None) -> WhatIf:
        return whatif.ask(
            session, round_id=self.round.id, change=change, actor=self.people.creator.actor, scope=SCOPE, now=AT
        )


@pytest.fixture
def ground(session: Session) -> Ground:
    people, pool = make.make_people(session), make.make_pool(session)
    return Ground(people, pool, make.proposed(session, people))


def claimed(session: Session, one: WhatIf) -> WhatIfClaim:
    claim = whatif_jobs.claim_what_if(session, what_if_id=one.id, now=AT)
    assert claim is not None
    return claim


def mended(session: Session, ground: Ground, change: Change) -> WhatIf:
    """The question with its answer, as a worker would give it."""
    one = ground.ask(session, change)
    claim = claimed(session, one)
    found = fewest(parse_problem(json.loads(claim.problem)), parse_plan(json.loads(claim.plan)), change)
    said = {"changed": found.changed, "proven": found.proven, "lost": list(found.lost)}
    assert whatif_answers.store_plan(session, what_if_id=one.id, token=claim.token, plan=found.plan, now=AT, found=said)
    session.refresh(one)
    return one


def paid_pair(session: Session, ground: Ground) -> tuple[str, str]:
    line = session.scalars(
        sa.select(Allocation).where(Allocation.round_id == ground.round.id, Allocation.cost_fen > 0)
    ).one()
    return str(line.need_id), str(line.offering_id)


def test_one_worker_holds_a_question_and_a_stale_one_writes_nothing(
    session: Session, ground: Ground
) -> None:  # promise 3
    one = ground.ask(session, Change(budget_fen=0))
    first = claimed(session, one)
    assert whatif_jobs.claim_what_if(session, what_if_id=one.id, now=AT + LEASE) is None
    second = whatif_jobs.claim_what_if(session, what_if_id=one.id, now=AT + 2 * LEASE)
    assert second is not None and second.token > first.token
    plan = stored_plan(session, ground.round.id)
    assert not whatif_jobs.report_progress(session, what_if_id=one.id, token=first.token, now=AT, progress={})
    assert not whatif_jobs.fail(session, what_if_id=one.id, token=first.token, reason="stale", now=AT)
    with pytest.raises(PlanRefused):  # the plan of before spends money that the changed problem has not
        whatif_answers.store_plan(session, what_if_id=one.id, token=second.token, plan=plan, now=AT, found={})


def test_a_question_that_a_busy_worker_passed_over_is_offered_again_soon(session: Session, ground: Ground) -> None:
    one = ground.ask(session, Change(floor_percent=50))
    item = session.scalars(sa.select(OutboxItem).where(OutboxItem.topic == whatif_jobs.WHAT_IF_TOPIC)).one()
    item.due_at = AT + timedelta(minutes=10)
    session.flush()
    assert whatif_jobs.wake_waiting(session, now=AT + timedelta(seconds=1)) == 0
    assert whatif_jobs.wake_waiting(session, now=AT + 2 * LEASE) == 1
    cancelled = whatif.cancel(session, what_if_id=one.id, actor=ground.people.creator.actor, scope=SCOPE, now=AT)
    assert cancelled.status == "cancelled" and not whatif_jobs.waits(session, one.id)


def test_an_answer_lists_every_difference_and_leaves_the_round_alone(session: Session, ground: Ground) -> None:
    before = (ground.round.result_sha256, ground.round.version, ground.round.status)
    need, offering = paid_pair(session, ground)
    one = mended(session, ground, Change(forbids=(Forbid(need, offering),)))
    assert one.kind == "fewest" and one.result["proven"] and one.result["changed"] == 1
    assert [row["need"] for row in one.result["differences"]] == [need]
    assert one.result["counts"]["needs_losing"] == 1 and len(one.result["levels"]) == 8
    assert json.loads(whatif_queries.stored_answer(session, one))["format"] == "zhongfu-plan/1"
    session.refresh(ground.round)
    assert (ground.round.result_sha256, ground.round.version, ground.round.status) == before


def test_too_many_questions_wait_and_a_round_without_a_plan_has_none(session: Session, ground: Ground) -> None:
    for percent in (10, 20, 30):
        ground.ask(session, Change(floor_percent=percent))
    with pytest.raises(whatif_jobs.TooManyQuestions):
        ground.ask(session, Change(floor_percent=40))
    bare = make.draft(session, ground.people, name="leer")
    with pytest.raises(whatif.NoPlanYet):
        whatif.ask(session, round_id=bare.id, change=None, actor=ground.people.creator.actor, scope=SCOPE, now=AT)


def test_taking_over_makes_a_round_with_the_pair_and_its_reason_that_three_people_decide(
    session: Session, ground: Ground
) -> None:  # promise 23
    need, offering = paid_pair(session, ground)
    one = mended(session, ground, Change(forbids=(Forbid(need, offering),)))
    creator = ground.people.creator.actor
    with pytest.raises(InvalidInput, match="Say why"):
        whatif.take_over(session, what_if_id=one.id, reason=" ", actor=creator, scope=SCOPE, now=AT)
    made = whatif.take_over(session, what_if_id=one.id, reason="师傅生病", actor=creator, scope=SCOPE, now=AT)
    assert made.refreezes_id == ground.round.id and made.status == "frozen" and made.seed is None
    assert made.pool_sha256 != ground.round.pool_sha256  # the pair is part of what is published, and drawn anew
    assert [(d["kind"], d["reason"]) for d in made.directives] == [("forbid", "师傅生病")]
    problem = frozen_problem(session, made.id, seed=None)
    assert [(row.need, row.offering) for row in problem.forbids] == [(need, offering)]
    with pytest.raises(whatif_queries.NotAnswered):
        whatif.take_over(session, what_if_id=one.id, reason="twice", actor=creator, scope=SCOPE, now=AT)
    later = AT + timedelta(hours=1)
    draw_seed(session, round_id=made.id, value="07 12", actor=creator, scope=SCOPE, now=later)
    press_run(session, round_id=made.id, actor=creator, scope=SCOPE, now=later)
    from_worker(session, made, later)
    people = ground.people
    approve_round(session, round_id=made.id, reason="核对", actor=people.reviewer.actor, scope=SCOPE, now=later)
    commit_round(session, round_id=made.id, actor=people.committer.actor, scope=SCOPE, now=later)
    given = session.scalars(sa.select(Allocation.need_id).where(Allocation.round_id == made.id))
    assert uuid.UUID(need) not in set(given)


def from_worker(session: Session, one: MatchRound, at: object) -> None:
    claim = make.claim_solve(session, round_id=one.id, now=at)
    assert claim is not None
    plan: Plan = make.plan_for(parse_problem(json.loads(claim.problem)))
    assert make.store_proposal(session, round_id=one.id, token=claim.token, plan=plan, now=at)


def test_a_pinned_pair_enters_the_successor_and_money_of_a_fund_does_not(session: Session, ground: Ground) -> None:
    need, offering = paid_pair(session, ground)
    one = mended(session, ground, Change(pins=(Pin(need, offering, 2),), floor_percent=70, budget_fen=400_000))
    made = whatif.take_over(
        session, what_if_id=one.id, reason="两处即可", actor=ground.people.creator.actor, scope=SCOPE, now=AT
    )
    problem = frozen_problem(session, made.id, seed=None)
    assert problem.pins == (Pin(need, offering, 2),) and made.floor_percent == 70
    assert [limit.max_fen for limit in problem.limits] == [400_000]


def test_money_of_a_fund_is_not_taken_over(session: Session, ground: Ground) -> None:
    change = Change(funds={str(ground.pool.fund.id): 0})
    one = ground.ask(session, change)
    claim = claimed(session, one)
    problem = changed_problem(parse_problem(json.loads(claim.problem)), change)
    assert whatif_answers.store_plan(
        session, what_if_id=one.id, token=claim.token, plan=make.plan_for(problem), now=AT, found={}
    )
    with pytest.raises(whatif.MoneyIsNotDecidedHere):
        whatif.take_over(session, what_if_id=one.id, reason="x", actor=ground.people.creator.actor, scope=SCOPE, now=AT)


def test_prices_are_kept_once_and_bound_the_estimate(session: Session, ground: Ground) -> None:
    one = ground.ask(session, None)
    assert ground.ask(session, None).id == one.id
    problem = frozen_problem(session, ground.round.id, seed=ground.round.seed)
    prepared = Prepared(problem, stored_plan(session, ground.round.id))
    claim = claimed(session, one)
    prices = prepared.warm.take_prices()
    assert whatif_answers.store_prices(session, what_if_id=one.id, token=claim.token, prices=prices, now=AT)
    prepared.with_prices(prices_from_bytes(whatif_queries.stored_prices(session, ground.round.id) or b""))
    answer = estimate(prepared, Change(budget_fen=0))
    assert answer.priced and answer.needs_losing == 1 and answer.cost_fen == 0
    assert answer.tiers[0].at_least == answer.tiers[0].at_most < answer.tiers[0].before


def test_two_rounds_of_one_county_are_compared_by_what_they_give(session: Session, ground: Ground) -> None:
    need, offering = paid_pair(session, ground)
    one = mended(session, ground, Change(forbids=(Forbid(need, offering),)))
    made = whatif.take_over(
        session, what_if_id=one.id, reason="r", actor=ground.people.creator.actor, scope=SCOPE, now=AT
    )
    draw_seed(session, round_id=made.id, value="01", actor=ground.people.creator.actor, scope=SCOPE, now=AT + LEASE)
    press_run(session, round_id=made.id, actor=ground.people.creator.actor, scope=SCOPE, now=AT + LEASE)
    from_worker(session, made, AT + LEASE)
    found = side_by_side(session, a=ground.round.id, b=made.id, scope=SCOPE)
    assert found.served[1:] == (1, 0) and not found.same_pool
    assert found.pool_only == (0, 0)  # what was frozen differs by the forbidden pair; the needs are the same
    session.execute(sa.delete(UnmetNeed).where(UnmetNeed.round_id == made.id, UnmetNeed.need_id == uuid.UUID(need)))
    less = side_by_side(session, a=ground.round.id, b=made.id, scope=SCOPE)
    assert less.pool_only == (1, 0)  # as if it had not been open when the other was frozen
    assert [str(row.need_id) for row in found.only[0]] == [need] and found.only[1] == ()
    assert found.cost_fen == (200_000, 0) and [row.fen for row in found.funds] == [(200_000, 0)]
    assert {row.group for row in found.groups["type"]} == {"subsistence", "care"}


def test_the_api_estimates_asks_and_compares_within_ones_regions(
    api_as: Callable[..., ApiClient], app_sessions: sessionmaker[Session]
) -> None:  # promise 11
    with app_sessions() as session:
        people = make.make_people(session)
        pool = make.make_pool(session)
        path = f"/rounds/{make.proposed(session, people).id}"
        fund = str(pool.fund.id)
        session.commit()
    coordinator, reviewer = api_as("coordinator"), api_as("reviewer")
    answer = reviewer.get(f"{path}/estimate", budget_fen=0, fund=f"{fund}:5").json
    assert answer["cost_fen"] == 0 and len(answer["tiers"]) == 3 and answer["priced"] is False
    assert reviewer.get(f"{path}/estimate", fund="nothing").status_code == 422
    assert reviewer.get(f"{path}/estimate").status_code == 422
    question = {"floor_percent": 60}
    assert reviewer.post(f"{path}/what-ifs", question).status_code == 403
    made = coordinator.post(f"{path}/what-ifs", question)
    assert (made.status_code, made.json["kind"], made.json["status"]) == (201, "solve", "queued")
    one = f"/rounds/what-ifs/{made.json['id']}"
    assert coordinator.get(f"{path}/what-ifs").json["items"][0]["change"] == question
    assert coordinator.get(f"{one}/plan").status_code == 409
    assert coordinator.post(f"{one}/cancel").json["status"] == "cancelled"
    assert coordinator.post(f"{one}/take-over", {"reason": "r"}).status_code == 409
    assert coordinator.get("/rounds/compare", a=path[8:], b=path[8:]).status_code == 422
    stranger = api_as("coordinator", region=OTHER_COUNTY)
    assert stranger.get(one).status_code == stranger.get(f"{path}/estimate", budget_fen=1).status_code == 404
