"""Every number of the policy set beside the portrait's thresholds decides something: what follows from each, reckoned by hand, and each noticed.

The thresholds of the portrait are enumerated in `test_portrait`; what only shows in the database in tests/integration/households/test_policy_days.py.
"""

import copy
from datetime import date, timedelta

import pytest

from households.leads.rules import county_takes_before, due_day, owner_region_of
from households.monitoring.rules import Seen, findings
from households.plans.rules import MeasureEntry, check_measures
from households.policy.document import FaultyPolicy
from households.policy.monitoring import CHANNELS
from households.policy.packaged import demo_policy
from households.policy.reading import read_policy
from households.policy.visiting import PROBLEM_KINDS
from households.portrait.facts import Known, facts_of
from households.visits.rules import (
    FindingEntry,
    again_on,
    announced_until,
    check_finding,
    first_due,
    review_cycle,
    telephone_allowed,
)

DOCUMENT = demo_policy()
DAY = date(2027, 3, 5)
VILLAGE = "330324110201"

MEASURES = {
    "emergency-cash": (30, 1, 900, 3), "emergency-food": (1, 1, 800, 3), "emergency-quilts": (1, 1, 700, 3),
    "food-parcels": (2, 2, 500, 90), "cash-aid": (10, 2, 600, 90), "home-repair": (10, 2, 550, 180),
    "medical-aid": (50, 2, 650, 90), "school-aid": (20, 2, 450, 180), "medicine-vouchers": (6, 3, 300, 90),
    "job": (1, 2, 500, 180), "training": (1, 3, 350, 365), "internship": (1, 3, 400, 365),
    "industry-project": (1, 3, 350, 365), "companionship": (4, 3, 300, 30), "home-care": (8, 2, 500, 30),
    "counselling": (4, 2, 450, 30), "tutoring": (4, 3, 250, 90), "escort": (4, 3, 300, 30), "barrier-removal": (1, 3, 350, 180),
}  # fmt: skip
"""Measure → the need it becomes: quantity, tier, weight, days"""
LEADS = {
    "application": ("330324110", date(2027, 3, 15)), "home_visit": (VILLAGE, date(2027, 3, 10)), "hotline": ("330324110", date(2027, 3, 10)),
    "data_comparison": ("330324110", date(2027, 3, 20)), "tip_off": ("330324110", date(2027, 3, 10)),
}  # fmt: skip
"""Channel → who answers first, and the last day of a lead of 5 March"""
RECORDS = (
    # bills: two heads, 10,000 yuan each, one fen less is too little; strangers 30,000; a year back
    (2, {"amount": 2_000_000}, "medical-bills"), (2, {"amount": 1_999_999}, None),
    (None, {"amount": 3_000_000}, "medical-bills"), (None, {"amount": 2_999_999}, None),
    (1, {"amount": 1_000_000, "days": 365}, "medical-bills"), (1, {"amount": 1_000_000, "days": 366}, None),
    # work lost: 16 to 60 years old, 180 days back
    (1, {"kind": "employment", "state": "lost", "age": 16}, "job-loss"), (1, {"kind": "employment", "state": "lost", "age": 15}, None),
    (1, {"kind": "employment", "state": "lost", "age": 60}, "job-loss"), (1, {"kind": "employment", "state": "lost", "age": 61}, None),
    (1, {"kind": "employment", "state": "lost", "days": 180}, "job-loss"),
    (1, {"kind": "employment", "state": "lost", "days": 181}, None),
    # out of school: 6 to 16 years old, a year back; of strangers one is enough
    (1, {"kind": "school", "state": "left", "age": 6}, "out-of-school"), (1, {"kind": "school", "state": "left", "age": 5}, None),
    (1, {"kind": "school", "state": "left", "age": 16}, "out-of-school"), (1, {"kind": "school", "state": "left", "age": 17}, None),
    (None, {"kind": "school", "state": "left", "age": 9, "days": 365}, "out-of-school"),
    (1, {"kind": "school", "state": "left", "age": 9, "days": 366}, None),
    # a certificate of grade 1 or 2, a year back; of strangers one is enough
    (1, {"kind": "disability", "state": "granted", "grade": 2}, "new-disability"),
    (1, {"kind": "disability", "state": "granted", "grade": 3}, None),
    (None, {"kind": "disability", "state": "changed", "grade": 1, "days": 365}, "new-disability"),
    (1, {"kind": "disability", "state": "granted", "grade": 1, "days": 366}, None),
    # a disaster: 90 days back; of strangers one is enough
    (1, {"kind": "disaster", "state": "fire", "days": 90}, "disaster"), (1, {"kind": "disaster", "state": "fire", "days": 91}, None),
    (None, {"kind": "disaster", "state": "flood"}, "disaster"),
    # work found again: 16 to 60 years old, 180 days back
    (1, {"kind": "employment", "state": "found", "age": 16}, "work-found"),
    (1, {"kind": "employment", "state": "found", "age": 15}, None),
    (1, {"kind": "employment", "state": "found", "age": 60}, "work-found"),
    (1, {"kind": "employment", "state": "found", "age": 61}, None),
    (1, {"kind": "employment", "state": "found", "days": 180}, "work-found"),
    (1, {"kind": "employment", "state": "found", "days": 181}, None),
)  # fmt: skip
"""Heads of the household (None: of no known one), one record, and the rule that warns"""
CYCLES = (
    ("extreme_poverty", {"able_workers": 1, "unemployed": 1}, ("extreme-poverty", 12)),
    # able and out of work; able, and nobody in work; able, and fields; able, and a trade: half a year, and nothing of it where nobody is able
    ("other", {"able_workers": 1, "unemployed": 1, "employed": 1}, ("able-unsteady", 6)),
    ("other", {"able_workers": 1, "employed": 0}, ("able-unsteady", 6)),
    ("other", {"able_workers": 1, "employed": 1, "farming_year": 1}, ("able-unsteady", 6)),
    ("other", {"able_workers": 1, "employed": 1, "business_year": 1}, ("able-unsteady", 6)),
    ("other", {"able_workers": 1, "employed": 1}, (None, 12)),
    ("other", {"unemployed": 1, "employed": 1}, (None, 12)),
    ("other", {"farming_year": 1, "employed": 1}, (None, 12)),
    ("other", {"business_year": 1, "employed": 1}, (None, 12)),
    ("other", {}, (None, 12)),
    ("other", {"severely_disabled": 1}, ("severe-or-old", 12)),
    ("other", {"severely_ill": 1}, ("severe-or-old", 12)),
    ("other", {"elders": 1}, ("severe-or-old", 12)),
)  # fmt: skip
"""Category on record, indicators, and the group with its months"""
VISITS = {"high": (date(2027, 4, 4), 0), "key": (date(2027, 5, 4), 1), "general": (date(2027, 6, 3), 1)}
"""Tier → the visit after one of 5 March, and how many may follow each other by telephone"""
PROBLEMS = {
    "safety": date(2027, 3, 8), "health": date(2027, 3, 12), "care": date(2027, 3, 20), "living": date(2027, 3, 12),
    "housing": date(2027, 4, 4), "benefits": date(2027, 3, 20), "work_school": date(2027, 4, 4), "other": date(2027, 3, 20),
}  # fmt: skip
"""Kind of problem found on 5 March → until when"""
REST = (date(2027, 3, 8), date(2027, 4, 4), date(2027, 3, 3))
"""Nobody at home on 5 March: again on; reviews announced until; leads due before this day are the county's on 5 March"""
EXPECTED = (
    MEASURES,
    LEADS,
    tuple(rule for _heads, _record, rule in RECORDS),
    tuple(cycle for *_of, cycle in CYCLES),
    VISITS,
    PROBLEMS,
    REST,
)

