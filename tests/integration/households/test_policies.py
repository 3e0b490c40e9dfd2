"""Policy sets in force, portraits of households on record, and the preview of what a new set would change."""

import copy
from datetime import date, timedelta

import pytest

from households.indicators import IndicatorEntry
from households.operations import record_event, set_indicators
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from households.policy.preview import preview
from households.policy.queries import list_policy_sets, policy_in_force, policy_set_in_force
from households.portrait.queries import portrait_on_record
from kernel.audit import SYSTEM
from kernel.errors import Conflict, InvalidFields, OutsideScope
from tests.factories import COUNTY, NOW, OTHER_COUNTY, TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_household

DOCUMENT = demo_policy()
DAY = date(2027, 3, 5)
ADMIN = {"actor": SYSTEM, "scope": (COUNTY[:2],), "now": NOW}
WORKER = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW}


def document(code="set-1", region=COUNTY, start="2026-01-01", end=None, **figures):
    made = copy.deepcopy(DOCUMENT) | {"id": code, "region": region, "valid_from": start, "valid_to": end}
    made["figures"] |= figures
    return made


def values(session, household, **fen_or_count):
    entries = tuple(IndicatorEntry(code, value, DAY, "入户") for code, value in fen_or_count.items())
    set_indicators(session, household_id=household.id, entries=entries, **WORKER)


def test_the_nearest_set_that_holds_on_the_day_counts(session):
    add_policy_set(session, document=document("province", COUNTY[:2]), **ADMIN)
    add_policy_set(session, document=document("county-2026", end="2026-12-31"), **ADMIN)
    assert policy_in_force(session, region_code=TOWNSHIP, day=date(2026, 12, 31)).id == "county-2026"
    assert policy_in_force(session, region_code=TOWNSHIP, day=date(2027, 1, 1)).id == "province"
    assert policy_in_force(session, region_code=OTHER_COUNTY, day=date(2026, 6, 1)).id == "province"
    assert policy_set_in_force(session, region_code=TOWNSHIP, day=date(2025, 12, 31)) is None


def test_a_new_set_ends_the_one_before_and_the_old_day_stays_explainable(session):
    add_policy_set(session, document=document("old"), **ADMIN)
    add_policy_set(session, document=document("new", start="2027-04-01"), **ADMIN)
    assert policy_in_force(session, region_code=COUNTY, day=date(2027, 3, 31)).id == "old"
    assert policy_in_force(session, region_code=COUNTY, day=date(2027, 4, 1)).id == "new"
    assert [row.code for row in list_policy_sets(session, scope=(TOWNSHIP,))] == ["new", "old"]


def test_the_same_document_again_changes_nothing_and_another_under_its_id_is_refused(session):
    first = add_policy_set(session, document=document(), **ADMIN)
    assert add_policy_set(session, document=document(), **ADMIN).id == first.id
    with pytest.raises(Conflict, match="another policy set"):
        add_policy_set(session, document=document(subsistence_line=1), **ADMIN)


def test_a_set_does_not_slip_before_a_later_one(session):
    add_policy_set(session, document=document("later", start="2027-01-01"), **ADMIN)
    with pytest.raises(Conflict, match="later holds from 2027-01-01"):
        add_policy_set(session, document=document("earlier"), **ADMIN)


def test_faults_are_named_and_a_foreign_region_is_refused(session):
    wrong = document()
    wrong["rules"][0]["points"] = 1_000
    with pytest.raises(InvalidFields) as refused:
        add_policy_set(session, document=wrong, **ADMIN)
    assert [fault.field for fault in refused.value.faults] == ["rules[0].points"]
    with pytest.raises(OutsideScope):
        add_policy_set(session, document=document(region=OTHER_COUNTY), **(ADMIN | {"scope": (COUNTY,)}))


def test_the_portrait_is_made_of_what_is_on_record(session):
    household = make_household(session)
    values(session, household, wages_year=20_000_000, employed=1, able_workers=1, medical_year=2_000_000)
    assert portrait_on_record(session, household, day=DAY) is None  # no policy, no portrait
    add_policy_set(session, document=document(), **ADMIN)
    record_event(
        session, household_id=household.id, kind="fire", happened_on=DAY - timedelta(days=30), source="消防", **WORKER
    )
    record_event(
        session, household_id=household.id, kind="fire", happened_on=DAY - timedelta(days=99), source="消防", **WORKER
    )
    found = portrait_on_record(session, household, day=DAY).portrait
    assert (found.category.name, found.main, found.scores["emergency"], found.scores["expenditure"]) == (
        "other",
        "emergency",
        80,
        20,
    )
    assert {one.code: one.quantity for one in found.suggested}["emergency-quilts"] == 1
    later = portrait_on_record(session, household, day=DAY + timedelta(days=61)).portrait
    assert (later.main, later.scores["emergency"]) == ("expenditure", 0)


def test_an_event_is_recorded_once_and_what_cannot_be_is_refused(session):
    household = make_household(session)
    for _ in range(2):
        record_event(session, household_id=household.id, kind="accident", happened_on=DAY, source="村委会", **WORKER)
    assert len(household.events) == 1
    with pytest.raises(InvalidFields) as refused:
        record_event(
            session,
            household_id=household.id,
            kind="party",
            happened_on=NOW.date() + timedelta(days=2),
            source=" ",
            **WORKER,
        )
    assert {fault.field for fault in refused.value.faults} == {"kind", "happened_on", "source"}


def test_a_preview_tells_whom_a_new_set_would_change(session):
    add_policy_set(session, document=document(), **ADMIN)
    on_the_line, above, rich = (
        make_household(session, a_head(resident_id=resident_id(born=f"1960010{n}"))) for n in (1, 2, 3)
    )
    values(session, on_the_line, transfers_year=1_500_000, supporters=1)
    values(session, above, transfers_year=1_500_001, supporters=1)
    values(session, rich, wages_year=20_000_000, able_workers=1)
    found = preview(
        session, document=document("new", start="2027-06-01", subsistence_line=1_500_001), scope=(COUNTY,), day=DAY
    )
    assert (found.count, found.changed) == (3, 1)
    assert found.moves == {("category", "subsistence_edge", "subsistence_allowance"): 1}
    assert [(c.household.id, c.before[0], c.after[0]) for c in found.changes] == [
        (above.id, "subsistence_edge", "subsistence_allowance")
    ]
    assert policy_in_force(session, region_code=COUNTY, day=date(2027, 7, 1)).id == "set-1"  # a preview keeps nothing
