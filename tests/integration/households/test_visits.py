"""Visits are planned once, follow tier and household, are done with what was found; problems go their way; rates count what they say."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from households.models import Household
from households.operations import change_household, close_household, reopen_household
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.queries import get_household
from households.visits.models import CareVisit, Problem, VisitTry
from households.visits.operations import do_visit, note_absence
from households.visits.problems import (
    assign_problem,
    escalate_late,
    escalate_problem,
    open_problem,
    reopen_problem,
    resolve_problem,
)
from households.visits.queries import care_of, count_due, list_problems, steps_of, visits_ahead, visits_due
from households.visits.rates import rates_of
from households.visits.rules import FindingEntry, Rate, VisitEntry
from households.visits.schedule import Planned
from kernel.audit import SYSTEM, AuditEntry
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_demand import a_head, a_household
from tests.factories_visits import TODAY, doing, home, later, plan, planned_visit, put_policy, worker


def change(session, household, days=0, **values):
    entry = a_household(a_head(id=household.members[0].id, resident_id=None), **values)
    return change_household(
        session, household_id=household.id, entry=entry, version=household.version, **doing(SYSTEM, days=days)
    )


def due_numbers(session, today, scope=(COUNTY,)):
    return [line.household.number for line in visits_due(session, scope=scope, today=today)]


def test_each_household_has_one_visit_ahead_by_its_tier_and_planning_again_changes_nothing(session):
    put_policy(session)
    homes = {tier: home(session, place, risk_tier=tier) for place, tier in enumerate(("high", "key", "general"))}
    assert plan(session)[0] == Planned(3, 0, 0)
    assert {tier: planned_visit(session, one).due_on - TODAY for tier, one in homes.items()} == {
        "high": timedelta(days=30),
        "key": timedelta(days=60),
        "general": timedelta(days=90),
    }
    assert plan(session)[0] == Planned(0, 0, 0)
    assert plan(session, days=40)[0] == Planned(0, 0, 0)


def test_a_household_registered_long_ago_is_due_on_the_day_visits_are_first_planned(session):
    household = home(session, risk_tier="high")
    put_policy(session)
    plan(session, days=200)
    visit = planned_visit(session, household)
    assert (visit.base_on, visit.due_on) == (TODAY, TODAY + timedelta(days=200))


@pytest.mark.parametrize(
    ("minute", "day"), [(datetime(2027, 3, 4, 15, 59, tzinfo=UTC), 4), (datetime(2027, 3, 4, 16, 0, tzinfo=UTC), 5)]
)
def test_the_day_of_registration_is_shanghais(session, minute, day):
    put_policy(session)
    household = home(session, risk_tier="high")
    session.execute(sa.update(Household).values(created_at=minute))
    plan(session)
    assert planned_visit(session, household).base_on == date(2027, 3, day)


def test_without_a_rule_for_visits_nothing_is_planned(session):
    household = home(session)
    assert plan(session)[0] == Planned(0, 0, 0)  # no policy set at all
    document = demo_policy()
    del document["visits"], document["reviews"]
    add_policy_set(session, document=document, **doing(SYSTEM))
    assert plan(session) == (Planned(0, 0, 0), Planned(0, 0, 0))
    assert planned_visit(session, household) is None


def test_the_nearest_set_decides_how_often(session):
    household = home(session, risk_tier="high")
    put_policy(session)
    document = demo_policy()["visits"]
    document["tiers"]["high"]["every_days"] = 7
    put_policy(session, id="yantan", region=TOWNSHIP, visits=document)
    elsewhere = home(session, 2, risk_tier="high", region_code=SIBLING_TOWNSHIP)
    plan(session)
    assert planned_visit(session, household).every_days == 7
    assert planned_visit(session, elsewhere).every_days == 30


def test_the_schedule_follows_the_tier_at_once_and_what_is_late_stays_late(session):
    put_policy(session)
    household = home(session, risk_tier="general")
    plan(session)
    change(session, household, days=10, risk_tier="high")
    assert planned_visit(session, household).due_on == TODAY + timedelta(days=30)
    change(session, household, days=12, risk_tier="general")
    assert planned_visit(session, household).due_on == TODAY + timedelta(days=90)
    change(session, household, days=50, risk_tier="high")  # more than 30 days after the last visit: today, and not late
    assert planned_visit(session, household).due_on == TODAY + timedelta(days=50)
    change(session, household, days=55, risk_tier="general")
    visit = planned_visit(session, household)
    assert (visit.tier, visit.due_on) == ("general", TODAY + timedelta(days=50))


def test_a_new_set_moves_what_is_planned(session):
    put_policy(session)
    household = home(session, risk_tier="key")
    plan(session)
    document = demo_policy()["visits"]
    document["tiers"]["key"]["every_days"] = 20
    put_policy(session, id="later", valid_from=str(TODAY + timedelta(days=5)), visits=document)
    assert plan(session, days=4)[0].moved == 0
    assert plan(session, days=5)[0].moved == 1
    assert planned_visit(session, household).due_on == TODAY + timedelta(days=20)


def test_a_household_that_moves_takes_its_visits_and_problems_along(session):
    put_policy(session)
    me, there = worker(session, TOWNSHIP), worker(session, SIBLING_TOWNSHIP)
    household = home(session, risk_tier="high")
    plan(session)
    visit = planned_visit(session, household)
    _, (problem,) = do_visit(
        session, visit_id=visit.id, entry=VisitEntry(findings=(FindingEntry("safety"),)), **doing(me, TOWNSHIP, days=30)
    )
    change(session, household, days=31, region_code=SIBLING_TOWNSHIP, risk_tier="high")
    ahead, day = planned_visit(session, household), TODAY + timedelta(days=60)
    assert due_numbers(session, day, (TOWNSHIP,)) == []
    assert due_numbers(session, day, (SIBLING_TOWNSHIP,)) == [household.number]
    with pytest.raises(NotFound):
        do_visit(session, visit_id=ahead.id, entry=VisitEntry(), **doing(me, TOWNSHIP, days=60))
    with pytest.raises(NotFound):
        resolve_problem(
            session, problem_id=problem.id, words="已修", version=problem.version, **doing(me, TOWNSHIP, days=32)
        )
    resolve_problem(
        session, problem_id=problem.id, words="已修", version=problem.version, **doing(there, SIBLING_TOWNSHIP, days=32)
    )
    do_visit(session, visit_id=ahead.id, entry=VisitEntry(), **doing(there, SIBLING_TOWNSHIP, days=60))
    april = rates_of(session, scope=(COUNTY,), month=date(2027, 4, 1), today=TODAY + timedelta(days=99))
    may = rates_of(session, scope=(COUNTY,), month=date(2027, 5, 1), today=TODAY + timedelta(days=99))
    assert [(area.code, area.visits, area.problems) for area in april.areas] == [
        (TOWNSHIP, Rate(1, 1), Rate(0, 0)),  # the visit counts where the household lived then
        (SIBLING_TOWNSHIP, Rate(0, 0), Rate(1, 1)),
    ]
    assert [(area.code, area.visits) for area in may.areas] == [(SIBLING_TOWNSHIP, Rate(1, 1))]


def test_closing_drops_what_is_ahead_and_reopening_plans_it_anew(session):
    put_policy(session)
    household = home(session)
    plan(session)
    close_household(session, household_id=household.id, reason="迁出", **doing(SYSTEM))
    assert planned_visit(session, household) is None
    assert care_of(session, household, scope=(COUNTY,)).next_review is None
    reopen_household(session, household_id=household.id, **doing(SYSTEM, days=3))
    assert planned_visit(session, household).due_on == TODAY + timedelta(days=60)
    assert care_of(session, household, scope=(COUNTY,)).next_review is not None


def test_a_visit_with_a_finding_opens_a_problem_and_plans_the_next(session):
    put_policy(session)
    me = worker(session, TOWNSHIP)
    household = home(session, risk_tier="high")
    plan(session)
    visit = planned_visit(session, household)
    entry = VisitEntry("home", "屋顶漏水", (FindingEntry("housing", "屋顶漏水"), FindingEntry("care")))
    done, problems = do_visit(session, visit_id=visit.id, entry=entry, **doing(me, TOWNSHIP, days=30))
    assert (done.status, done.way, done.findings, done.region_code) == ("done", "home", ["housing", "care"], TOWNSHIP)
    assert [(one.kind, one.owner_id, one.due_on - one.found_on) for one in problems] == [
        ("housing", me.id, timedelta(days=30)),
        ("care", me.id, timedelta(days=15)),
    ]
    assert planned_visit(session, household).due_on == TODAY + timedelta(days=60)
    with pytest.raises(Conflict, match="already"):
        do_visit(session, visit_id=visit.id, entry=entry, **doing(me, TOWNSHIP, days=30))
    session.commit()
    actions = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-3:] == ["problem.opened", "problem.opened", "visit.done"]


def test_two_who_record_the_same_visit_at_once_leave_one(sessions):
    with sessions.begin() as session:
        put_policy(session)
        household = home(session, risk_tier="high")
        people = [worker(session), worker(session)]
        plan(session)
        visit_id, home_id = planned_visit(session, household).id, household.id
    refused = []

    def record(person):
        with sessions() as session:
            try:
                do_visit(session, visit_id=visit_id, entry=VisitEntry(), **doing(person, days=30))
                session.commit()
            except Conflict as error:
                refused.append(error)

    threads = [threading.Thread(target=record, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        rows = session.scalars(sa.select(CareVisit.status).where(CareVisit.household_id == home_id)).all()
    assert (sorted(rows), len(refused)) == (["done", "planned"], 1)


def test_a_telephone_visit_only_where_the_set_allows_it(session):
    put_policy(session)
    me = worker(session)
    high, key = home(session, 1, risk_tier="high"), home(session, 2, risk_tier="key")
    plan(session)

    def call(household, days):
        visit = planned_visit(session, household)
        return do_visit(session, visit_id=visit.id, entry=VisitEntry("telephone"), **doing(me, days=days))

    with pytest.raises(InvalidFields):
        call(high, 30)
    assert call(key, 60)[0].way == "telephone"
    with pytest.raises(InvalidFields):
        call(key, 120)


def test_nobody_at_home_is_on_record_once_a_day_and_the_day_due_stays(session):
    put_policy(session)
    me = worker(session)
    household = home(session, risk_tier="high")
    plan(session)
    visit = planned_visit(session, household)
    for _ in range(2):
        note_absence(session, visit_id=visit.id, **doing(me, days=30))
    assert session.scalar(sa.select(sa.func.count()).select_from(VisitTry)) == 1
    assert (visit.due_on, visit.try_on) == (TODAY + timedelta(days=30), TODAY + timedelta(days=33))
    assert due_numbers(session, TODAY + timedelta(days=31)) == []
    ahead = visits_ahead(session, scope=(COUNTY,), after=TODAY + timedelta(days=31), until=TODAY + timedelta(days=40))
    assert [(line.visit.id, line.late) for line in ahead] == [(visit.id, True)]
    (line,) = visits_due(session, scope=(COUNTY,), today=TODAY + timedelta(days=33))
    assert (line.late, line.tries) == (True, 1)
    assert count_due(session, scope=(COUNTY,), today=TODAY + timedelta(days=31)).visits_late == 1


def test_the_list_of_the_day_is_the_own_townships_late_ones_first(session):
    put_policy(session)
    villages = session.scalars(
        sa.text("SELECT code FROM regions WHERE code LIKE '330324110%' AND level = 5 ORDER BY code LIMIT 2")
    ).all()
    second = home(session, 1, region_code=villages[1], lat=28.30, lon=120.70, risk_tier="high")
    first = home(session, 2, region_code=villages[0], lat=28.31, lon=120.70, risk_tier="high")
    far = home(session, 3, region_code=SIBLING_TOWNSHIP, risk_tier="high")
    plan(session)
    day = TODAY + timedelta(days=30)
    assert due_numbers(session, day - timedelta(days=1)) == []
    assert due_numbers(session, day, (TOWNSHIP,)) == [first.number, second.number]
    assert due_numbers(session, day, ()) == []
    session.execute(
        sa.update(CareVisit).where(CareVisit.household_id == second.id).values(due_on=day - timedelta(days=1))
    )
    assert due_numbers(session, day, (TOWNSHIP,)) == [second.number, first.number]
    assert due_numbers(session, day, (SIBLING_TOWNSHIP,)) == [far.number]


def a_problem(session, me, kind="safety", words="老化电线"):
    household = home(session, 11)
    return open_problem(
        session, household_id=household.id, entry=FindingEntry(kind, words), **doing(me, TOWNSHIP)
    ), household


def test_a_problem_is_given_to_another_resolved_with_words_and_opened_again(session):
    put_policy(session)
    me, other, stranger = (
        worker(session, TOWNSHIP),
        worker(session, COUNTY, "coordinator"),
        worker(session, SIBLING_TOWNSHIP),
    )
    problem, _ = a_problem(session, me)
    with pytest.raises(InvalidInput, match="does not work where"):
        assign_problem(
            session, problem_id=problem.id, owner_id=stranger.id, version=problem.version, **doing(me, TOWNSHIP)
        )
    stale = problem.version
    assign_problem(session, problem_id=problem.id, owner_id=other.id, version=stale, **doing(me, TOWNSHIP))
    with pytest.raises(Conflict, match="changed this problem"):
        resolve_problem(session, problem_id=problem.id, words="好了", version=stale, **doing(me, TOWNSHIP))
    with pytest.raises(InvalidInput):
        resolve_problem(session, problem_id=problem.id, words=" ", version=problem.version, **doing(me, TOWNSHIP))
    resolve_problem(
        session, problem_id=problem.id, words="换了电线", version=problem.version, **doing(me, TOWNSHIP, days=2)
    )
    assert (problem.status, problem.resolved_on) == ("resolved", TODAY + timedelta(days=2))
    reopen_problem(
        session, problem_id=problem.id, words="又跳闸", version=problem.version, **doing(me, TOWNSHIP, days=9)
    )
    assert (problem.status, problem.due_on) == ("open", TODAY + timedelta(days=12))
    assert [one.step for one in steps_of(session, problem.id)] == ["opened", "assigned", "resolved", "reopened"]
    with pytest.raises(Conflict, match="is open"):
        reopen_problem(session, problem_id=problem.id, words="再次", version=problem.version, **doing(me, TOWNSHIP))


def test_a_late_problem_goes_to_the_county_once(session):
    put_policy(session)
    me = worker(session, TOWNSHIP)
    problem, _ = a_problem(session, me)
    assert escalate_late(session, actor=SYSTEM, now=later(3)) == 0  # due today is not late
    assert escalate_late(session, actor=SYSTEM, now=later(4)) == 1
    assert escalate_late(session, actor=SYSTEM, now=later(5)) == 0
    (line,) = list_problems(session, scope=(COUNTY,), escalated=True, late_on=TODAY + timedelta(days=4)).rows
    assert line.problem.id == problem.id
    session.refresh(problem)
    with pytest.raises(Conflict, match="already"):
        escalate_problem(
            session, problem_id=problem.id, words="超出能力", version=problem.version, **doing(me, TOWNSHIP, days=5)
        )


def test_rates_count_what_was_due_by_the_day_and_done_by_the_end_of_the_month(session):
    put_policy(session)
    me = worker(session)
    homes = [home(session, place, risk_tier="high") for place in range(4)]
    plan(session)  # all due on 4 April
    days = {0: 30, 1: 40, 2: 60}  # in time; late in April; in May
    for place, after in days.items():
        do_visit(session, visit_id=planned_visit(session, homes[place]).id, entry=VisitEntry(), **doing(me, days=after))
    april = date(2027, 4, 1)

    def visits(today):
        return rates_of(session, scope=(COUNTY,), month=april, today=today).visits

    assert visits(date(2027, 4, 3)) == Rate(0, 0)
    assert visits(date(2027, 4, 4)) == Rate(1, 4)
    assert visits(date(2027, 4, 30)) == Rate(2, 4)
    assert visits(date(2027, 7, 1)) == Rate(2, 4)  # made in May, the third is no visit of April
    assert rates_of(session, scope=(SIBLING_TOWNSHIP,), month=april, today=date(2027, 5, 1)).areas == ()
    close_household(session, household_id=homes[3].id, reason="去世", **doing(SYSTEM, days=70))
    assert visits(date(2027, 7, 1)) == Rate(2, 3)


def test_the_database_refuses_a_second_planned_visit_and_a_visit_done_by_halves(session):
    put_policy(session)
    household = home(session)
    plan(session)
    values = {
        "household_id": household.id, "tier": "key", "every_days": 1, "base_on": TODAY, "due_on": TODAY, "created_at": NOW,
    }  # fmt: skip
    for wrong, name in (
        (values, "uq_care_visits_planned"),
        (values | {"status": "done", "done_on": TODAY}, "ck_care_visits_done_whole"),
        (values | {"status": "dropped", "findings": ["gold"]}, "ck_care_visits_findings_known"),
    ):
        with pytest.raises(sa.exc.IntegrityError, match=name), session.begin_nested():
            session.add(CareVisit(**wrong))
            session.flush()
    with pytest.raises(sa.exc.IntegrityError, match="ck_visit_problems_resolved_whole"), session.begin_nested():
        problem, _ = a_problem(session, worker(session, TOWNSHIP))
        session.execute(sa.update(Problem).where(Problem.id == problem.id).values(status="resolved"))
    assert get_household(session, household.id, scope=(COUNTY,)).status == "active"
