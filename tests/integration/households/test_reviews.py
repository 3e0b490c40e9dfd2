"""Reviews are dated by category and facts, done with an outcome, and the next one follows."""

import contextlib
import logging
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from households.indicators import IndicatorEntry
from households.needs.operations import hold_many
from households.operations import set_indicators
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.visits.models import HouseholdReview
from households.visits.queries import count_due, list_reviews
from households.visits.reviews import do_review
from households.visits.rules import ReviewEntry
from households.visits.schedule import Planned, plan_reviews
from households.visits.texts import open_texts
from kernel.audit import SYSTEM
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from marketplace.cli import visits as command
from tests.factories import COUNTY, SIBLING_TOWNSHIP, TOWNSHIP
from tests.factories_demand import make_need
from tests.factories_visits import TODAY, doing, home, later, open_review, plan, planned_visit, put_policy, worker
from tests.integration.households.test_privacy import every_cell


def values(session, household, days=0, **given):
    entries = tuple(IndicatorEntry(code, value, TODAY, "入户") for code, value in given.items())
    set_indicators(session, household_id=household.id, entries=entries, **doing(SYSTEM, days=days))


def test_the_day_follows_the_category_and_the_facts_and_planning_again_changes_nothing(session):
    put_policy(session)
    poorest = home(session, 1, status_category="extreme_poverty")
    able, ill = home(session, 2), home(session, 3)
    values(session, able, able_workers=1, unemployed=1)
    values(session, ill, severely_ill=1)
    plan(session)
    assert [open_review(session, one).due_on for one in (poorest, able, ill)] == [
        date(2028, 3, 5),
        date(2027, 9, 5),
        date(2028, 3, 5),
    ]
    assert plan(session)[1] == Planned(0, 0, 0)


def test_the_day_moves_when_the_facts_or_the_set_do(session):
    put_policy(session)
    household = home(session)
    plan(session)
    values(session, household, days=10, able_workers=1, unemployed=1)
    review = open_review(session, household)
    assert (review.rule_group, review.due_on) == ("able-unsteady", date(2027, 9, 5))
    values(session, household, days=11, able_workers=0, unemployed=0, elders=1)
    assert open_review(session, household).due_on == date(2028, 3, 5)
    document = demo_policy()["reviews"] | {"groups": [], "otherwise_months": 3}
    put_policy(session, id="quarterly", valid_from="2027-04-01", reviews=document)
    assert plan(session, days=40)[1] == Planned(0, 1, 0)
    review = open_review(session, household)
    assert (review.policy_code, review.rule_group, review.due_on) == ("quarterly", None, date(2027, 6, 5))
    assert plan(session, days=41)[1] == Planned(0, 0, 0)


def test_reviews_are_planned_in_portions(session):
    for place in range(3):
        home(session, place)
    put_policy(session)
    counts = [plan_reviews(session, today=TODAY, now=later(0), most=2).planned for _ in range(3)]
    assert counts == [2, 1, 0]


def test_a_review_is_done_with_an_outcome_and_the_next_date_follows(session, caplog):  # promise 19
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    put_policy(session)
    me = worker(session, TOWNSHIP)
    household = home(session)
    plan(session)
    review = open_review(session, household)
    with pytest.raises(NotFound):
        do_review(
            session, review_id=review.id, entry=ReviewEntry("unchanged", "工资流水"), **doing(me, SIBLING_TOWNSHIP)
        )
    with pytest.raises(InvalidInput, match="a person"):
        do_review(session, review_id=review.id, entry=ReviewEntry("unchanged", "工资流水"), **doing(SYSTEM))
    do_review(
        session,
        review_id=review.id,
        entry=ReviewEntry("unchanged", "住院病历与流水一致"),
        **doing(me, TOWNSHIP, days=300),
    )
    following = open_review(session, household)
    assert (review.outcome, following.base_on, following.due_on) == (
        "unchanged",
        date(2027, 12, 30),
        date(2028, 12, 30),
    )
    with pytest.raises(Conflict, match="already"):
        do_review(session, review_id=review.id, entry=ReviewEntry("unchanged", "再次"), **doing(me, TOWNSHIP, days=300))
    session.commit()
    assert "住院病历" not in every_cell(session) + caplog.text
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    (opened,) = open_texts(session, subject="review", subject_id=review.id, purpose="复核依据", **doing(me, TOWNSHIP))
    assert opened.text == "住院病历与流水一致"


