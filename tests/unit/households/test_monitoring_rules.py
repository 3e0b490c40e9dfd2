"""Comparison rules: every threshold of the packaged policy at its border, what supersedes what, and the policy's part read with its faults."""

import copy
from dataclasses import replace
from datetime import date, timedelta

import pytest

from households.monitoring.rules import RecordEntry, Seen, age_on, check_record, findings, folded_address
from households.policy.document import FaultyPolicy
from households.policy.packaged import demo_policy
from households.policy.reading import read_policy
from kernel.errors import InvalidFields
from tests.factories import resident_id

DOCUMENT = demo_policy()
RULES = {rule.id: rule for rule in read_policy(DOCUMENT).monitoring.rules}
DAY = date(2027, 3, 5)


def seen(number=1, kind="medical_bill", state="paid", days=10, amount=0, grade=None, person="a", age=40):
    happened = DAY - timedelta(days=days)
    born = date(happened.year - age, happened.month, 1) if age is not None else None
    return Seen(number, kind, state, happened, amount, grade, person, born)


def found(*records, heads=2, **options):
    return {one.rule.id: one for one in findings(records, RULES.values(), day=DAY, heads=heads, **options)}


def test_bills_are_summed_per_head_within_the_window():
    # two heads, 10,000 yuan each: the sum must reach 20,000 yuan
    half = seen(1, amount=1_000_000)
    assert found(half, seen(2, amount=999_999)) == {}
    one = found(half, seen(2, amount=1_000_001))["medical-bills"]
    assert (one.value, one.at_least, one.records, one.counted_to) == (1_000_000, 1_000_000, 2, 2)
    assert "medical-bills" in found(half, seen(2, amount=1_000_000, days=365))
    assert found(half, seen(2, amount=1_000_000, days=366)) == {}
    assert "medical-bills" in found(seen(1, amount=1_000_000), heads=1)


def test_people_of_no_household_have_thresholds_of_their_own():
    assert found(seen(amount=2_999_999), heads=None) == {}
    assert found(seen(amount=3_000_000), heads=None)["medical-bills"].at_least == 3_000_000
    lost = seen(kind="employment", state="lost")
    assert found(lost, heads=None) == {}  # no threshold: nobody is a candidate for this alone
    assert "job-loss" in found(lost, heads=1)


@pytest.mark.parametrize(
    ("record", "rule", "holds"),
    [
        ({"kind": "employment", "state": "lost", "age": 16}, "job-loss", True),
        ({"kind": "employment", "state": "lost", "age": 15}, "job-loss", False),
        ({"kind": "employment", "state": "lost", "age": 60}, "job-loss", True),
        ({"kind": "employment", "state": "lost", "age": 61}, "job-loss", False),
        ({"kind": "employment", "state": "lost", "days": 180}, "job-loss", True),
        ({"kind": "employment", "state": "lost", "days": 181}, "job-loss", False),
        ({"kind": "school", "state": "left", "age": 6}, "out-of-school", True),
        ({"kind": "school", "state": "left", "age": 5}, "out-of-school", False),
        ({"kind": "school", "state": "left", "age": 16}, "out-of-school", True),
        ({"kind": "school", "state": "left", "age": 17}, "out-of-school", False),
        ({"kind": "school", "state": "left", "age": 9, "days": 366}, "out-of-school", False),
        ({"kind": "disability", "state": "granted", "grade": 2}, "new-disability", True),
        ({"kind": "disability", "state": "changed", "grade": 1}, "new-disability", True),
        ({"kind": "disability", "state": "granted", "grade": 3}, "new-disability", False),
        ({"kind": "disability", "state": "withdrawn", "grade": 1}, "new-disability", False),
        ({"kind": "disability", "state": "granted", "grade": 1, "days": 366}, "new-disability", False),
        ({"kind": "disaster", "state": "flood", "days": 90, "person": None, "age": None}, "disaster", True),
        ({"kind": "disaster", "state": "flood", "days": 91, "person": None, "age": None}, "disaster", False),
        ({"kind": "employment", "state": "found", "days": 180}, "work-found", True),
        ({"kind": "employment", "state": "found", "days": 181}, "work-found", False),
        ({"kind": "medical_bill", "amount": 2_000_000, "days": -1}, "medical-bills", False),  # a day to come
    ],
)
def test_each_rule_holds_up_to_its_border(record, rule, holds):
    assert (rule in found(seen(**record))) is holds


def test_the_newest_record_of_a_person_tells_how_things_are():
    lost, again = seen(1, "employment", "lost", days=60), seen(2, "employment", "found", days=20)
    assert "job-loss" not in found(lost, again)
    assert "job-loss" in found(lost, replace(again, person="b"))  # somebody else's work
    assert "job-loss" in found(lost, again, seen(3, "employment", "lost", days=5))
    same_day = seen(2, "employment", "found", days=60)
    assert "job-loss" not in found(same_day, lost)  # of one day the later record
    two = found(seen(1, "school", "left", age=9), seen(2, "school", "left", age=9, person="b"))
    assert two["out-of-school"].records == 2


