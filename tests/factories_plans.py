"""Plans for tests: a family whose portrait suggests measures, and plans brought to any status by the real operations."""

from typing import Any

from sqlalchemy.orm import Session

from households.consents.rules import Giving
from households.indicators import IndicatorEntry
from households.models import Household
from households.operations import set_indicators
from households.plans.approval import approve_plan
from households.plans.models import Plan
from households.plans.operations import agree, open_draft, write_measures
from households.plans.rules import MeasureEntry
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from kernel.accounts.rules import Person
from kernel.audit import SYSTEM
from kernel.clock import day_of
from matching.rounds.pools import rounds_holding
from tests.factories import COUNTY, NOW, make_person
from tests.factories_demand import make_household

ON_SCREEN = Giving("screen")
ON_PAPER = Giving("paper", reference="岩坦-2027-018", given_on=day_of(NOW))
MEASURES = (MeasureEntry("food-parcels"), MeasureEntry("cash-aid"))


def load_policy(session: Session) -> None:
    """The packaged policy set, in force for the county."""
    add_policy_set(session, document=demo_policy(), actor=SYSTEM, scope=(COUNTY,), now=NOW)


def poor_household(session: Session, *members: Any, **values: Any) -> Household:
    """A household without income, so that food parcels (2) and cash aid (10 units of 100 yuan) are suggested, and without able members."""
    household = make_household(session, *members, **values)
    entries = (IndicatorEntry("elders", 1, day_of(NOW), "入户"), IndicatorEntry("savings", 10_000, day_of(NOW), "入户"))
    return set_indicators(session, household_id=household.id, entries=entries, **by(SYSTEM))


def by(who: Any, **values: Any) -> dict[str, Any]:
    """Who writes, in the whole county, when."""
    return {"actor": getattr(who, "actor", who), "scope": (COUNTY,), "now": NOW, **values}


def make_worker(session: Session, login: str = "plan.worker") -> Person:
    """Who drafts."""
    return make_person(session, login, ("worker", COUNTY))


def make_approver(session: Session, login: str = "plan.approver") -> Person:
    """Who approves."""
    return make_person(session, login, ("coordinator", COUNTY))


def agreed_plan(
    session: Session, household: Household, worker: Any, *measures: MeasureEntry, giving: Giving = ON_PAPER, **at: Any
) -> Plan:
    """A version that the household agreed to."""
    plan = open_draft(session, household_id=household.id, **by(worker, **at))
    if measures:
        plan = write_measures(session, plan_id=plan.id, entries=measures, version=plan.version, **by(worker, **at))
    return agree(session, plan_id=plan.id, giving=giving, **by(worker, **at))


def plan_in_force(
    session: Session, household: Household, worker: Any, approver: Any, *measures: MeasureEntry, **at: Any
) -> Plan:
    """A version in force, with its needs posted."""
    plan = agreed_plan(session, household, worker, *(measures or MEASURES), **at)
    rounds = rounds_holding(session, [household.id])
    return approve_plan(session, plan_id=plan.id, starts_on=None, rounds=rounds, **by(approver, **at))[0]
