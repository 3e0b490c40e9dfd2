"""What a case conference needs before it counts, and what its decision makes of a cap."""

from dataclasses import replace
from datetime import date

import pytest

from households.cases.rules import (
    CaseEntry,
    DecisionEntry,
    MeasureEntry,
    ParticipantEntry,
    check_case,
    check_decision,
    raised_cap,
)
from kernel.errors import InvalidFields

TODAY = date(2027, 3, 5)
PEOPLE = (ParticipantEntry("县民政局", "陈科长"), ParticipantEntry("县医保局", "林主任"))
CASE = CaseEntry("above_cap", TODAY, "一家三口，两人住院。", PEOPLE)
DECISION = DecisionEntry(
    "同意在封顶线以上给予救助。", (MeasureEntry("医疗救助金", "medical_aid", "县医保局", date(2027, 4, 1)),), 300_000,
    "临时救助办法第九条", TODAY, date(2027, 9, 5),
)  # fmt: skip


def faults_of(call):
    with pytest.raises(InvalidFields) as refused:
        call()
    return {fault.field for fault in refused.value.faults}


def decide(entry):
    return check_decision(entry, held_on=TODAY, categories={"medical_aid"})


def test_a_conference_of_two_units_with_facts_holds():
    assert check_case(CASE, today=TODAY) == CASE
    assert decide(DECISION) == DECISION


def test_one_unit_alone_is_no_conference():
    alone = (ParticipantEntry("县民政局", "陈科长"), ParticipantEntry(" 县民政局 ", "王科长"))
    assert faults_of(lambda: check_case(replace(CASE, participants=alone), today=TODAY)) == {"participants"}


def test_every_fault_of_the_minutes_is_named():
    wrong = CaseEntry("boredom", date(2027, 3, 6), " ", (ParticipantEntry("", "陈"),))
    assert faults_of(lambda: check_case(wrong, today=TODAY)) == {"reason", "held_on", "facts", "participants.0.unit"}


def test_above_the_cap_only_with_a_legal_basis_and_a_period():
    bare = replace(DECISION, legal_basis=None, valid_from=None, valid_to=None)
    assert faults_of(lambda: decide(bare)) == {"legal_basis", "valid_from", "valid_to"}
    assert decide(replace(bare, extra_fen=0)).extra_fen == 0
    assert faults_of(lambda: decide(replace(DECISION, valid_to=date(2027, 3, 4)))) == {"valid_to"}
    assert faults_of(lambda: decide(replace(DECISION, valid_from=date(2027, 3, 4)))) == {"valid_from"}
    assert faults_of(lambda: decide(replace(DECISION, extra_fen=-1))) == {"extra_fen"}
    assert faults_of(lambda: decide(replace(DECISION, measures=(MeasureEntry("", "gold"),)))) == {"measures.0.words"}
    assert faults_of(lambda: decide(replace(DECISION, measures=(MeasureEntry("金条", "gold"),)))) == {
        "measures.0.category_code"
    }


@pytest.mark.parametrize(
    ("own", "usual", "extra", "cap"),
    [
        (None, None, 0, None),
        (None, 300_000, 0, None),
        (200_000, 300_000, 0, 200_000),
        (None, 300_000, 50_000, 350_000),
        (200_000, 300_000, 50_000, 250_000),
        (0, None, 50_000, 50_000),
        (None, None, 50_000, None),
    ],
)
def test_a_decision_adds_to_the_cap_that_would_hold_without_it(own, usual, extra, cap):
    assert raised_cap(own, usual, extra) == cap
