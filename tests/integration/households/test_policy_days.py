"""Numbers of the policy set that show only in the database: until when a warning is handled, who has been calm, which names are alike."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from households.leads.candidates import candidates_of
from households.monitoring.operations import enter_monitoring
from households.monitoring.queries import calm_households, list_warnings
from households.monitoring.records import add_records
from households.policy.packaged import demo_policy
from households.rules import MemberEntry
from tests.factories import COUNTY, resident_id
from tests.factories_demand import a_head, make_household
from tests.factories_leads import TODAY, WORKER, a_bill, a_record, hold_policy, make_lead

GROWN, CHILD = resident_id(born="19900101"), resident_id(born="20170101")
DUE = {
    "medical-bills": date(2027, 3, 15), "job-loss": date(2027, 3, 15), "out-of-school": date(2027, 3, 10),
    "new-disability": date(2027, 3, 20), "disaster": date(2027, 3, 8), "work-found": date(2027, 4, 4),
}  # fmt: skip
"""Rule → the last day of a warning of 5 March: 10, 10, 5, 15, 3 and 30 days"""


@pytest.mark.parametrize("by", [0, 1, -1])
def test_a_warning_is_to_be_handled_within_the_days_of_its_rule(session: Session, by: int) -> None:
    rules = [rule | {"due_days": rule["due_days"] + by} for rule in demo_policy()["monitoring"]["rules"]]
    hold_policy(session, rules=rules)
    household = make_household(
        session,
        a_head(),
        MemberEntry("周小明", "child", resident_id=CHILD),
        MemberEntry("周大", "child", resident_id=GROWN),
    )
    enter_monitoring(
        session, household_id=household.id, **WORKER
    )  # only of who is monitored it matters that things went well
    lost = a_record("2", GROWN, "employment", "lost")
    entries = (
        a_bill("1", resident_id(), amount_fen=3_000_000), lost, a_record("3", CHILD, "school", "left"),
        a_record("4", resident_id(), "disability", "granted", grade=2), a_record("5", resident_id(), "disaster", "fire"),
    )  # fmt: skip
    add_records(session, entries=entries, **WORKER)
    found = replace(lost, number="6", state="found", happened_on=date(2027, 3, 1))  # supersedes what was lost
    add_records(session, entries=(found,), **WORKER)
    due = {line.warning.rule: line.warning.due_on for line in list_warnings(session, scope=(COUNTY,)).rows}
    assert due == {rule: day + timedelta(days=by) for rule, day in DUE.items()}


@pytest.mark.parametrize(("calm_days", "calm"), [(180, [180, 181]), (181, [181]), (179, [179, 180, 181])])
def test_a_household_is_calm_after_the_days_of_the_set(session: Session, calm_days: int, calm: list[int]) -> None:
    hold_policy(session, calm_days=calm_days)
    enter_monitoring(session, household_id=make_household(session).id, **WORKER)
    days = (178, 179, 180, 181)
    assert [n for n in days if calm_households(session, scope=(COUNTY,), today=TODAY + timedelta(days=n))] == calm


# zhoujiangang and zhoujianguo share 9 of 15 trigrams, zhoujianqiang and zhoujianguo 9 of 16: between 562 and 600 lies no pair of these names
@pytest.mark.parametrize(("alike", "names"), [(600, {"周建刚"}), (601, set()), (562, {"周建刚", "周建强"})])
def test_names_are_alike_from_the_share_of_the_set(session: Session, alike: int, names: set[str]) -> None:
    leads: dict[str, Any] = demo_policy()["monitoring"]["leads"]
    hold_policy(session, leads=leads | {"alike": alike})
    for born, name in (("19500505", "周建刚"), ("19510505", "周建强"), ("19520505", "李大海")):
        make_household(session, a_head(name=name, resident_id=resident_id(born=born)))
    lead = make_lead(session, phone=None)
    found = candidates_of(session, lead, scope=(COUNTY,), day=TODAY).rows
    assert {one.name: one.reasons for one in found} == dict.fromkeys(names, ("alike",))
