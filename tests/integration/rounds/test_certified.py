"""What a round keeps of a plan's certificate: the bounds recomputed from it, beside the solver's."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from matching.certificate import FORMAT
from matching.problem import parse_problem
from matching.rounds.documents import stored_plan
from matching.rounds.models import Allocation, MatchRound
from matching.rounds.queries import level_views
from matching.rounds.solving import PlanRefused, claim_solve, store_proposal
from matching.solution import Plan
from tests import factories_rounds as make
from tests.factories import NOW

AT = NOW + timedelta(hours=2)


def certified(plan: Plan, **rows: Any) -> Plan:
    """The plan with a certificate for tiers 1 and 2; `rows` price tier 1."""
    tiers = [{"tier": 1, **rows}, {"tier": 2}]
    return replace(plan, certificate={"format": FORMAT, "parts_per_point": 1, "tiers": tiers})


def store(session: Session, **rows: Any) -> tuple[MatchRound, Plan]:
    people, _ = make.make_people(session), make.make_pool(session)
    one = make.queued(session, people)
    claim = claim_solve(session, round_id=one.id, now=AT)
    assert claim is not None
    plan = certified(make.plan_for(parse_problem(json.loads(claim.problem))), **rows)
    assert store_proposal(session, round_id=one.id, token=claim.token, plan=plan, now=AT)
    return one, plan


def test_a_round_keeps_the_bounds_that_the_certificate_proves(session: Session) -> None:  # promise 24
    one, plan = store(session)
    views = {view.name: view for view in level_views(one.levels or [])}
    for name in ("tier1", "tier2"):
        bound = views[name].certified_bound
        assert bound is not None and bound >= views[name].value
        assert views[name].certified_gap == (bound - views[name].value) / max(1, bound)
    assert views["tier3"].certified_bound is None and views["cost"].certified_gap is None
    assert stored_plan(session, one.id).certificate == plan.certificate


def test_a_certificate_of_another_problem_is_refused_and_nothing_is_stored(session: Session) -> None:  # promise 25
    with pytest.raises(PlanRefused) as refused:
        store(session, capacity={"nobody": 1})
    assert "capacity['nobody']" in str(refused.value.values["first"])
    assert session.scalar(sa.select(sa.func.count()).select_from(Allocation)) == 0