def test_a_changed_category_is_set_and_dates_the_next_review(session):
    put_policy(session)
    me = worker(session)
    household = home(session)
    values(session, household, able_workers=1, unemployed=1)
    plan(session)
    review = open_review(session, household)
    assert review.months == 6
    with pytest.raises(InvalidFields):
        do_review(session, review_id=review.id, entry=ReviewEntry("category_changed", "核对"), **doing(me, days=100))
    do_review(
        session,
        review_id=review.id,
        entry=ReviewEntry("category_changed", "核对", "extreme_poverty"),
        **doing(me, days=100),
    )
    assert household.status_category == "extreme_poverty"
    assert open_review(session, household).months == 12


def test_who_leaves_is_closed_but_not_while_help_is_promised(session):
    put_policy(session)
    me = worker(session)
    household = home(session)
    need = make_need(session, household, quantity=2)
    hold_many(session, [(need.id, 1)], later(0))
    plan(session)
    review, entry = open_review(session, household), ReviewEntry("leaves", "收入超线")
    with pytest.raises(Conflict, match="promised"), session.begin_nested():
        do_review(session, review_id=review.id, entry=entry, **doing(me))
    session.execute(sa.text("UPDATE needs SET reserved = 0"))
    session.expire_all()
    do_review(session, review_id=review.id, entry=entry, **doing(me))
    assert (household.status, open_review(session, household), planned_visit(session, household)) == (
        "closed",
        None,
        None,
    )
    assert plan(session)[1] == Planned(0, 0, 0)


def test_the_list_begins_with_the_latest_and_is_paged_within_the_regions(session):
    put_policy(session)
    homes = [home(session, place) for place in range(3)]
    far = home(session, 9, region_code=SIBLING_TOWNSHIP)
    plan(session)
    for place, one in enumerate(homes):
        session.execute(
            sa.update(HouseholdReview)
            .where(HouseholdReview.household_id == one.id)
            .values(due_on=TODAY + timedelta(days=200 - place))
        )
    until, scope = TODAY + timedelta(days=400), (TOWNSHIP,)
    first = list_reviews(session, scope=scope, until=until, limit=2)
    rest = list_reviews(session, scope=scope, until=until, limit=2, after=first.next_after)
    assert [row.household.number for row in (*first.rows, *rest.rows)] == [one.number for one in reversed(homes)]
    assert rest.next_after is None
    assert list_reviews(session, scope=scope, until=TODAY + timedelta(days=197)).rows == []
    assert [row.household.id for row in list_reviews(session, scope=(SIBLING_TOWNSHIP,), until=until).rows] == [far.id]
    with pytest.raises(InvalidInput):
        list_reviews(session, scope=scope, until=until, after="yesterday")
    counts = count_due(session, scope=(COUNTY,), today=TODAY + timedelta(days=199))
    assert (counts.reviews, counts.reviews_late) == (2, 1)


def test_the_command_plans_what_a_large_import_left_without_a_day(sessions, monkeypatch):
    with sessions.begin() as session:
        add_policy_set(session, document=demo_policy() | {"valid_from": "2020-01-01"}, **doing(SYSTEM))
        homes = [home(session, place) for place in range(3)]
    monkeypatch.setattr(command, "cli_sessions", lambda: contextlib.nullcontext(sessions))
    told = [CliRunner().invoke(command.visits, ["plan"]).output for _ in range(2)]
    assert told[0] == "visits: 3 planned, 0 moved, 0 dropped\nreviews: 3 planned, 0 moved\n"
    assert told[1] == "visits: 0 planned, 0 moved, 0 dropped\nreviews: 0 planned, 0 moved\n"
    with sessions() as session:
        assert all(open_review(session, one) and planned_visit(session, one) for one in homes)
