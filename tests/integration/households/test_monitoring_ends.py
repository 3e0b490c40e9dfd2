"""Monitoring at its edges: closed and joined households, other counties, warnings that grow under whoever handles them."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from households.leads.models import Lead
from households.leads.operations import merge_lead, record_lead, tie_to_household
from households.life.parting import join_households
from households.monitoring.models import HouseholdWarning
from households.monitoring.operations import enter_monitoring, handle_warning, reveal_note
from households.monitoring.queries import board, calm_households, open_spell
from households.monitoring.records import Added, add_records
from households.operations import close_household, reopen_household
from households.queries import who_looked
from kernel.errors import Conflict, InvalidInput
from tests.factories import COUNTY, NOW, OTHER_COUNTY, TOWNSHIP, make_user, resident_id
from tests.factories_demand import a_head, make_household
from tests.factories_leads import TODAY, WORKER, a_bill, a_lead, a_record, hold_policy, make_lead

STRANGER = resident_id(born="19700707")


def take_in(session, *entries, **values):
    return add_records(session, entries=entries, **WORKER | values)


@pytest.fixture
def home(session):
    hold_policy(session)
    return make_household(session)


def close(session, household):
    close_household(session, household_id=household.id, reason="全家迁出", **WORKER)


def test_a_member_of_a_closed_household_is_looked_for_anew(session, home):
    close(session, home)
    assert take_in(session, a_bill("1", resident_id(), amount_fen=3_000_000)) == Added(1, 0, 0, 1)
    lead = session.scalar(sa.select(Lead))
    with pytest.raises(Conflict, match="closed; reopen it"):
        tie_to_household(session, lead_id=lead.id, household_id=home.id, **WORKER)
    assert lead.status == "open"
    reopen_household(session, household_id=home.id, **WORKER)
    assert tie_to_household(session, lead_id=lead.id, household_id=home.id, **WORKER).status == "known"
    assert take_in(session, a_bill("2", resident_id())) == Added(1, 0, 1, 0)


def test_one_disaster_under_one_number_befalls_many_addresses(session):
    hold_policy(session)
    for number, born in ((3, "19600101"), (5, "19610101")):
        make_household(session, a_head(resident_id=resident_id(born=born)), address=f"岩坦镇屿北村{number}号")
    flood = a_record("F-1", None, "disaster", "flood", address="岩坦镇屿北村3号", name=None)
    assert take_in(session, flood, replace(flood, address="岩坦镇屿北村5号")) == Added(2, 0, 2, 0)
    assert take_in(session, replace(flood, address="岩坦镇 屿北村 ５号")) == Added(0, 1, 0, 0)


def test_each_county_counts_its_records_by_itself(session, home):
    scope = (COUNTY, OTHER_COUNTY)
    here, there = a_bill("1", resident_id()), a_bill("1", STRANGER, region_code=OTHER_COUNTY)
    assert take_in(session, here, there, scope=scope) == Added(2, 0, 1, 0)
    assert take_in(session, here, there, scope=scope) == Added(0, 2, 0, 0)


def test_the_reply_counts_no_warning_of_another_county_but_it_is_raised(session, home):
    bill = a_bill("1", resident_id(), region_code=OTHER_COUNTY)
    assert take_in(session, bill, scope=(OTHER_COUNTY,)) == Added(1, 0, 0, 0)
    assert session.scalar(sa.select(HouseholdWarning)).household_id == home.id


def test_who_handles_a_warning_has_seen_all_that_is_in_it(session, home):
    take_in(session, a_bill("1", resident_id()))
    warning = session.scalar(sa.select(HouseholdWarning))
    seen = warning.counted_to
    take_in(session, a_bill("2", resident_id()))
    with pytest.raises(Conflict, match="More came in"):
        handle_warning(session, warning_id=warning.id, outcome="no_change", note="无变化", seen_to=seen, **WORKER)
    now_seen = warning.counted_to
    handle_warning(session, warning_id=warning.id, outcome="no_change", note="无变化", seen_to=now_seen, **WORKER)
    assert warning.status == "handled"


def test_a_warning_handled_meanwhile_does_not_grow(session, sessions, home):
    take_in(session, a_bill("1", resident_id()))
    warning = session.scalar(sa.select(HouseholdWarning))
    session.commit()
    counted = warning.counted_to
    with sessions.begin() as other:
        handle_warning(other, warning_id=warning.id, outcome="no_change", note="无变化", **WORKER)
    # this session still holds the warning as it read it: open
    assert take_in(session, a_bill("2", resident_id())).warnings == 1
    session.refresh(warning)
    assert (warning.status, warning.counted_to) == ("handled", counted)


def test_the_note_of_a_warning_opens_for_a_purpose_that_the_household_reads(session, home):  # promise 20
    take_in(session, a_bill("1", resident_id()))
    warning = session.scalar(sa.select(HouseholdWarning))
    handle_warning(session, warning_id=warning.id, outcome="no_change", note="医保已报销", **WORKER)
    with pytest.raises(InvalidInput):
        reveal_note(session, warning_id=warning.id, purpose=" ", **WORKER)
    assert reveal_note(session, warning_id=warning.id, purpose="复核处置情况", **WORKER) == "医保已报销"
    session.commit()
    assert [look.purpose for look in who_looked(session, home.id)] == ["复核处置情况"]


def monitored(session):
    return sum(line.monitored for line in board(session, scope=(COUNTY,), since=NOW, until=NOW, today=TODAY))


def test_a_closed_household_is_not_monitored_and_does_not_enter(session, home):
    enter_monitoring(session, household_id=home.id, **WORKER)
    other = make_household(session, a_head(resident_id=STRANGER))
    take_in(session, a_bill("1", STRANGER))
    assert monitored(session) == 1
    later = TODAY.replace(year=2028)
    assert [one.id for one in calm_households(session, scope=(COUNTY,), today=later)] == [home.id]
    close(session, home)
    close(session, other)
    assert monitored(session) == 0
    assert calm_households(session, scope=(COUNTY,), today=later) == []
    warning = session.scalar(sa.select(HouseholdWarning))
    handle_warning(session, warning_id=warning.id, outcome="plan_to_change", note="已迁出", **WORKER)
    assert open_spell(session, other.id) is None


@pytest.mark.parametrize("both", [False, True])
def test_a_household_that_comes_into_another_is_monitored_there(session, home, both):
    other = make_household(session, a_head(name="王大海", resident_id=STRANGER))
    enter_monitoring(session, household_id=other.id, **WORKER)
    if both:
        enter_monitoring(session, household_id=home.id, **WORKER)
    relations = {other.members[0].id: "parent"}
    join_households(
        session, household_id=home.id, other_id=other.id, relations=relations, happened_on=TODAY, in_rounds={}, **WORKER
    )
    assert open_spell(session, home.id).entered_on == TODAY
    assert open_spell(session, other.id) is None
    assert monitored(session) == 1


def test_a_second_open_lead_of_data_comparison_about_one_person_is_refused_in_words(session, home):
    entry = a_lead(channel="data_comparison", resident_id=STRANGER)
    record_lead(session, entry=entry, **WORKER)
    with pytest.raises(Conflict, match="speaks of the same person") as refused:
        record_lead(session, entry=entry, **WORKER)
    assert refused.value.field == "resident_id"


def test_a_person_whose_lead_went_on_in_another_becomes_no_second_lead(session, home):
    assert take_in(session, a_bill("1", STRANGER, amount_fen=3_000_000)).leads == 1
    compared, told = session.scalar(sa.select(Lead)), make_lead(session)
    merge_lead(session, lead_id=compared.id, into_id=told.id, **WORKER)
    assert take_in(session, a_bill("2", STRANGER, amount_fen=9_000_000)).leads == 0


def test_leads_of_one_import_are_spread_over_the_people_of_the_place_who_are_asked_for_once(session, home):
    first, second = (make_user(session, login, ("worker", TOWNSHIP)) for login in ("a.one", "b.two"))
    bills = [
        a_bill(str(number), resident_id(born=f"197{number}0101"), amount_fen=3_000_000, name="周某")
        for number in range(4)
    ]
    asked: list[str] = []
    sa.event.listen(session.get_bind(), "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert take_in(session, *bills).leads == 4
    assert sum("role_grants" in statement and "count(*)" in statement for statement in asked) == 1
    owners = session.scalars(sa.select(Lead.owner_id).order_by(Lead.number)).all()
    assert sorted(owners) == sorted([first.id, first.id, second.id, second.id])
