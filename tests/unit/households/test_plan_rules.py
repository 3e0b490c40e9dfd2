"""The rules of plans and consents: who may agree, what a measure must be, when periods begin, what becomes of needs."""

import uuid
from dataclasses import replace
from datetime import date

import pytest

from households.consents.models import PURPOSES
from households.consents.rules import Giving, Head, check_giving
from households.consents.texts import text_of, texts_in_force
from households.plans.rules import (
    STEPS,
    ApproverIsAuthor,
    MeasureEntry,
    OpenNeed,
    WrongPlanStep,
    add_months,
    check_measures,
    fate_of,
    next_status,
    period_starts,
    require_other_approver,
    review_months,
    served_by,
)
from households.policy.packaged import demo_policy
from households.policy.reading import read_policy
from kernel.errors import Conflict, InvalidFields

TODAY = date(2027, 3, 5)
ADULT = Head("周建国", date(1960, 1, 1))
CHILD = Head("周小明", date(2009, 3, 6))  # 18 tomorrow
POLICY = read_policy(demo_policy())


def faults(action) -> dict[str, str]:
    with pytest.raises(InvalidFields) as refused:
        action()
    return {fault.field: fault.text for fault in refused.value.faults}


# ---- who may agree ----


def test_on_paper_its_reference_and_day_are_kept_and_the_head_is_the_giver():
    checked = check_giving(Giving("paper", reference=" 岩坦-18 ", given_on=date(2027, 3, 1)), head=ADULT, today=TODAY)
    assert (checked.giver, checked.reference, checked.given_on) == ("周建国", "岩坦-18", date(2027, 3, 1))


def test_on_screen_the_day_is_today_and_no_paper_is_named():
    checked = check_giving(Giving("screen", reference="x", given_on=date(2020, 1, 1)), head=ADULT, today=TODAY)
    assert (checked.reference, checked.given_on) == (None, TODAY)


@pytest.mark.parametrize(
    ("giving", "fields"),
    [
        (Giving("paper"), {"reference", "given_on"}),
        (Giving("paper", reference="a", given_on=date(2027, 3, 6)), {"given_on"}),
        (Giving("paper", reference="a", given_on=date(1927, 3, 6)), {"given_on"}),
        (Giving("word"), {"way"}),
        (Giving("registration"), {"way"}),
        (Giving("screen", "neighbour"), {"given_by", "giver", "relation"}),
        (Giving("screen", "guardian"), {"giver", "relation"}),
        (Giving("screen", "proxy", giver="李四", relation=" "), {"relation"}),
        (Giving("screen", giver="a" * 51), {"giver"}),
    ],
)
def test_what_is_missing_is_named(giving, fields):
    assert set(faults(lambda: check_giving(giving, head=ADULT, today=TODAY))) == fields


def test_for_a_minor_only_a_guardian_agrees_until_the_day_of_age():
    by_guardian = Giving("screen", "guardian", giver="周大山", relation="祖父")
    assert check_giving(by_guardian, head=CHILD, today=TODAY).giver == "周大山"
    for giving in (Giving("screen"), Giving("screen", "proxy", giver="李四", relation="邻居")):
        assert "guardian" in faults(lambda one=giving: check_giving(one, head=CHILD, today=TODAY))["given_by"]
    assert check_giving(Giving("screen"), head=CHILD, today=date(2027, 3, 6)).given_by == "self"


def test_every_purpose_has_its_words_in_both_languages_and_a_version():
    assert set(texts_in_force()) == set(PURPOSES)
    for purpose, text in texts_in_force().items():
        assert text.zh and text.en and text_of(purpose, text.version) == text
    assert text_of("match", "1900-1") is None


# ---- measures ----


def check(*entries, suggested=None, main_type="care"):
    return check_measures(entries, policy=POLICY, suggested=suggested or {}, main_type=main_type, today=TODAY)


def test_what_is_left_open_follows_from_suggestion_and_catalogue():
    parcels, cash = check(
        MeasureEntry("food-parcels"), MeasureEntry("cash-aid", quantity=3, tier=1), suggested={"food-parcels": 4}
    )
    assert (parcels.quantity, parcels.tier, parcels.weight, parcels.days) == (4, 2, 500, 90)
    assert (cash.category_code, cash.quantity, cash.tier) == ("cash_aid", 3, 1)
    assert parcels.type == "subsistence"  # the measure is none of the care type
    assert check(MeasureEntry("school-aid"), main_type="development")[0].type == "development"


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (MeasureEntry("gold"), "measure_code"),
        (MeasureEntry("cash-aid", quantity=0), "quantity"),
        (MeasureEntry("cash-aid", quantity=2_001, weight=2), "quantity"),
        (MeasureEntry("cash-aid", tier=4), "tier"),
        (MeasureEntry("cash-aid", weight=0), "weight"),
        (MeasureEntry("cash-aid", days=0), "days"),
        (MeasureEntry("cash-aid", every="daily"), "every"),
        (MeasureEntry("cash-aid", every="monthly", days=32), "days"),
        (MeasureEntry("cash-aid", starts_on=date(1890, 1, 1)), "starts_on"),
        (MeasureEntry("cash-aid", starts_on=date(2090, 1, 1)), "starts_on"),
        (MeasureEntry("cash-aid", deliver_to="村" * 101), "deliver_to"),
        (MeasureEntry("cash-aid", lat=28.0), "lon"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(entry, field):
    assert set(faults(lambda: check(MeasureEntry("job"), entry))) == {f"measures.1.{field}"}


def test_a_measure_stands_once():
    assert set(faults(lambda: check(MeasureEntry("job"), MeasureEntry("job")))) == {"measures.1.measure_code"}


# ---- steps ----


def test_each_step_is_taken_in_its_statuses_alone():
    for step, (before, after) in STEPS.items():
        for status in ("draft", "agreed", "approved", "in_force", "reviewed", "closed"):
            if status in before:
                assert next_status(step, status) == after
            else:
                with pytest.raises(WrongPlanStep):
                    next_status(step, status)


def test_an_author_does_not_approve():
    worker, other = uuid.uuid4(), uuid.uuid4()
    require_other_approver(other, {worker})
    for actor in (worker, None):
        with pytest.raises(ApproverIsAuthor):
            require_other_approver(actor, {worker})


# ---- periods ----


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2027, 12, 5), 12, date(2028, 12, 5)),
        (date(2027, 3, 5), 6, date(2027, 9, 5)),
    ],
)
def test_months_are_added_by_the_calendar(day, months, later):
    assert add_months(day, months) == later


