"""The rule of waiting: it only adds, it is bounded, and the rounds it takes to come first are the fewest that do."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.waiting import (
    STANDARD,
    Wait,
    WaitingRule,
    open_weight,
    rounds_to_outrank,
    waited_in_round,
    waiting_sha256,
    waiting_text,
)

RULES = st.builds(WaitingRule, step=st.integers(0, 1000), most=st.integers(0, 1000))
WEIGHTS = st.integers(1, 1000)


@given(rule=RULES, weight=WEIGHTS, waited=st.integers(0, 50_000), more=st.integers(0, 5_000))
def test_a_longer_wait_never_weighs_less_and_the_gain_is_bounded(
    rule: WaitingRule, weight: int, waited: int, more: int
) -> None:  # promise 28
    now, later = rule.weight(weight, waited), rule.weight(weight, waited + more)
    assert weight <= now <= later <= min(1000, weight + rule.most)


@given(rule=RULES, weight=WEIGHTS, heavier=st.integers(0, 999), waited=st.integers(0, 50_000))
def test_who_waited_as_long_and_weighs_more_stays_in_front(
    rule: WaitingRule, weight: int, heavier: int, waited: int
) -> None:  # promise 28
    assert rule.weight(weight, waited) <= rule.weight(min(1000, weight + heavier), waited)


@given(weight=st.integers(1, 600), waited=st.integers(0, 19))
def test_every_whole_round_adds_the_step_until_the_most_is_reached(weight: int, waited: int) -> None:  # promise 28
    gained = STANDARD.weight(weight, 1000 * (waited + 1)) - STANDARD.weight(weight, 1000 * waited)
    assert gained == 20


@given(rule=RULES, weight=WEIGHTS, rival=WEIGHTS)
def test_the_bound_names_the_first_round_at_which_a_need_comes_first(
    rule: WaitingRule, weight: int, rival: int
) -> None:  # promise 28
    rounds = rounds_to_outrank(rule, weight, rival)
    if rounds is None:
        assert rule.weight(weight, 10**9) <= rival
    else:
        assert rule.weight(weight, 1000 * rounds) > rival
        assert rounds == 0 or rule.weight(weight, 1000 * (rounds - 1)) <= rival


def test_the_lightest_standard_weight_comes_before_the_heaviest_after_five_rounds() -> None:  # promise 28
    assert rounds_to_outrank(STANDARD, 20, 100) == 5
    assert [STANDARD.weight(20, 1000 * rounds) for rounds in (0, 1, 4, 5, 20, 99)] == [20, 40, 100, 120, 420, 420]


@given(asked=st.integers(1, 100_000), part=st.data())
def test_a_round_counts_in_the_share_it_left_open(asked: int, part: st.DataObject) -> None:  # promise 28
    got = part.draw(st.integers(0, asked))
    waited = waited_in_round(asked, got)
    assert 0 <= waited <= 1000 and waited * asked <= 1000 * (asked - got) < (waited + 1) * asked
    assert (waited == 1000) == (got == 0) and waited_in_round(asked, asked) == 0


def test_the_list_of_waits_has_one_hash_in_any_order() -> None:  # promises 26, 28
    rows = [
        Wait(uuid.UUID(int=number), "330324110", 2, 50, 1500, 65, 10, 4, open_weight(65, open_units=4, quantity=10))
        for number in (2, 1)
    ]
    assert waiting_sha256(STANDARD, rows) == waiting_sha256(STANDARD, reversed(rows))
    assert json.loads(waiting_text(STANDARD, rows))["needs"][0] == {
        "need": str(uuid.UUID(int=1)), "weight": 50, "waited_permille": 1500, "counted": 65, "quantity": 10, "open": 4, "entered": 26,
    }  # fmt: skip


@pytest.mark.parametrize("changed", [WaitingRule(21, 400), WaitingRule(20, 401)])
def test_another_rule_gives_another_hash(changed: WaitingRule) -> None:
    assert waiting_sha256(changed, []) != waiting_sha256(STANDARD, [])