IN_THE_DATABASE = {"monitoring.leads.alike", "monitoring.calm_days"} | {
    f"monitoring.rules[{k}].due_days" for k in range(len(DOCUMENT["monitoring"]["rules"]))
}


def need_of(policy, code):
    measure = next(one for one in policy.measures if one.code == code)
    entry = MeasureEntry(code)
    (checked,) = check_measures([entry], policy=policy, suggested={}, main_type=measure.types[0], today=DAY)
    return checked.quantity, checked.tier, checked.weight, checked.days


def warns(policy, heads, kind="medical_bill", state="paid", days=10, amount=0, grade=None, age=40):
    happened = DAY - timedelta(days=days)
    seen = Seen(1, kind, state, happened, amount, grade, "somebody", date(happened.year - age, happened.month, 1))
    found = findings([seen], policy.monitoring.rules, day=DAY, heads=heads)
    assert len(found) < 2
    return found[0].rule.id if found else None


def cycle_of(policy, category, indicators):
    cycle = review_cycle(policy, facts_of(Known(2, indicators), policy.accounting), status_category=category)
    return cycle.group, cycle.months


def in_a_row(tier):
    return next(count for count in range(101) if not telephone_allowed(tier, ["telephone"] * count))


def observed(policy):
    """What follows from the set, in the order of EXPECTED."""
    leads, visits = policy.monitoring.leads, policy.visits
    return (
        {code: need_of(policy, code) for code in MEASURES},
        {one: (owner_region_of(VILLAGE, one, leads), due_day(one, leads, today=DAY)) for one in CHANNELS},
        tuple(warns(policy, heads, **record) for heads, record, _rule in RECORDS),
        tuple(cycle_of(policy, category, indicators) for category, indicators, _cycle in CYCLES),
        {name: (first_due(DAY, tier.every_days, today=DAY), in_a_row(tier)) for name, tier in visits.tiers.items()},
        {kind: check_finding(FindingEntry(kind), field="", today=DAY, visits=visits).due_on for kind in PROBLEM_KINDS},
        (
            again_on(visits, DAY),
            announced_until(policy.reviews, DAY),
            county_takes_before(leads, today=DAY),
        ),
    )


def numbers(value, place=""):
    """(place, holder, key) of every whole number below."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        at = f"{place}[{key}]" if isinstance(key, int) else f"{place}.{key}" if place else key
        if type(inner) is int:
            yield at, value, key
        elif isinstance(inner, dict | list):
            yield from numbers(inner, at)


def enumerated(document):
    """All numbers of the parts beside the portrait; of measures the need they become, and not the conditions."""
    parts = {name: document[name] for name in ("measures", "monitoring", "reviews", "visits")}
    return [row for row in numbers(parts) if not (row[0].startswith("measures") and ".all[" in row[0])]


def test_what_follows_from_the_set_is_what_was_reckoned_by_hand():
    assert observed(read_policy(DOCUMENT)) == EXPECTED
    assert set(MEASURES) == {one["code"] for one in DOCUMENT["measures"]}


@pytest.mark.parametrize("by", [1, -1], ids=["up", "down"])
def test_changing_any_number_by_one_changes_something_or_is_refused(by):
    places, unnoticed = [at for at, _holder, _key in enumerated(DOCUMENT)], set()
    assert len(places) > 140
    for count, place in enumerate(places):
        document = copy.deepcopy(DOCUMENT)
        _at, holder, key = enumerated(document)[count]
        holder[key] += by
        try:
            policy = read_policy(document)
        except FaultyPolicy:
            continue
        if observed(policy) == EXPECTED:
            unnoticed.add(place)
    assert unnoticed == IN_THE_DATABASE
