"""Households with visits, problems and case conferences for tests, made by the real operations."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.cases.models import CaseConference
from households.cases.operations import call_case, confirm_case, decide_case
from households.cases.rules import CaseEntry, DecisionEntry, MeasureEntry, ParticipantEntry
from households.models import Household
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.visits.models import CareVisit, HouseholdReview
from households.visits.schedule import keep_planned
from kernel.audit import SYSTEM, Actor
from tests.factories import COUNTY, NOW, make_person, resident_id
from tests.factories_demand import a_head, make_household

TODAY = date(2027, 3, 5)


def later(days: int) -> datetime:
    """The tests' moment so many days on."""
    return NOW + timedelta(days=days)


def put_policy(session: Session, **changes: Any) -> None:
    """The demonstration's policy set holds, with `changes` of its parts."""
    add_policy_set(session, document=demo_policy() | changes, actor=SYSTEM, scope=(COUNTY,), now=NOW)


def doing(actor: Actor, *scope: str, days: int = 0) -> dict[str, Any]:
    """Who writes, where, and so many days after the tests' moment."""
    return {"actor": actor, "scope": scope or (COUNTY,), "now": later(days)}


def worker(session: Session, region: str = COUNTY, role: str = "worker") -> Actor:
    """A fresh account with the role."""
    return make_person(session, f"{role}-{uuid.uuid4().hex[:8]}", (role, region)).actor


def home(session: Session, sequence: int = 1, **values: Any) -> Household:
    """A household whose head has the `sequence`-th number."""
    return make_household(
        session, a_head(resident_id=resident_id(born=f"19{40 + sequence // 12}{1 + sequence % 12:02d}01")), **values
    )


def planned_visit(session: Session, household: Household) -> CareVisit | None:
    """The household's planned visit."""
    return session.scalar(
        sa.select(CareVisit)
        .where(CareVisit.household_id == household.id, CareVisit.status == "planned")
        .execution_options(populate_existing=True)
    )


def open_review(session: Session, household: Household) -> HouseholdReview | None:
    """The household's open review."""
    return session.scalar(
        sa.select(HouseholdReview)
        .where(HouseholdReview.household_id == household.id, HouseholdReview.status == "open")
        .execution_options(populate_existing=True)
    )


def plan(session: Session, days: int = 0) -> Any:
    """What the dispatcher plans so many days after the tests' moment."""
    return keep_planned(session, now=later(days))


def a_case(**values: Any) -> CaseEntry:
    """Minutes that hold."""
    people = (ParticipantEntry("县民政局", "陈科长"), ParticipantEntry("县医保局", "林主任"))
    return CaseEntry(
        **{"reason": "above_cap", "held_on": TODAY, "facts": "两人住院。", "participants": people, **values}
    )


def a_decision(**values: Any) -> DecisionEntry:
    """A decision that grants 3,000 yuan above the cap for half a year."""
    return DecisionEntry(
        **{
            "decision": "同意在封顶线以上给予救助。", "measures": (MeasureEntry("医疗救助金", "medical_aid"),), "extra_fen": 300_000,
            "legal_basis": "临时救助办法第九条", "valid_from": TODAY, "valid_to": date(2027, 9, 5), **values,
        }
    )  # fmt: skip


def confirmed_case(session: Session, household: Household, by: Actor, second: Actor, **values: Any) -> CaseConference:
    """A conference whose decision acts."""
    case = call_case(session, household_id=household.id, entry=a_case(), **doing(by))
    decide_case(session, case_id=case.id, entry=a_decision(**values), version=case.version, **doing(by))
    return confirm_case(session, case_id=case.id, version=case.version, **doing(second))
