"""Needs follow the plan over the real database: what a changed plan does to them, periods, and what time brings."""

import threading
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.life.parting import join_households, split_household
from households.life.rules import Place
from households.needs.models import Need
from households.needs.operations import deliver, hold_many
from households.operations import record_event
from households.plans.approval import approve_plan
from households.plans.following import fates_under, follow_one, households_to_follow
from households.plans.models import Plan, PlanNeed
from households.plans.operations import open_draft, write_measures
from households.plans.queries import measure_of_need, needs_of_lines, plan_in_force
from households.plans.rules import MeasureEntry
from kernel.audit import SYSTEM
from marketplace.tasks.plans import sweep_plans
from matching.rounds.operations import cancel_round
from matching.rounds.pools import rounds_holding
from tests import factories_plans as make
from tests import factories_rounds as rounds
from tests.factories import COUNTY, NOW, TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_need
from tests.factories_plans import MEASURES, by
from tests.integration.plans.test_plans import needs_of, people

assert people
DAY = timedelta(days=1)


# ---- a changed plan ----


def next_version(session, household, worker, approver, *measures, at=NOW + DAY):
    held = rounds_holding(session, [household.id])
    plan = make.agreed_plan(session, household, worker, *measures, now=at)
    return approve_plan(session, plan_id=plan.id, starts_on=None, rounds=held, **by(approver, now=at))


def test_a_changed_plan_changes_and_withdraws_its_open_needs(session, people):
    worker, approver = people
    household = make.poor_household(session)
    by_hand = make_need(session, household)
    first = make.plan_in_force(session, household, worker, approver)
    plan, followed = next_version(
        session, household, worker, approver, MeasureEntry("food-parcels", quantity=6), MeasureEntry("home-care")
    )
    assert (first.status, plan.version_no, plan_in_force(session, household.id).id) == ("reviewed", 2, plan.id)
    assert {one.kind for one in followed.fates} == {"changed", "withdrawn"}
    needs = needs_of(session, household)
    assert (needs["food_parcel"].quantity, needs["food_parcel"].status) == (6, "open")
    assert needs["cash_aid"].status == "withdrawn"
    assert (needs["care_hours"].quantity, needs["care_hours"].fill) == (8, "single")
    assert (by_hand.status, by_hand.quantity) == ("open", 10)  # what was posted by hand is nobody's measure
    assert measure_of_need(session, needs["food_parcel"].id).plan_id == plan.id


def test_what_is_promised_or_delivered_is_named_and_stays(session, people):
    worker, approver = people
    household = make.poor_household(session)
    make.plan_in_force(session, household, worker, approver)
    needs = needs_of(session, household)
    hold_many(session, [(needs["cash_aid"].id, 4), (needs["food_parcel"].id, 1)], NOW)
    deliver(session, [(needs["food_parcel"].id, 1)], NOW)
    plan = make.agreed_plan(session, household, worker, MeasureEntry("food-parcels", quantity=6), now=NOW + DAY)
    told = {fate.need.number: fate.kind for fate in fates_under(session, plan, rounds={})}
    assert told == {needs["cash_aid"].number: "promised", needs["food_parcel"].number: "delivered"}
    approve_plan(session, plan_id=plan.id, starts_on=None, rounds={}, **by(approver, now=NOW + DAY))
    after = needs_of(session, household)
    assert [(after[code].status, after[code].quantity) for code in ("cash_aid", "food_parcel")] == [
        ("open", 10),
        ("open", 2),
    ]


def test_a_change_while_a_round_is_frozen_waits_for_its_end(session, people):
    worker, approver = people
    pool = rounds.make_pool(session)
    household = make.poor_household(session, a_head(resident_id=resident_id(born="19500101")))
    make.plan_in_force(session, household, worker, approver)
    staff = rounds.make_people(session)
    one = rounds.frozen(session, staff)
    needs = needs_of(session, household)
    assert rounds_holding(session, [household.id, pool.households[0].id]).keys() >= {needs["cash_aid"].id}
    _, followed = next_version(session, household, worker, approver, MeasureEntry("food-parcels", quantity=6))
    assert {(fate.kind, fate.need.round_number) for fate in followed.fates} == {("in_round", one.number)}
    kept = needs_of(session, household)
    assert (kept["food_parcel"].quantity, kept["cash_aid"].status) == (2, "open")
    later = NOW + 2 * DAY
    follow_one(session, household_id=household.id, rounds=rounds_holding(session, [household.id]), **_by_system(later))
    assert needs_of(session, household)["food_parcel"].quantity == 2  # the round is still under way
    cancel_round(session, round_id=one.id, reason="改期", actor=staff.creator.actor, scope=(COUNTY,), now=later)
    assert households_to_follow(session, today=later.date()) == [household.id]
    follow_one(session, household_id=household.id, rounds=rounds_holding(session, [household.id]), **_by_system(later))
    free = needs_of(session, household)
    assert (free["food_parcel"].quantity, free["cash_aid"].status) == (6, "withdrawn")
    assert households_to_follow(session, today=later.date()) == []


