"""What the demonstration county shows of plans, consents, visits, reviews, problems and cases."""

from collections import Counter

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.cases.models import CaseConference
from households.consents.models import Consent
from households.models import Household
from households.needs.models import Need
from households.plans.following import households_to_follow
from households.plans.models import Objection, Plan, PlanMeasure, PlanNeed
from households.visits.models import CareVisit
from households.visits.queries import count_due
from households.visits.schedule import Planned, plan_reviews, plan_visits
from marketplace.demo.accounts import TOWNSHIP
from tests.integration.demo.conftest import NOW, TODAY


def _count(session: Session, model: type, *where: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0


def test_visits_reviews_problems_and_cases_are_under_way(filled: Session):
    due = count_due(filled, scope=(TOWNSHIP,), today=TODAY)
    assert due.visits > due.visits_late > 0 and due.problems > 0
    county = count_due(filled, scope=("330324",), today=TODAY)
    assert county.problems_late == county.problems_escalated > 0 and county.reviews_late > 0
    active = filled.scalar(sa.select(sa.func.count()).select_from(Household).where(Household.status == "active"))
    planned = sa.select(sa.func.count(CareVisit.household_id.distinct())).where(CareVisit.status == "planned")
    assert filled.scalar(planned) == active  # one ahead of each
    assert plan_visits(filled, today=TODAY, now=NOW) == Planned(0, 0, 0)
    assert plan_reviews(filled, today=TODAY, now=NOW) == Planned(0, 0, 0)
    assert sorted(filled.scalars(sa.select(CaseConference.status))) == ["confirmed", "decided"]
    filled.rollback()


def test_needs_come_from_plans_in_force_and_every_state_is_there(filled: Session):
    states = Counter(filled.scalars(sa.select(Plan.status)))
    assert states["in_force"] > 1_000 and min(states[one] for one in ("draft", "agreed", "reviewed")) >= 30
    open_needs = _count(filled, Need)
    linked = _count(filled, PlanNeed)
    assert linked > open_needs / 3
    pairs = filled.execute(
        sa.select(Need.category_code, Need.quantity, Need.household_id, PlanMeasure.category_code, PlanMeasure.quantity, Plan.household_id)
        .join(PlanNeed, PlanNeed.need_id == Need.id)
        .join(PlanMeasure, PlanMeasure.id == PlanNeed.measure_id)
        .join(Plan, Plan.id == PlanMeasure.plan_id)
    ).all()  # fmt: skip
    assert all(tuple(row[:3]) == tuple(row[3:]) for row in pairs)
    assert households_to_follow(filled, today=TODAY) == []  # nothing waits to be posted or withdrawn
    late = _count(filled, Plan, Plan.status == "in_force", Plan.review_on < TODAY)
    assert 0 < late < 300
    assert Counter(filled.scalars(sa.select(Objection.status))) == {"open": 1, "upheld": 2, "rejected": 1}


def test_every_day_of_consent_has_its_paper(filled: Session):
    standing = dict(
        filled.execute(sa.select(Consent.household_id, Consent.recorded_at).where(Consent.purpose == "match")).all()
    )
    households = dict(
        filled.execute(sa.select(Household.id, Household.consented_at).where(Household.consented_at.is_not(None))).all()
    )
    assert standing == households and len(standing) > 1_800
