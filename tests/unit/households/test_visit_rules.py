"""When a household is visited and looked at anew, in which order a worker goes round, and what a report may say."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from households.policy.packaged import demo_policy
from households.policy.reading import read_policy
from households.policy.visiting import TierVisits
from households.portrait.facts import Known, facts_of
from households.visits.rules import (
    FindingEntry,
    Rate,
    ReviewCycle,
    ReviewEntry,
    Stop,
    VisitEntry,
    check_finding,
    check_review,
    check_visit,
    first_due,
    in_order_of_place,
    month_of,
    months_later,
    moved_due,
    review_cycle,
    telephone_allowed,
    total,
)
from kernel.clock import day_of
from kernel.errors import InvalidFields

POLICY = read_policy(demo_policy())
VISITS = POLICY.visits
TODAY = date(2027, 3, 5)
LAST = date(2027, 1, 1)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),  # a leap year
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 7, 31), 12, date(2027, 7, 31)),
    ],
)
def test_a_review_falls_on_the_same_day_or_on_the_last_of_a_shorter_month(day, months, later):
    assert months_later(day, months) == later


def test_the_day_is_shanghais_at_its_own_midnight():
    before, after = datetime(2027, 3, 4, 15, 59, tzinfo=UTC), datetime(2027, 3, 4, 16, 0, tzinfo=UTC)
    assert [first_due(day_of(moment), 30, today=day_of(moment)) for moment in (before, after)] == [
        date(2027, 4, 3),
        date(2027, 4, 4),
    ]


def test_nothing_is_late_on_the_day_it_is_first_planned():
    assert first_due(date(2026, 1, 1), 30, today=TODAY) == TODAY
    assert first_due(TODAY, 30, today=TODAY) == date(2027, 4, 4)


def test_a_planned_day_follows_the_tier_but_what_is_late_stays_late():
    ahead, late = TODAY + timedelta(days=40), TODAY - timedelta(days=1)
    assert moved_due(ahead, TODAY + timedelta(days=10), today=TODAY) == TODAY + timedelta(days=10)
    assert moved_due(ahead, TODAY - timedelta(days=10), today=TODAY) == TODAY  # raised long after the last visit
    assert moved_due(TODAY, TODAY + timedelta(days=50), today=TODAY) == TODAY + timedelta(days=50)
    assert moved_due(late, TODAY + timedelta(days=50), today=TODAY) == late


@pytest.mark.parametrize(
    ("indicators", "category", "cycle"),
    [
        ({"elders": 1}, "extreme_poverty", ReviewCycle("extreme-poverty", 12)),
        ({"able_workers": 1, "unemployed": 1}, "subsistence_allowance", ReviewCycle("able-unsteady", 6)),
        ({"able_workers": 1, "farming_year": 1}, "subsistence_allowance", ReviewCycle("able-unsteady", 6)),
        ({"able_workers": 1, "employed": 1, "wages_year": 100}, "subsistence_edge", ReviewCycle(None, 12)),
        ({"severely_disabled": 1}, "subsistence_allowance", ReviewCycle("severe-or-old", 12)),
        ({"severely_ill": 1}, "subsistence_edge", ReviewCycle("severe-or-old", 12)),
        ({"elders": 1}, "other", ReviewCycle("severe-or-old", 12)),
        # both hold: the half-yearly group stands first in the set
        ({"severely_ill": 1, "able_workers": 1, "unemployed": 1}, "subsistence_edge", ReviewCycle("able-unsteady", 6)),
    ],
)
def test_the_category_on_record_and_the_facts_set_the_cycle(indicators, category, cycle):
    facts = facts_of(Known(2, indicators), POLICY.accounting)
    assert review_cycle(POLICY, facts, status_category=category) == cycle


def test_a_set_without_reviews_dates_none():
    document = demo_policy()
    del document["reviews"], document["visits"]
    silent = read_policy(document)
    assert silent.visits is None
    assert review_cycle(silent, facts_of(Known(1), silent.accounting), status_category="other") is None


@pytest.mark.parametrize(
    ("in_a_row", "before", "allowed"),
    [
        (0, [], False),
        (1, [], True),
        (1, ["telephone"], False),
        (1, ["home", "telephone"], True),
        (2, ["telephone", "home", "telephone"], True),
        (2, ["telephone", "telephone", "home"], False),
    ],
)
def test_telephone_visits_may_follow_each_other_as_often_as_the_set_says(in_a_row, before, allowed):
    assert telephone_allowed(TierVisits(30, in_a_row), before) is allowed


def stop(number, village, lat=None, lon=None, late=False):
    return Stop(uuid.UUID(int=number), late, village, number, lat, lon)


def test_the_way_goes_by_village_and_to_the_nearest_next_household():
    stops = [
        stop(1, "330324110002", 28.10, 120.0), stop(2, "330324110001", 28.30, 120.0), stop(3, "330324110001", 28.10, 120.0),
        stop(4, "330324110001", 28.20, 120.0), stop(5, "330324110001"), stop(6, "330324110002", 28.11, 120.0),
    ]  # fmt: skip
    # village 1 from its first household northwards to south; village 2 from the one nearest to where the first ended
    assert [one.number for one in in_order_of_place(stops)] == [2, 4, 3, 5, 1, 6]


def test_what_was_missed_comes_first():
    stops = [stop(1, "330324110001", 28.1, 120.0), stop(2, "330324110009", 28.9, 120.0, late=True)]
    assert [one.number for one in in_order_of_place(stops)] == [2, 1]
    assert in_order_of_place([]) == []


def test_east_and_west_are_measured_as_they_are_on_the_ground():
    # at 60 degrees a degree of longitude is half a degree of latitude
    stops = [stop(1, "1", 60.0, 10.0), stop(2, "1", 60.0, 11.5), stop(3, "1", 61.0, 10.0)]
    assert [one.number for one in in_order_of_place(stops)] == [1, 2, 3]


def report(entry, **changes):
    return check_visit(entry, **{"since": LAST, "today": TODAY, "telephone": True, "visits": VISITS, **changes})


def faults_of(call):
    with pytest.raises(InvalidFields) as refused:
        call()
    return {fault.field for fault in refused.value.faults}


def test_a_finding_gets_the_days_of_its_kind():
    checked = report(
        VisitEntry("home", " 家中漏水\r\n ", (FindingEntry("safety"), FindingEntry("housing", "瓦片脱落")))
    )
    assert (checked.words, checked.done_on) == ("家中漏水", TODAY)
    assert [(one.kind, one.due_on - TODAY) for one in checked.findings] == [
        ("safety", timedelta(days=3)),
        ("housing", timedelta(days=30)),
    ]


def test_every_fault_of_a_report_is_named_at_its_field():
    entry = VisitEntry(
        "letter", "\x07", (FindingEntry("ghost"), FindingEntry("care", due_on=LAST), FindingEntry("care")), TODAY + timedelta(days=1)
    )  # fmt: skip
    assert faults_of(lambda: report(entry)) == {
        "way",
        "words",
        "done_on",
        "findings.0.kind",
        "findings.1.due_on",
        "findings.2.kind",
    }
    assert faults_of(lambda: report(VisitEntry("telephone"), telephone=False)) == {"way"}
    assert faults_of(lambda: report(VisitEntry(done_on=LAST - timedelta(days=1)))) == {"done_on"}
    assert report(VisitEntry(done_on=LAST)).done_on == LAST  # twice on one day is possible


def test_without_a_rule_the_day_of_a_problem_must_be_said():
    with pytest.raises(InvalidFields):
        check_finding(FindingEntry("care"), field="", today=TODAY, visits=None)
    assert check_finding(FindingEntry("care", due_on=TODAY), field="", today=TODAY, visits=None).due_on == TODAY


def review(entry):
    return check_review(entry, since=LAST, today=TODAY, status_category="subsistence_edge")


def test_a_review_says_on_what_it_rests_and_a_change_says_to_what():
    assert faults_of(lambda: review(ReviewEntry("gone", "  "))) == {"outcome", "evidence"}
    for category in (None, "rich", "subsistence_edge"):
        assert faults_of(lambda given=category: review(ReviewEntry("category_changed", "低保证", given))) == {
            "status_category"
        }
    changed = review(ReviewEntry("category_changed", "低保证", "subsistence_allowance"))
    assert changed.status_category == "subsistence_allowance"
    assert review(ReviewEntry("unchanged", "工资流水", "other")).status_category is None


def test_a_month_begins_on_its_first_and_ends_before_the_next():
    assert month_of(date(2028, 2, 29)) == (date(2028, 2, 1), date(2028, 3, 1))
    assert month_of(date(2027, 12, 31)) == (date(2027, 12, 1), date(2028, 1, 1))


def test_a_rate_of_nothing_is_none_and_totals_add_up():
    assert Rate(0, 0).share is None
    assert total([Rate(1, 2), Rate(3, 3), Rate(0, 0)]) == Rate(4, 5)
    assert total([Rate(1, 2), Rate(3, 3)]).share == 0.8
