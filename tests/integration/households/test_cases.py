"""A case conference: people of several units, a decision that another person confirms, and a cap that is higher for a time."""

import logging
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from households.cases.models import CaseConference
from households.cases.operations import (
    call_case,
    change_case,
    confirm_case,
    decide_case,
    open_facts,
    revoke_case,
    send_back_case,
)
from households.cases.queries import (
    decision_of,
    decisions_for,
    list_cases,
    measures_of,
    raised_caps,
    status_reason_of,
)
from households.cases.rules import MeasureEntry
from households.models import Household
from households.queries import who_looked
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from matching.pool import Held, RoundScope
from matching.snapshot import take_snapshot
from tests.factories import COUNTY, OTHER_COUNTY
from tests.factories_demand import make_need
from tests.factories_visits import TODAY, a_case, a_decision, confirmed_case, doing, home, worker
from tests.integration.households.test_privacy import every_cell

CANARY = "尿毒症透析每周三次"


@pytest.fixture
def people(session):
    return worker(session, role="coordinator"), worker(session, role="reviewer")


def caps(session, usual=None, on=TODAY):
    scope = RoundScope(COUNTY, "永嘉县", household_cap_fen=usual)
    snapshot = take_snapshot(session, scope, held=Held(), today=on)
    return snapshot.document["households"], snapshot.summary.get("raised_caps")


def test_a_decision_acts_once_another_person_has_confirmed_it(session, people):  # promise 14
    chair, second = people
    household = home(session)
    case = call_case(session, household_id=household.id, entry=a_case(), **doing(chair))
    assert [(one.unit, one.name) for one in case.participants] == [("县民政局", "陈科长"), ("县医保局", "林主任")]
    decide_case(session, case_id=case.id, entry=a_decision(), version=case.version, **doing(chair))
    assert raised_caps(session, [household.id], on=TODAY) == {}
    with pytest.raises(Conflict, match="another person"):
        confirm_case(session, case_id=case.id, version=case.version, **doing(chair))
    confirm_case(session, case_id=case.id, version=case.version, **doing(second))
    (raised,) = raised_caps(session, [household.id], on=TODAY)[household.id]
    assert (raised.number, raised.extra_fen) == (case.number, 300_000)
    with pytest.raises(Conflict, match="new conference"):
        decide_case(session, case_id=case.id, entry=a_decision(), version=case.version, **doing(chair))


def test_the_database_holds_the_four_eyes_and_the_basis(session, people):  # promise 14
    case = confirmed_case(session, home(session), *people)
    for values, name in (
        ({"confirmer_id": case.decider_id}, "four_eyes"),
        ({"legal_basis": None}, "extra_has_basis_and_period"),
        ({"confirmed_at": None}, "confirmed_whole"),
        ({"status": "revoked"}, "revoked_whole"),
    ):
        with pytest.raises(sa.exc.IntegrityError, match=name), session.begin_nested():
            session.execute(sa.update(CaseConference).where(CaseConference.id == case.id).values(**values))


def test_the_cap_is_higher_from_the_first_day_to_the_last_and_not_a_day_longer(session, people):
    household = home(session, cap_fen=200_000)
    make_need(session, household)
    confirmed_case(session, household, *people)
    key = str(household.id)
    assert caps(session)[0] == {key: {"cap_fen": 500_000}}
    assert caps(session, on=TODAY - timedelta(days=1))[0] == {key: {"cap_fen": 200_000}}
    assert caps(session, on=date(2027, 9, 5))[0] == {key: {"cap_fen": 500_000}}
    assert caps(session, on=date(2027, 9, 6)) == ({key: {"cap_fen": 200_000}}, None)


def test_where_a_household_has_no_cap_of_its_own_the_rounds_is_raised(session, people):
    household, other = home(session, 1), home(session, 2)
    make_need(session, household)
    make_need(session, other)
    case = confirmed_case(session, household, *people)
    key = str(household.id)
    found, raised = caps(session, usual=100_000)
    assert found == {key: {"cap_fen": 400_000}}
    assert raised == {key: [{"case": case.number, "extra_fen": 300_000}]}
    assert caps(session)[0] == {}  # a round without a cap needs no higher one


