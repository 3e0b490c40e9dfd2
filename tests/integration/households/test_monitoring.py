"""Departments' records: each once, matched to members, compared; warnings handled, households entering and leaving."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from households.indicators import IndicatorEntry
from households.leads.models import Lead
from households.leads.operations import close_lead
from households.monitoring.models import DepartmentRecord, HouseholdWarning
from households.monitoring.operations import enter_monitoring, handle_warning, leave_monitoring, reveal_note
from households.monitoring.queries import board, calm_households, get_warning, list_warnings, open_spell
from households.monitoring.records import Added, add_records
from households.operations import set_indicators
from households.rules import MemberEntry
from kernel.errors import Conflict, InvalidFields, NotFound
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_demand import a_head, make_household
from tests.factories_leads import TODAY, WORKER, a_bill, a_record, hold_policy

CHILD = resident_id(born="20170101")
STRANGER = resident_id(born="19700707")


def take_in(session, *entries, now=NOW):
    return add_records(session, entries=entries, **WORKER | {"now": now})


def warnings(session, **filters):
    return [row.warning for row in list_warnings(session, scope=(COUNTY,), **filters).rows]


@pytest.fixture
def home(session):
    hold_policy(session)
    return make_household(session, a_head(), MemberEntry("周小明", "child", resident_id=CHILD))


def test_bills_warn_from_the_threshold_per_head_on(session, home):
    just_below = replace(a_bill("1", resident_id()), amount_fen=1_999_998)  # two heads: 9,999.99 yuan each
    assert take_in(session, just_below) == Added(1, 0, 0, 0)
    assert take_in(session, a_bill("2", CHILD, amount_fen=2)) == Added(1, 0, 1, 0)
    (warning,) = warnings(session)
    assert (warning.household_id, warning.rule, warning.policy_code) == (home.id, "medical-bills", "yongjia-2026")
    assert (warning.facts["value"], warning.facts["at_least"], warning.facts["records"]) == (1_000_000, 1_000_000, 2)
    assert warning.due_on == TODAY + timedelta(days=10)


def test_a_bill_imported_twice_counts_once(session, home):
    bill = a_bill("1", resident_id(), amount_fen=1_500_000)
    assert take_in(session, bill) == Added(1, 0, 0, 0)
    assert take_in(session, bill, bill) == Added(0, 2, 0, 0)
    assert session.scalar(sa.select(sa.func.count()).select_from(DepartmentRecord)) == 1
    assert warnings(session) == []
    # the same number of another department is another record
    assert take_in(session, replace(bill, source="other")).new == 1
    assert len(warnings(session)) == 1


def test_a_record_number_with_other_values_is_refused_and_nothing_is_taken_in(session, home):
    take_in(session, a_bill("1", resident_id()))
    with pytest.raises(InvalidFields) as refused:
        take_in(session, a_bill("2", resident_id()), a_bill("1", resident_id(), amount_fen=1))
    assert [fault.field for fault in refused.value.faults] == ["records.1.number"]
    assert session.scalar(sa.select(sa.func.count()).select_from(DepartmentRecord)) == 1


def test_all_faults_are_named_by_place(session, home):
    with pytest.raises(InvalidFields) as refused:
        take_in(
            session, a_bill("1", "123", amount_fen=None), a_record("2", None, "school", "lost"),
            a_record("3", STRANGER, "disability", "granted", happened_on=date(2027, 3, 6)),
            a_bill("4", STRANGER, region_code=OTHER_COUNTY), a_bill("5", STRANGER, region_code="330324999"),
        )  # fmt: skip
    assert {fault.field for fault in refused.value.faults} == {
        "records.0.resident_id", "records.0.amount_fen", "records.1.resident_id", "records.1.state", "records.2.happened_on",
        "records.2.grade", "records.3.region_code", "records.4.region_code",
    }  # fmt: skip


def test_an_open_warning_grows_and_what_was_handled_is_not_counted_again(session, home):
    take_in(session, a_bill("1", resident_id(), amount_fen=2_000_000))
    assert take_in(session, a_bill("2", resident_id(), amount_fen=600_000)).warnings == 0
    (warning,) = warnings(session)
    assert warning.facts["value"] == 1_300_000
    handle_warning(session, warning_id=warning.id, outcome="no_change", note="医保已报销", **WORKER)
    assert take_in(session, a_bill("3", resident_id(), amount_fen=1_900_000)).warnings == 0
    assert take_in(session, a_bill("4", resident_id(), amount_fen=100_000)).warnings == 1
    assert warnings(session)[0].facts["value"] == 1_000_000


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (a_record("1", resident_id(), "employment", "lost", happened_on=date(2027, 3, 1)), None),  # 67 years old
        (a_record("1", CHILD, "school", "left"), "out-of-school"),
        (a_record("1", resident_id(), "disability", "granted", grade=2), "new-disability"),
        (a_record("1", resident_id(), "disability", "granted", grade=3), None),
        (a_record("1", resident_id(), "disaster", "fire"), "disaster"),
        (a_record("1", resident_id(), "disaster", "fire", happened_on=date(2026, 12, 5)), "disaster"),  # 90 days ago
        (a_record("1", resident_id(), "disaster", "fire", happened_on=date(2026, 12, 4)), None),
    ],
)
def test_each_rule_warns_of_what_it_speaks_of(session, home, entry, rule):
    take_in(session, entry)
    assert [warning.rule for warning in warnings(session)] == ([rule] if rule else [])


def test_work_lost_and_found_again_is_no_warning(session):
    hold_policy(session)
    grown_up = resident_id(born="19850101")
    make_household(session, a_head(resident_id=grown_up))
    lost = a_record("1", grown_up, "employment", "lost", happened_on=date(2027, 1, 1))
    assert take_in(session, lost, a_record("2", grown_up, "employment", "found")).warnings == 0
    assert take_in(session, a_record("3", grown_up, "employment", "lost", happened_on=date(2027, 3, 1))).warnings == 1


def test_a_disaster_is_matched_by_the_address(session):
    hold_policy(session)
    home = make_household(session, address="岩坦镇屿北村3组12号")
    fire = a_record("1", None, "disaster", "fire", address="岩坦镇 屿北村 3 组１２号", name=None)
    assert take_in(session, fire) == Added(1, 0, 1, 0)
    assert warnings(session)[0].household_id == home.id
    unknown = a_record("2", None, "disaster", "fire", address="岩坦镇屿北村9组1号", name=None)
    assert take_in(session, unknown) == Added(1, 0, 0, 1)
    assert session.scalar(sa.select(Lead)).channel == "data_comparison"


def test_a_person_of_no_household_becomes_one_lead_however_many_bills_come(session, home):
    assert take_in(session, a_bill("1", STRANGER, amount_fen=2_999_999)).leads == 0
    assert take_in(session, a_bill("2", STRANGER, amount_fen=1), a_bill("3", STRANGER)).leads == 1
    assert take_in(session, a_bill("4", STRANGER, amount_fen=9_000_000)).leads == 0
    lead = session.scalar(sa.select(Lead))
    assert (lead.channel, lead.name, lead.region_code) == ("data_comparison", "周建国", TOWNSHIP)
    assert lead.found["rules"][0]["value"] == 4_200_000
    close_lead(session, lead_id=lead.id, closing="declined", reason="本人不愿申请", **WORKER)
    later = NOW + timedelta(days=30)
    assert take_in(session, a_bill("5", STRANGER, amount_fen=2_000_000), now=later).leads == 0
    assert take_in(session, a_bill("6", STRANGER, amount_fen=1_000_000), now=later).leads == 1


def test_without_a_policy_set_records_are_kept_and_nobody_is_warned_of(session):
    make_household(session)
    assert take_in(session, a_bill("1", resident_id(), amount_fen=90_000_000)) == Added(1, 0, 0, 0)


def test_a_warning_is_handled_once_with_what_came_of_it(session, home):
    take_in(session, a_bill("1", resident_id(), amount_fen=2_000_000), now=NOW)
    (warning,) = warnings(session)
    with pytest.raises(InvalidFields) as refused:
        handle_warning(session, warning_id=warning.id, outcome="event_recorded", note="", **WORKER)
    assert {fault.field for fault in refused.value.faults} == {"note", "event_kind", "event_on"}
    with pytest.raises(Conflict, match="not changed since"):
        handle_warning(session, warning_id=warning.id, outcome="facts_updated", note="已更新", **WORKER)
    later = WORKER | {"now": NOW + timedelta(hours=1)}
    entry = IndicatorEntry("medical_year", 2_000_000, TODAY, "医保数据")
    set_indicators(session, household_id=home.id, entries=(entry,), **later)
    handle_warning(session, warning_id=warning.id, outcome="facts_updated", note="已更新", **later)
    assert reveal_note(session, warning_id=warning.id, purpose="复核处置情况", **later) == "已更新"
    assert open_spell(session, home.id).entered_by_rule == "medical-bills"
    with pytest.raises(Conflict, match="handled already"):
        handle_warning(session, warning_id=warning.id, outcome="no_change", note="再次", **later)


def test_an_event_found_by_a_warning_stands_on_the_households_record(session, home):
    take_in(session, a_record("1", resident_id(), "disaster", "fire"))
    (warning,) = warnings(session)
    handle_warning(
        session, warning_id=warning.id, outcome="event_recorded", note="属实", event_kind="fire", event_on=date(2027, 2, 5), **WORKER
    )  # fmt: skip
    assert [(event.kind, event.happened_on) for event in home.events] == [("fire", date(2027, 2, 5))]


def test_households_enter_and_leave_monitoring(session):
    hold_policy(session)
    grown_up = resident_id(born="19850101")
    home = make_household(session, a_head(resident_id=grown_up))
    found = a_record("1", grown_up, "employment", "found")
    assert take_in(session, found).warnings == 0  # a sign of recovery speaks only of who is monitored
    enter_monitoring(session, household_id=home.id, **WORKER)
    enter_monitoring(session, household_id=home.id, **WORKER)
    assert take_in(session, replace(found, number="2")).warnings == 1
    (warning,) = warnings(session)
    assert (warning.rule, warning.way) == ("work-found", "out")
    with pytest.raises(Conflict, match="open; handle it"):
        leave_monitoring(session, household_id=home.id, reason="收入稳定", **WORKER)
    handle_warning(session, warning_id=warning.id, outcome="left_monitoring", note="收入稳定", **WORKER)
    assert open_spell(session, home.id) is None
    with pytest.raises(Conflict, match="not monitored"):
        leave_monitoring(session, household_id=home.id, reason="收入稳定", **WORKER)


def test_who_has_been_calm_long_enough_may_leave(session, home):
    enter_monitoring(session, household_id=home.id, **WORKER)
    assert calm_households(session, scope=(COUNTY,), today=TODAY + timedelta(days=179)) == []
    (line,) = calm_households(session, scope=(COUNTY,), today=TODAY + timedelta(days=180))
    assert (line.id, line.calm_since) == (home.id, TODAY)
    take_in(session, a_bill("1", resident_id(), amount_fen=2_000_000))
    assert calm_households(session, scope=(COUNTY,), today=TODAY + timedelta(days=365)) == []


def test_the_board_shows_who_is_late_with_rates(session, home):
    other = make_household(session, a_head(resident_id=resident_id(born="19600202")), region_code=SIBLING_TOWNSHIP)
    take_in(session, a_bill("1", resident_id(), amount_fen=2_000_000), a_record("2", CHILD, "school", "left"))
    take_in(session, a_bill("3", resident_id(born="19600202"), amount_fen=2_000_000))
    bills = next(one for one in warnings(session) if one.household_id == other.id)
    in_time = NOW.replace(hour=15, minute=59) + timedelta(days=10)  # 23:59 in Shanghai on the last day
    handle_warning(session, warning_id=bills.id, outcome="no_change", note="无变化", **WORKER | {"now": in_time})
    school = next(one for one in warnings(session) if one.rule == "out-of-school")
    handle_warning(
        session, warning_id=school.id, outcome="plan_to_change", note="联系学校", **WORKER | {"now": NOW + timedelta(days=6)}
    )  # fmt: skip
    lines = board(session, scope=(COUNTY,), since=NOW - timedelta(days=1), until=NOW + timedelta(days=20), today=TODAY + timedelta(days=11))  # fmt: skip
    assert [line.code for line in lines] == [TOWNSHIP, SIBLING_TOWNSHIP]
    late, good = lines
    assert (late.raised, late.on_time, late.handled_late, late.open, late.open_late) == (2, 0, 1, 1, 1)
    assert (late.handled_rate, late.on_time_rate, late.monitored, late.entered) == (0.5, 0.0, 1, 1)
    assert (good.raised, good.on_time, good.handled_rate, good.on_time_rate) == (1, 1, 1.0, 1.0)
    assert board(session, scope=(OTHER_COUNTY,), since=NOW - timedelta(days=1), until=NOW, today=TODAY) == []


def test_warnings_outside_ones_regions_do_not_exist(session, home):  # promise 11
    take_in(session, a_bill("1", resident_id(), amount_fen=2_000_000))
    (warning,) = warnings(session)
    with pytest.raises(NotFound):
        get_warning(session, warning.id, scope=(SIBLING_TOWNSHIP,))
    assert list_warnings(session, scope=(SIBLING_TOWNSHIP,)).rows == []
    assert session.scalar(sa.select(sa.func.count()).select_from(HouseholdWarning)) == 1
