"""Rounds for tests: people, a small pool, and rounds brought to any status by the real operations. No solver is needed."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from donors.funds.models import Fund
from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from kernel.accounts.models import RoleGrant, User
from kernel.accounts.operations import person_of
from kernel.accounts.rules import Person
from matching.baseline import greedy, plan_of
from matching.explanation import explain_unmet
from matching.pairs import build_pairs
from matching.problem import Problem, parse_problem
from matching.rounds.commit import commit_round, void_round
from matching.rounds.models import MatchRound
from matching.rounds.operations import approve_round, create_round, draw_seed, freeze_round, press_run
from matching.rounds.rules import RoundEntry
from matching.rounds.solving import claim_solve, store_proposal
from matching.solution import Plan
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_household, make_need
from tests.factories_supply import birthday, make_enterprise, make_fund, make_offering, make_volunteer

SCOPE = (COUNTY,)


@dataclass(frozen=True)
class People:
    """The three who answer for a round, and a fourth."""

    creator: Person
    reviewer: Person
    committer: Person
    other: Person


@dataclass(frozen=True)
class Pool:
    """What `make_pool` made, by name."""

    households: tuple[Household, ...]
    rice_needs: tuple[Need, ...]
    repair_need: Need
    hours_need: Need
    rice: Offering
    repair: Offering
    hours: Offering
    fund: Fund


def make_people(session: Session) -> People:
    """Accounts that nobody signs in to: making a password's hash four times would be most of a test's time."""
    roles = {"creator": "coordinator", "reviewer": "reviewer", "committer": "finance", "other": "coordinator"}
    people = {}
    for name, role in roles.items():
        user = User(login=f"round.{name}", display_name=f"round.{name}", password_hash="!", created_at=NOW)
        user.grants.append(RoleGrant(role=role, region_code=COUNTY, granted_at=NOW))
        session.add(user)
        session.flush()
        people[name] = person_of(user)
    return People(**people)


def household_number(session: Session, number: int, **values: object) -> Household:
    """A household whose head has a resident ID of their own."""
    head = a_head(resident_id=resident_id(born=birthday(5_000 + number)))
    return make_household(session, head, **values)


def make_pool(session: Session, *, rice: int = 25) -> Pool:
    """Three households that ask for ten bags of rice each, one for a repair that a fund pays, one for hours of a volunteer.

    With the 25 bags there are, the rice of one household is cut.
    """
    households = tuple(
        household_number(session, place, region_code=region)
        for place, region in enumerate((TOWNSHIP, TOWNSHIP, SIBLING_TOWNSHIP))
    )
    rice_needs = tuple(
        make_need(session, household, quantity=10, tier=tier, weight=100, type="subsistence")
        for household, tier in zip(households, (1, 2, 3), strict=True)
    )
    repair_need = make_need(
        session, households[0], category_code="home_repair", quantity=4, tier=1, weight=200, type="subsistence"
    )
    hours_need = make_need(
        session,
        households[2],
        category_code="companionship_hours",
        quantity=6,
        tier=2,
        weight=50,
        type="care",
        fill="single",
    )
    fund = make_fund(session, amount_fen=1_000_000)
    enterprise = make_enterprise(session)
    return Pool(
        households=households,
        rice_needs=rice_needs,
        repair_need=repair_need,
        hours_need=hours_need,
        rice=make_offering(session, donor=enterprise, quantity=rice, region_code=COUNTY),
        repair=make_offering(
            session, donor=enterprise, category_code="home_repair", title="房屋修缮", quantity=10, unit_cost_fen=50_000, region_code=COUNTY
        ),
        hours=make_offering(
            session, donor=make_volunteer(session, region_code=SIBLING_TOWNSHIP), category_code="companionship_hours", title="陪伴", quantity=20
        ),
        fund=fund,
    )  # fmt: skip


def round_entry(**values: object) -> RoundEntry:
    given = {
        "name": "三月匹配",
        "region_code": COUNTY,
        "seed_source": "中国福利彩票双色球 2027-03-07 期",
        "time_limit_s": 5,
    }
    return RoundEntry(**{**given, **values})  # type: ignore[arg-type]


def plan_for(problem: Problem) -> Plan:
    """A valid plan by urgency and weight, made without the solver."""
    pairs = build_pairs(problem)
    served = greedy(problem, pairs)
    return plan_of(problem, pairs, served, _units(problem, pairs, served), explain_unmet(problem, pairs, served))


def _units(problem: Problem, pairs: object, served: Mapping[tuple[str, str], int]) -> np.ndarray:
    return np.array(
        [
            served.get((problem.needs[n].id, problem.offerings[o].id), 0)
            for n, o in zip(pairs.need, pairs.offering, strict=True)  # type: ignore[attr-defined]
        ],
        np.int64,
    )


def draft(session: Session, people: People, **values: object) -> MatchRound:
    return create_round(session, entry=round_entry(**values), actor=people.creator.actor, scope=SCOPE, now=NOW)


def frozen(session: Session, people: People, **values: object) -> MatchRound:
    one = draft(session, people, **values)
    return freeze_round(session, round_id=one.id, actor=people.creator.actor, scope=SCOPE, now=NOW)


def queued(session: Session, people: People, *, draw: str = "04 11 17 23 28 31 + 09", **values: object) -> MatchRound:
    one = frozen(session, people, **values)
    later = NOW + timedelta(hours=1)
    if one.seed is None:
        draw_seed(session, round_id=one.id, value=draw, actor=people.creator.actor, scope=SCOPE, now=later)
    return press_run(session, round_id=one.id, actor=people.creator.actor, scope=SCOPE, now=later)


def proposed(session: Session, people: People, **values: object) -> MatchRound:
    one = queued(session, people, **values)
    propose(session, one.id)
    session.refresh(one)
    return one


def propose(session: Session, round_id: uuid.UUID) -> None:
    """What a worker does, without the search."""
    at = NOW + timedelta(hours=2)
    claim = claim_solve(session, round_id=round_id, now=at)
    assert claim is not None
    plan = plan_for(parse_problem(json.loads(claim.problem)))
    assert store_proposal(session, round_id=round_id, token=claim.token, plan=plan, now=at)


def approved(session: Session, people: People, **values: object) -> MatchRound:
    one = proposed(session, people, **values)
    return approve_round(
        session,
        round_id=one.id,
        reason="核对无误",
        actor=people.reviewer.actor,
        scope=SCOPE,
        now=NOW + timedelta(hours=3),
    )


def committed(session: Session, people: People, **values: object) -> MatchRound:
    one = approved(session, people, **values)
    return commit_round(
        session, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=NOW + timedelta(hours=4)
    )


def void(session: Session, people: People, one: MatchRound, *, now: datetime) -> MatchRound:
    return void_round(session, round_id=one.id, reason="重复", actor=people.other.actor, scope=SCOPE, now=now)