def _by_system(now):
    return {"actor": SYSTEM, "now": now}


def test_a_periodic_measure_posts_each_period_once(session: Session, sessions: sessionmaker[Session], people):
    worker, approver = people
    household = make.poor_household(session)
    make.plan_in_force(
        session, household, worker, approver, MeasureEntry("companionship", every="monthly", days=20), MEASURES[0]
    )
    session.commit()

    def hours() -> list[tuple[date, date]]:
        session.expire_all()
        rows = session.execute(
            sa.select(Need.starts_on, Need.due_on)
            .where(Need.category_code == "companionship_hours")
            .order_by(Need.starts_on)
        )
        return [tuple(row) for row in rows]

    assert hours() == [(date(2027, 3, 5), date(2027, 3, 25))]
    assert households_to_follow(session, today=date(2027, 4, 4)) == []
    april = NOW + 35 * DAY  # 9 April
    assert households_to_follow(session, today=april.date()) == [household.id]
    session.commit()
    barrier = threading.Barrier(4)

    def sweep() -> None:
        with sessions() as own:
            barrier.wait()
            follow_one(own, household_id=household.id, rounds={}, actor=SYSTEM, now=april)
            own.commit()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hours()[1:] == [(date(2027, 4, 5), date(2027, 4, 29))]
    # A month that nobody looked is not made up for.
    follow_one(session, household_id=household.id, rounds={}, actor=SYSTEM, now=NOW + 100 * DAY)
    assert [start for start, _ in hours()] == [date(2027, 3, 5), date(2027, 4, 5), date(2027, 6, 5)]
    assert session.scalar(sa.select(sa.func.count()).select_from(PlanNeed)) == 4


def test_the_sweep_starts_plans_and_posts_periods_and_twice_does_no_harm(session, people):
    worker, approver = people
    household = make.poor_household(session)
    plan = make.agreed_plan(session, household, worker, MEASURES[0], MeasureEntry("companionship", every="monthly"))
    approve_plan(session, plan_id=plan.id, starts_on=date(2027, 3, 10), rounds={}, **by(approver))
    assert sweep_plans(session, now=NOW) == 0
    assert sweep_plans(session, now=NOW + 5 * DAY) == 1
    assert (plan.status, len(needs_of(session, household))) == ("in_force", 2)
    assert sweep_plans(session, now=NOW + 5 * DAY) == 0
    assert sweep_plans(session, now=NOW + 40 * DAY) == 1
    assert sweep_plans(session, now=NOW + 40 * DAY) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(PlanNeed)) == 3


def test_the_sweep_outlives_what_the_rules_refuse(session, people):
    worker, approver = people
    homes = [make.poor_household(session, a_head(resident_id=resident_id(born=f"1940010{n}"))) for n in (1, 2)]
    plans = [make.agreed_plan(session, home, worker, *MEASURES) for home in homes]
    for plan in plans:
        approve_plan(session, plan_id=plan.id, starts_on=date(2027, 3, 10), rounds={}, **by(approver))
    session.commit()
    for table in ("policy_sets",):  # the policy of the county ends before their day
        session.execute(sa.text(f"UPDATE {table} SET holds = daterange('2026-01-01', '2027-03-08')"))  # noqa: S608
    session.commit()
    assert sweep_plans(session, now=NOW + 5 * DAY) == 0
    assert {plan.status for plan in plans} == {"approved"}


def starts_of(session: Session, code: str) -> list[date]:
    session.expire_all()
    return list(session.scalars(sa.select(Need.starts_on).where(Need.category_code == code).order_by(Need.number)))


def test_a_new_version_in_the_middle_of_a_month_asks_for_nothing_twice(session, people):
    worker, approver = people
    household = make.poor_household(session)
    monthly = MeasureEntry("companionship", every="monthly", days=20)
    make.plan_in_force(session, household, worker, approver, monthly)
    assert starts_of(session, "companionship_hours") == [date(2027, 3, 5)]
    plan, followed = next_version(session, household, worker, approver, monthly, MEASURES[0], at=NOW + 15 * DAY)
    assert {need.category_code for _, need in followed.posted} == {"food_parcel"}
    assert starts_of(session, "companionship_hours") == [date(2027, 3, 5)]
    # another first day does not begin the period again either
    other = MeasureEntry("companionship", every="monthly", days=20, starts_on=date(2027, 3, 22))
    next_version(session, household, worker, approver, other, at=NOW + 20 * DAY)
    assert starts_of(session, "companionship_hours") == [date(2027, 3, 5)]
    next_version(session, household, worker, approver, monthly, at=NOW + 25 * DAY)
    assert sweep_plans(session, now=NOW + 31 * DAY) == 1  # 5 April: the rhythm of the first version
    assert starts_of(session, "companionship_hours") == [date(2027, 3, 5), date(2027, 4, 5)]