def test_two_decisions_add_up_and_a_revoked_one_no_longer_counts(session, people):
    chair, second = people
    household = home(session, cap_fen=100_000)
    make_need(session, household)
    confirmed_case(session, household, chair, second)
    later_case = confirmed_case(session, household, chair, second, extra_fen=50_000)
    key = str(household.id)
    assert caps(session)[0] == {key: {"cap_fen": 450_000}}
    with pytest.raises(InvalidInput):
        revoke_case(session, case_id=later_case.id, reason=" ", version=later_case.version, **doing(chair))
    revoke_case(session, case_id=later_case.id, reason="情况好转", version=later_case.version, **doing(chair))
    assert caps(session)[0] == {key: {"cap_fen": 400_000}}
    assert session.get(Household, household.id).cap_fen == 100_000  # the usual cap itself never changed


def test_a_decision_that_grants_nothing_above_the_cap_changes_no_pool(session, people):
    household = home(session, cap_fen=100_000)
    make_need(session, household)
    before = caps(session)
    confirmed_case(session, household, *people, extra_fen=0, legal_basis=None, valid_from=None, valid_to=None)
    assert caps(session) == before


def test_the_second_person_may_send_it_back_and_it_is_decided_anew(session, people):
    chair, second = people
    case = call_case(session, household_id=home(session).id, entry=a_case(), **doing(chair))
    with pytest.raises(Conflict, match="no decision"):
        confirm_case(session, case_id=case.id, version=case.version, **doing(second))
    decide_case(session, case_id=case.id, entry=a_decision(), version=case.version, **doing(chair))
    send_back_case(session, case_id=case.id, reason="依据不足", version=case.version, **doing(second))
    assert (case.status, status_reason_of(session, case)) == ("called", "依据不足")
    shorter = replace(a_case(), participants=a_case().participants[:1])
    with pytest.raises(InvalidFields):
        change_case(session, case_id=case.id, entry=shorter, version=case.version, **doing(chair))
    change_case(session, case_id=case.id, entry=a_case(reason="other"), version=case.version, **doing(chair))
    stale = case.version
    decide_case(session, case_id=case.id, entry=a_decision(extra_fen=1), version=stale, **doing(chair))
    with pytest.raises(Conflict, match="meanwhile"):
        confirm_case(session, case_id=case.id, version=stale, **doing(second))
    assert len(case.measures) == 1


def test_what_was_written_rests_sealed_and_facts_open_for_a_purpose(session, people, caplog):  # promises 19, 20
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    chair, second = people
    household = home(session)
    case = call_case(session, household_id=household.id, entry=a_case(facts=CANARY), **doing(chair))
    measures = (MeasureEntry("住房修缮"), MeasureEntry(CANARY, "medical_aid", "县医保局", TODAY))
    decision = a_decision(decision=CANARY, measures=measures)
    for _time in range(2):
        decide_case(session, case_id=case.id, entry=decision, version=case.version, **doing(chair))
        session.commit()
        assert CANARY not in every_cell(session) + caplog.text
        send_back_case(session, case_id=case.id, reason=CANARY, version=case.version, **doing(second))
        session.commit()
        assert CANARY not in every_cell(session) + caplog.text
    assert status_reason_of(session, case) == CANARY
    decide_case(session, case_id=case.id, entry=decision, version=case.version, **doing(chair))
    confirm_case(session, case_id=case.id, version=case.version, **doing(second))
    revoke_case(session, case_id=case.id, reason=CANARY, version=case.version, **doing(chair))
    session.commit()
    assert CANARY not in every_cell(session) + caplog.text
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    assert (decision_of(session, case), status_reason_of(session, case)) == (CANARY, CANARY)
    assert measures_of(session, case) == list(measures)
    assert open_facts(session, case_id=case.id, purpose="复核会商依据", **doing(second)) == CANARY
    session.commit()
    assert [look.purpose for look in who_looked(session, household.id)] == ["复核会商依据"]


def test_another_county_sees_nothing(session, people):
    case = confirmed_case(session, home(session), *people)
    assert list_cases(session, scope=(OTHER_COUNTY,)).rows == []
    assert decisions_for(session, case.household_id, scope=(OTHER_COUNTY,)) == []
    assert [one.id for one in decisions_for(session, case.household_id, scope=(COUNTY,))] == [case.id]
    with pytest.raises(NotFound):
        open_facts(session, case_id=case.id, purpose="看看情况", **doing(people[0], OTHER_COUNTY))
    with pytest.raises(NotFound):
        call_case(session, household_id=case.household_id, entry=a_case(), **doing(people[0], OTHER_COUNTY))