@pytest.mark.parametrize(
    ("first", "every", "today", "expected"),
    [
        (date(2027, 3, 6), "monthly", TODAY, (None, date(2027, 3, 6))),
        (date(2027, 3, 5), "once", TODAY, (date(2027, 3, 5), None)),
        (date(2026, 3, 5), "once", TODAY, (date(2026, 3, 5), None)),
        (date(2027, 3, 5), "monthly", TODAY, (date(2027, 3, 5), date(2027, 4, 5))),
        (date(2027, 1, 31), "monthly", date(2027, 2, 27), (date(2027, 1, 31), date(2027, 2, 28))),
        (date(2027, 1, 31), "monthly", date(2027, 2, 28), (date(2027, 2, 28), date(2027, 3, 31))),
        (date(2026, 12, 15), "quarterly", date(2027, 3, 14), (date(2026, 12, 15), date(2027, 3, 15))),
        (date(2026, 12, 15), "quarterly", date(2027, 3, 15), (date(2027, 3, 15), date(2027, 6, 15))),
        (date(2025, 3, 6), "yearly", TODAY, (date(2026, 3, 6), date(2027, 3, 6))),
    ],
)
def test_the_period_that_holds_today_and_the_next(first, every, today, expected):
    assert period_starts(first, every, today) == expected


def test_a_need_is_never_due_before_it_is_posted():
    assert served_by(date(2027, 1, 1), 30, TODAY) == date(2027, 4, 4)
    assert served_by(date(2027, 4, 1), 30, TODAY) == date(2027, 5, 1)


# ---- review ----


@pytest.mark.parametrize(
    ("facts", "months"),
    [
        ({"able_workers": 1}, 6),
        ({}, 12),
        ({"able_workers": 1, "elders": 1}, 12),
        ({"able_workers": 2, "severely_ill": 1}, 12),
        ({"able_workers": 2, "severely_disabled": 1}, 12),
        ({"able_workers": 1, "is_extreme_poverty": 1}, 12),
    ],
)
def test_the_policy_says_when_a_plan_is_looked_at_again(facts, months):
    assert review_months(facts, POLICY) == months


def test_other_figures_give_other_days_and_a_missing_one_is_named():
    figures = POLICY.figures | {"review_months_steady": 9, "review_months_unsteady": 3}
    assert review_months({}, replace(POLICY, figures=figures)) == 9
    assert review_months({"able_workers": 1}, replace(POLICY, figures=figures)) == 3
    bare = {name: value for name, value in POLICY.figures.items() if not name.startswith("review_")}
    with pytest.raises(Conflict, match="review_months_steady"):
        review_months({}, replace(POLICY, figures=bare))


# ---- needs that follow ----

LINE, OLD, NEW = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
NEED = OpenNeed(uuid.UUID(int=9), 7, LINE, OLD, 0, 0, None)


@pytest.mark.parametrize(
    ("need", "kept", "same", "kind"),
    [
        (NEED, {LINE: OLD}, set(), None),
        (NEED, {LINE: NEW}, {LINE}, None),
        (NEED, {LINE: NEW}, set(), "changed"),
        (NEED, {}, set(), "withdrawn"),
        (NEED, {}, {LINE}, "withdrawn"),
        (replace(NEED, reserved=1), {LINE: NEW}, set(), "promised"),
        (replace(NEED, reserved=1, delivered=1), {}, set(), "promised"),
        (replace(NEED, delivered=1), {}, set(), "delivered"),
        (replace(NEED, round_number=4), {LINE: NEW}, set(), "in_round"),
        (replace(NEED, round_number=4), {}, set(), "in_round"),
        (replace(NEED, round_number=4), {LINE: OLD}, set(), None),
    ],
)
def test_an_open_need_follows_unless_something_holds_it(need, kept, same, kind):
    fate = fate_of(need, kept=kept, same=same)
    assert (fate and fate.kind) == kind