def test_a_measure_unticked_and_ticked_again_is_not_asked_for_twice(session, people):
    worker, approver = people
    household = make.poor_household(session)
    first = make.plan_in_force(session, household, worker, approver)
    needs = needs_of(session, household)
    hold_many(session, [(needs["food_parcel"].id, 2)], NOW)
    deliver(session, [(needs["food_parcel"].id, 2)], NOW)
    plan = open_draft(session, household_id=household.id, **by(worker))
    plan = write_measures(session, plan_id=plan.id, entries=MEASURES[1:], version=plan.version, **by(worker))
    session.commit()
    plan = write_measures(session, plan_id=plan.id, entries=MEASURES, version=plan.version, **by(worker))
    assert {one.line_id for one in plan.measures} == {one.line_id for one in first.measures}
    _, followed = next_version(session, household, worker, approver)
    assert followed.posted == () and needs_of(session, household)["food_parcel"].status == "met"


def test_needs_that_left_in_a_split_follow_no_plan_any_more(session, people):
    worker, approver = people
    family = make.poor_household(
        session, a_head(resident_id=None, sex="male", born_on=date(1950, 1, 1)), a_spouse(), consented=True
    )
    plan = make.plan_in_force(session, family, worker, approver)
    along = needs_of(session, family)["cash_aid"]
    wife = next(one for one in family.members if one.relation == "spouse")
    made = split_household(
        session, household_id=family.id, leaving=[wife.id], relations={wife.id: "head"}, place=Place(TOWNSHIP),
        needs_along=[along.id], happened_on=NOW.date(), in_rounds={}, **by(worker),
    )  # fmt: skip
    session.commit()
    later = NOW + 40 * DAY
    follow_one(session, household_id=made.id, rounds={}, **_by_system(later))
    follow_one(session, household_id=family.id, rounds={}, **_by_system(later))
    session.refresh(along)
    assert (along.household_id, along.status) == (made.id, "open")
    assert households_to_follow(session, today=later.date()) == []
    shown = {one.need.id for one in needs_of_lines(session, [one.line_id for one in plan.measures])}
    assert along.id not in shown and len(shown) == 1
    assert {need.category_code for need in needs_of(session, family).values()} == {"food_parcel"}  # not asked for anew


def a_spouse():
    return a_head(name="李秀英", relation="spouse", resident_id=None, sex="female", born_on=date(1952, 5, 1))


def test_a_household_that_comes_into_another_ends_its_plan_and_keeps_its_needs(session, people):
    worker, approver = people
    one = make.poor_household(session)
    other = make.poor_household(session, a_head(name="王大海", resident_id=resident_id(born="19700202")))
    plan = make.plan_in_force(session, other, worker, approver)
    need = needs_of(session, other)["cash_aid"]
    head = other.members[0].id
    join_households(
        session, household_id=one.id, other_id=other.id, relations={head: "other"}, happened_on=NOW.date(), in_rounds={},
        **by(worker),
    )  # fmt: skip
    session.commit()
    assert plan.status == "closed" and plan_in_force(session, one.id) is None
    assert households_to_follow(session, today=NOW.date()) == []
    follow_one(session, household_id=one.id, rounds={}, **_by_system(NOW + DAY))
    session.refresh(need)
    assert (need.household_id, need.status) == (one.id, "open")


def test_what_lags_behind_does_not_keep_a_period_waiting(session, people):
    worker, approver = people
    homes = [make.poor_household(session, a_head(resident_id=resident_id(born=f"1940010{n}"))) for n in (1, 2, 3)]
    for home in homes[:2]:
        make.plan_in_force(session, home, worker, approver)
    session.execute(sa.update(Plan).values(status="reviewed"))  # their needs could follow nothing
    make.plan_in_force(session, homes[2], worker, approver, MeasureEntry("companionship", every="monthly"))
    session.commit()
    later = (NOW + 40 * DAY).date()
    found = households_to_follow(session, today=later, limit=1)
    assert found[0] == homes[2].id and len(found) == 2


def test_a_draft_is_opened_where_nothing_is_on_file_and_suggests_nothing(session, people):
    worker, _ = people
    household = make.make_household(session)
    plan = open_draft(session, household_id=household.id, **by(worker))
    assert plan.measures == []
    unknown = plan.basis["not_on_file"]
    assert {"wages_year", "savings"} <= set(unknown)  # said, not taken for none
    assert plan.basis == {
        "category": household.status_category, "main_type": household.main_type, "risk_tier": household.risk_tier,
        "not_on_file": unknown,
    }  # fmt: skip
    plan = write_measures(session, plan_id=plan.id, entries=MEASURES, version=plan.version, **by(worker))
    assert [one.measure_code for one in plan.measures] == ["food-parcels", "cash-aid"]
    record_event(session, household_id=household.id, kind="fire", happened_on=NOW.date(), source="入户", **by(worker))
