"""Leads: an owner and a day from the first moment, the same household found again, a person's decision, and an end that says what came of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from households.leads.candidates import candidates_of
from households.leads.models import Lead
from households.leads.operations import (
    assign_lead,
    close_lead,
    escalate_leads,
    merge_lead,
    record_lead,
    register_from_lead,
    reopen_lead,
    reveal_lead,
    tie_to_household,
    tip_off,
)
from households.leads.queries import figures, get_lead, list_leads, merged_leads, stage_of_receipt, steps_of
from households.policy.operations import add_policy_set
from households.policy.packaged import demo_policy
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound, OutsideScope
from kernel.regions.models import Region
from tests.factories import COUNTY, NOW, OTHER_COUNTY, SIBLING_TOWNSHIP, TOWNSHIP, make_user, resident_id
from tests.factories_demand import a_head, a_household, make_household
from tests.factories_leads import TODAY, WORKER, a_lead, hold_policy, make_lead

VILLAGE = "330324110001"
KEY = "k" * 22


def shown(session, lead, scope=(COUNTY,)):
    found = candidates_of(session, lead, scope=scope, day=TODAY)
    return {(one.kind, one.number): one.reasons for one in found.rows}


def test_a_lead_has_an_owner_and_a_day_from_its_channel(session):
    hold_policy(session)
    near = make_user(session, "near", ("worker", VILLAGE))
    town = make_user(session, "town", ("worker", TOWNSHIP))
    make_user(session, "county", ("coordinator", COUNTY))
    visit = make_lead(session, channel="home_visit", region_code=VILLAGE, phone=None)
    call = make_lead(session, channel="hotline", phone=None)
    compared = make_lead(session, channel="data_comparison", phone=None)
    assert (visit.owner_region, visit.owner_id, visit.due_on) == (VILLAGE, near.id, date(2027, 3, 10))
    assert (call.owner_region, call.owner_id, call.due_on) == (TOWNSHIP, town.id, date(2027, 3, 10))
    assert compared.due_on == date(2027, 3, 20)


def test_without_a_policy_set_and_without_people_a_lead_still_has_a_unit_and_a_day(session):
    lead = make_lead(session, region_code=VILLAGE)
    assert (lead.owner_region, lead.owner_id, lead.due_on) == (TOWNSHIP, None, date(2027, 3, 10))


def test_the_database_refuses_a_lead_without_owner_or_day(session):
    lead = make_lead(session)
    for column in ("owner_region", "due_on"):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(sa.update(Lead).where(Lead.id == lead.id).values({column: None}))


def test_of_two_people_in_one_place_the_one_with_fewer_open_leads_answers(session):
    first, second = (make_user(session, login, ("worker", TOWNSHIP)) for login in ("a.one", "b.two"))
    assert [make_lead(session, phone=None).owner_id for _ in range(3)] == [first.id, second.id, first.id]


def test_a_lead_goes_to_somebody_whose_role_covers_the_place_only(session):
    make_user(session, "here", ("worker", TOWNSHIP))
    other = make_user(session, "there", ("worker", SIBLING_TOWNSHIP))
    county = make_user(session, "county", ("coordinator", COUNTY))
    lead = make_lead(session)
    with pytest.raises(InvalidInput, match="does not cover"):
        assign_lead(session, lead_id=lead.id, user_id=other.id, **WORKER)
    assert assign_lead(session, lead_id=lead.id, user_id=county.id, **WORKER).owner_id == county.id


def test_late_begins_at_midnight_in_shanghai_and_the_county_takes_over_after_its_days(session):
    hold_policy(session)  # five days, then two until the county
    county = make_user(session, "county", ("coordinator", COUNTY))
    lead = make_lead(session)
    due = lead.due_on
    assert due == date(2027, 3, 10)
    before_midnight = datetime(2027, 3, 10, 15, 59, 59, tzinfo=UTC)
    after_midnight = before_midnight + timedelta(seconds=1)
    for now, late in ((before_midnight, 0), (after_midnight, 1)):
        page = list_leads(
            session, scope=(COUNTY,), late_on=now.astimezone(UTC).date() if not late else date(2027, 3, 11)
        )
        assert len(page.rows) == late
    assert escalate_leads(session, now=after_midnight + timedelta(days=2) - timedelta(seconds=1)) == 0
    assert escalate_leads(session, now=after_midnight + timedelta(days=2)) == 1
    assert escalate_leads(session, now=after_midnight + timedelta(days=9)) == 0  # goes up once
    session.refresh(lead)
    assert (lead.owner_region, lead.owner_id, lead.due_on) == (COUNTY, county.id, due)
    session.commit()
    assert [step.action for step in steps_of(session, lead.id)] == ["lead.escalated", "lead.recorded"]


def test_late_leads_of_a_patient_county_do_not_stand_before_those_that_go_up(session):
    hold_policy(session)
    patient = demo_policy() | {"id": "patient", "region": OTHER_COUNTY}
    patient["monitoring"]["leads"]["escalate_days"] = 60
    both = WORKER | {"scope": (COUNTY, OTHER_COUNTY)}
    add_policy_set(session, document=patient, **both)
    earlier = both | {"now": NOW - timedelta(days=9)}
    town = session.scalar(sa.select(Region.code).where(Region.parent_code == OTHER_COUNTY).order_by(Region.code))
    waits = [record_lead(session, entry=a_lead(region_code=town), **earlier) for _ in range(2)]
    goes = make_lead(session)
    assert escalate_leads(session, now=NOW + timedelta(days=10), limit=2) == 1
    assert [lead.owner_region for lead in (*waits, goes)] == [town, town, COUNTY]


def test_wrong_values_are_all_named(session):
    wrong = a_lead(region_code="33", channel="rumour", told=" ", phone="1", resident_id="123")
    with pytest.raises(InvalidFields) as refused:
        make_lead(session, **wrong.__dict__)
    assert {fault.field for fault in refused.value.faults} == {"region_code", "channel", "told", "phone", "resident_id"}
    with pytest.raises(OutsideScope):
        make_lead(session, region_code=OTHER_COUNTY)


def test_a_work_order_of_the_hotline_is_one_lead(session):
    make_lead(session, reference="12345-88")
    with pytest.raises(Conflict, match="on file"):
        make_lead(session, reference="12345-88")


def test_the_same_household_is_found_by_number_phone_name_and_sound(session):
    hold_policy(session)
    by_id = make_household(session, a_head(name="吴秀英", resident_id=resident_id(born="19500505")))
    by_phone = make_household(
        session, a_head(name="郑阿福", resident_id=resident_id(born="19510505")), phone="13812345678"
    )
    same_name = make_household(session, a_head(name="周建国", resident_id=resident_id(born="19520505")))
    same_sound = make_household(session, a_head(name="周建果", resident_id=resident_id(born="19530505")))
    alike = make_household(session, a_head(name="周建", resident_id=resident_id(born="19540505")))
    make_household(session, a_head(name="李大海", resident_id=resident_id(born="19550505")))
    make_household(
        session, a_head(name="周建国", resident_id=resident_id(born="19560505")), region_code=SIBLING_TOWNSHIP
    )
    lead = make_lead(session, resident_id=resident_id(born="19500505"))
    assert shown(session, lead) == {
        ("household", by_id.number): ("resident_id",),
        ("household", by_phone.number): ("phone",),
        ("household", same_name.number): ("name",),
        ("household", same_sound.number): ("same_sound",),
        ("household", alike.number): ("alike",),
    }
    first = candidates_of(session, lead, scope=(COUNTY,), day=TODAY).rows[0]
    assert first.id == by_id.id


def test_who_is_on_file_elsewhere_is_said_without_saying_where(session):
    make_household(session, a_head(resident_id=resident_id(born="19500505")), region_code=SIBLING_TOWNSHIP)
    lead = make_lead(session, name=None, phone=None, resident_id=resident_id(born="19500505"))
    found = candidates_of(session, lead, scope=(TOWNSHIP,), day=TODAY)
    assert (found.rows, found.elsewhere) == ((), True)


def test_two_leads_of_one_household_are_merged_by_a_person_and_nothing_told_is_lost(session):
    first = make_lead(session, resident_id=resident_id())
    second = make_lead(session, told="她的孙子也没有上学", resident_id=resident_id(), channel="home_visit")
    assert shown(session, second)[("lead", first.number)] == ("resident_id", "phone", "name")
    third = make_lead(session, phone=None, name=None)
    merge_lead(session, lead_id=third.id, into_id=second.id, **WORKER)
    kept = merge_lead(session, lead_id=second.id, into_id=first.id, **WORKER)
    assert (kept.id, second.status) == (first.id, "merged")
    assert [lead.id for lead in merged_leads(session, first)] == [second.id, third.id]  # what went into it comes along
    assert reveal_lead(session, lead_id=second.id, purpose="上门核实", **WORKER).told == "她的孙子也没有上学"
    assert shown(session, first) == {}
    with pytest.raises(Conflict, match="decided already"):
        merge_lead(session, lead_id=second.id, into_id=first.id, **WORKER)
    with pytest.raises(InvalidInput, match="itself"):
        merge_lead(session, lead_id=first.id, into_id=first.id, **WORKER)
    session.commit()
    assert {step.action for step in steps_of(session, first.id)} == {"lead.recorded", "lead.took_in"}


def test_a_merged_lead_still_finds_and_is_found_by_its_numbers(session):
    into = make_lead(session, name=None, phone="13700000001")
    merged = make_lead(session, resident_id=resident_id(), phone="13700000002")
    merge_lead(session, lead_id=merged.id, into_id=into.id, **WORKER)
    assert (into.name, into.resident_id_index) == ("周建国", merged.resident_id_index)
    assert reveal_lead(session, lead_id=into.id, purpose="上门核实", **WORKER).resident_id == resident_id()
    # the second telephone finds the lead that goes on, from both sides
    by_phone = make_household(
        session, a_head(name="郑阿福", resident_id=resident_id(born="19510505")), phone="13700000002"
    )
    assert shown(session, into) == {("household", by_phone.number): ("phone",)}
    again = make_lead(session, name=None, phone="13700000002")
    assert shown(session, again)[("lead", into.number)] == ("phone",)


def test_a_closed_lead_is_opened_again_by_a_new_report_with_a_new_day(session):
    first = make_lead(session)
    close_lead(session, lead_id=first.id, closing="no_hardship", reason="子女按月给生活费", **WORKER)
    later = NOW + timedelta(days=40)
    second = make_lead(session, now=later, told="儿子失业，已无收入")
    assert shown(session, second)[("lead", first.number)] == ("phone", "name")
    kept = merge_lead(session, lead_id=second.id, into_id=first.id, **WORKER | {"now": later})
    assert (kept.id, kept.status, kept.closing, kept.due_on) == (first.id, "open", None, second.due_on)
    close_lead(session, lead_id=first.id, closing="moved_away", reason="已迁往县城", **WORKER | {"now": later})
    opened = reveal_lead(session, lead_id=first.id, purpose="复核情况", **WORKER | {"now": later})
    assert opened.reason == "子女按月给生活费\n已迁往县城"  # both reasons are kept
    assert reopen_lead(session, lead_id=first.id, **WORKER | {"now": later}).status == "open"
    with pytest.raises(Conflict, match="Only a closed"):
        reopen_lead(session, lead_id=first.id, **WORKER)


def test_a_verified_lead_becomes_a_household_with_the_numbers_that_were_told(session):
    lead = make_lead(session, resident_id=resident_id(), address="岩坦镇屿北村 3 号")
    entry = a_household(a_head(name="周建国", resident_id=None, sex=None, born_on=None))
    household = register_from_lead(session, lead_id=lead.id, entry=entry, **WORKER)
    assert (lead.status, lead.household_id) == ("registered", household.id)
    # an address stands in clear on a household, so nobody puts it there unseen
    assert (household.address, household.phone_index) == (None, lead.phone_index)
    assert household.members[0].resident_id_index == lead.resident_id_index
    with pytest.raises(Conflict, match="decided already"):
        close_lead(session, lead_id=lead.id, closing="not_found", reason="无", **WORKER)


def test_the_same_person_twice_is_refused_and_the_lead_tied_to_the_household_on_file(session):
    known = make_household(session)
    lead = make_lead(session, resident_id=resident_id())
    with pytest.raises(Conflict, match="is a member of household"):
        register_from_lead(
            session, lead_id=lead.id, entry=a_household(a_head(resident_id=None, sex=None, born_on=None)), **WORKER
        )
    assert lead.status == "open"
    tie_to_household(session, lead_id=lead.id, household_id=known.id, **WORKER)
    assert (lead.status, lead.household_id) == ("known", known.id)
    other = make_lead(session)
    with pytest.raises(Conflict, match="same household"):
        merge_lead(session, lead_id=other.id, into_id=lead.id, **WORKER)


def test_a_closing_needs_a_reason(session):
    lead = make_lead(session)
    with pytest.raises(InvalidFields) as refused:
        close_lead(session, lead_id=lead.id, closing="bored", reason=" ", **WORKER)
    assert {fault.field for fault in refused.value.faults} == {"closing", "reason"}


def test_a_tip_off_sent_twice_is_one_lead_and_other_words_are_another(session):
    entry, served = a_lead(channel="tip_off", teller="邻居，13700000000"), (COUNTY,)
    first = tip_off(session, entry=entry, form_key=KEY, served=served, now=NOW)
    assert tip_off(session, entry=entry, form_key=KEY, served=served, now=NOW) == first
    other = tip_off(session, entry=a_lead(channel="tip_off", told="还有一位老人"), form_key=KEY, served=served, now=NOW)
    assert other != first
    assert session.scalar(sa.select(sa.func.count()).select_from(Lead)) == 2
    with pytest.raises(InvalidInput, match="too old"):
        tip_off(session, entry=entry, form_key="", served=served, now=NOW)
    with pytest.raises(InvalidInput, match="12345"):
        tip_off(session, entry=entry, form_key=KEY, served=(OTHER_COUNTY,), now=NOW)


def test_the_receipt_tells_how_far_things_are_and_nothing_else(session):
    code = tip_off(session, entry=a_lead(channel="tip_off"), form_key=KEY, served=(COUNTY,), now=NOW)
    lead = session.scalar(sa.select(Lead))
    assert stage_of_receipt(session, code) == "received"
    reveal_lead(session, lead_id=lead.id, purpose="上门核实", **WORKER)
    assert stage_of_receipt(session, code.lower().replace("-", " ")) == "looked_into"
    into = make_lead(session, phone=None)
    merge_lead(session, lead_id=lead.id, into_id=into.id, **WORKER)
    assert stage_of_receipt(session, code) == "looked_into"
    close_lead(session, lead_id=into.id, closing="not_found", reason="查无此人", **WORKER)
    assert stage_of_receipt(session, code) == "finished"
    with pytest.raises(NotFound):
        stage_of_receipt(session, "ZZZZ-ZZZZ-ZZZZ")
    with pytest.raises(InvalidInput):
        stage_of_receipt(session, "1 OR 1=1")


def test_counts_by_channel_and_outcome(session):
    closed, open_ = make_lead(session), make_lead(session, phone=None, channel="tip_off")
    close_lead(session, lead_id=closed.id, closing="referred", reason="转残联", **WORKER)
    period = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=1)}
    lines = {
        line.channel: line
        for line in figures(session, scope=(COUNTY,), today=open_.due_on + timedelta(days=1), **period)
    }
    assert (lines["hotline"].closings, lines["hotline"].total, lines["hotline"].open) == ({"referred": 1}, 1, 0)
    assert (lines["tip_off"].open, lines["tip_off"].late) == (1, 1)
    assert sum(line.total for line in figures(session, scope=(OTHER_COUNTY,), today=TODAY, **period)) == 0


def test_leads_outside_ones_regions_do_not_exist(session):  # promise 11
    lead = make_lead(session, region_code=SIBLING_TOWNSHIP)
    assert list_leads(session, scope=(TOWNSHIP,)).rows == []
    with pytest.raises(NotFound):
        get_lead(session, lead.id, scope=(TOWNSHIP,))
    with pytest.raises(NotFound):
        reveal_lead(session, lead_id=lead.id, purpose="上门核实", **WORKER | {"scope": (TOWNSHIP,)})


def test_the_list_is_paged_by_key_late_ones_first(session):
    numbers = [make_lead(session, phone=None, now=NOW - timedelta(days=day)).number for day in range(3)]
    first = list_leads(session, scope=(COUNTY,), limit=2)
    rest = list_leads(session, scope=(COUNTY,), limit=2, after=first.next_after)
    assert [lead.number for lead in (*first.rows, *rest.rows)] == numbers[::-1]
    for wrong in ("x", "20270305", "20279999-1", "20270305-²"):
        with pytest.raises(InvalidInput):
            list_leads(session, scope=(COUNTY,), after=wrong)