def test_what_was_handled_is_not_counted_again():
    bills = [seen(number, amount=1_000_000) for number in (1, 2, 3)]
    assert found(*bills, counted={"medical-bills": 3}) == {}
    assert found(*bills, seen(4, amount=2_000_000), counted={"medical-bills": 3})["medical-bills"].records == 1
    assert "medical-bills" in found(*bills, counted={"job-loss": 3})


def test_the_facts_beside_a_warning_name_no_person():
    facts = found(seen(amount=2_000_000))["medical-bills"].facts()
    assert facts["last_on"] == "2027-02-23" and facts["name_zh"] == "自付医疗费用较高"
    assert set(facts) == {
        "rule",
        "measure",
        "value",
        "at_least",
        "records",
        "within_days",
        "last_on",
        "name_zh",
        "name_en",
    }


def test_ages_and_addresses():
    assert (age_on(date(2010, 3, 6), DAY), age_on(date(2010, 3, 5), DAY)) == (16, 17)
    assert folded_address("岩坦镇 屿北村，３组 12-1 号") == folded_address("岩坦镇屿北村3组121号")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("source", {"source": "rumour"}), ("kind", {"kind": "gossip", "state": "x", "amount_fen": None}), ("state", {"state": "lost"}),
        ("number", {"number": " "}), ("happened_on", {"happened_on": None}), ("happened_on", {"happened_on": DAY + timedelta(days=1)}),
        ("amount_fen", {"amount_fen": 0}), ("amount_fen", {"amount_fen": None}), ("resident_id", {"resident_id": None}),
        ("resident_id", {"resident_id": "123"}), ("grade", {"grade": 5}), ("detail", {"detail": "长" * 501}),
        ("amount_fen", {"kind": "school", "state": "left"}), ("grade", {"kind": "disability", "state": "granted", "amount_fen": None}),
        ("resident_id", {"kind": "disaster", "state": "fire", "amount_fen": None, "resident_id": None}),
    ],
)  # fmt: skip
def test_a_faulty_record_is_refused_at_its_field(field, changes):
    entry = RecordEntry(
        "medical_insurance", "1", "medical_bill", "paid", DAY, "330324", resident_id=resident_id(), amount_fen=1
    )
    check_record(entry, today=DAY)
    with pytest.raises(InvalidFields) as refused:
        check_record(replace(entry, **changes), today=DAY)
    assert [fault.field for fault in refused.value.faults] == [field]


@pytest.mark.parametrize(
    ("path", "value", "place", "words"),
    [
        (["leads", "channels", 0, "level"], "province", "monitoring.leads.channels[0].level", "one of"),
        (["leads", "channels", 0, "due_days"], 0, "monitoring.leads.channels[0].due_days", "1"),
        (["leads", "channels", 0, "channel"], "tip_off", "monitoring.leads.channels", "must stand here once"),
        (["leads", "escalate_days"], -1, "monitoring.leads.escalate_days", "0"),
        (["leads", "alike"], 100, "monitoring.leads.alike", "300"),
        (["rules", 0, "record"], "gossip", "monitoring.rules[0].record", "one of"),
        (["rules", 0, "states"], ["lost"], "monitoring.rules[0].states[0]", "paid"),
        (["rules", 0, "at_least"], 0, "monitoring.rules[0].at_least", "1"),
        (["rules", 1, "measure"], "amount_per_head", "monitoring.rules[1].measure", "medical"),
        (["rules", 1, "age_to"], 3, "monitoring.rules[1].age_to", "below age_from"),
        (["rules", 1, "way"], "sideways", "monitoring.rules[1].way", "one of"),
        (["rules", 1, "id"], "medical-bills", "monitoring.rules[1].id", "each once"),
        (["rules", 1, "colour"], "red", "monitoring.rules[1].colour", "no such entry"),
        (["calm_days"], 0, "monitoring.calm_days", "1"),
    ],
)  # fmt: skip
def test_a_fault_of_the_policys_part_is_named_by_its_place(path, value, place, words):
    document = copy.deepcopy(DOCUMENT)
    *way, last = path
    holder = document["monitoring"]
    for step in way:
        holder = holder[step]
    holder[last] = value
    with pytest.raises(FaultyPolicy) as refused:
        read_policy(document)
    faults = dict(refused.value.faults)
    assert place in faults, faults
    assert words in faults[place].lower()


def test_a_set_without_the_part_is_a_policy_set_all_the_same():
    assert read_policy({name: part for name, part in DOCUMENT.items() if name != "monitoring"}).monitoring is None
