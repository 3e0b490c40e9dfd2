"""Entries of rounds, the public seed, the policy in words."""

import hashlib
import uuid
from dataclasses import replace

import pytest

from kernel.errors import InvalidFields
from marketplace.fulfilment.rules import delivered_fen
from matching.problem import parse_problem, pool_sha256
from matching.rounds.documents import canonical_text
from matching.rounds.rules import LimitEntry, RoundEntry, checked_round, limit_rows, policy_in_words, seed_from

ENTRY = RoundEntry(name="三月匹配", region_code="330324", seed_source="福彩双色球")


def test_every_fault_of_an_entry_is_named_at_once() -> None:
    entry = replace(
        ENTRY, name=" ", seed_source="", floor_percent=101, tolerance_permille=-1, time_limit_s=4, household_cap_fen=-1,
        waiting_step=-1, waiting_most=1001, categories=(), fund_ids=(), limits=(LimitEntry(-5), LimitEntry(1, regions=())),
    )  # fmt: skip
    with pytest.raises(InvalidFields) as refused:
        checked_round(entry)
    assert {fault.field for fault in refused.value.faults} == {
        "name", "seed_source", "floor_percent", "tolerance_permille", "time_limit_s", "household_cap_fen", "categories",
        "waiting_step", "waiting_most",
        "fund_ids", "limits.0.max_fen", "limits.1.regions",
    }  # fmt: skip


def test_the_order_in_which_categories_are_ticked_changes_nothing() -> None:
    one = checked_round(replace(ENTRY, categories=("rice", "milk", "rice")))
    assert one == checked_round(replace(ENTRY, categories=("milk", "rice")))


def test_limits_are_stated_as_the_problem_file_wants_them() -> None:
    limits = (LimitEntry(500), LimitEntry(5, regions=("330324110",), categories=("rice",), government_bought=True))
    assert limit_rows(limits) == [
        {"id": "limit-1", "max_fen": 500},
        {"id": "limit-2", "max_fen": 5, "regions": ["330324110"], "categories": ["rice"], "government_bought": True},
    ]


def test_the_seed_is_four_bytes_of_the_pools_hash_and_the_public_value() -> None:  # promise 26
    digest = hashlib.sha256(b"ab" * 32 + "第2027026期 04 11".encode()).digest()
    assert seed_from("ab" * 32, "第2027026期 04 11") == int.from_bytes(digest[:4], "big")


def test_the_policy_is_said_in_sentences_that_name_its_figures() -> None:
    sentences = policy_in_words(
        floor_percent=85, tolerance_permille=3, household_cap_fen=123_400, limits=2, seed_source="上证指数收盘"
    )
    text = " ".join(sentence.text for sentence in sentences)
    for figure in (
        "85%",
        "3 per mille",
        "1,234.00 yuan",
        "2 spending limits",
        "上证指数收盘",
        "20 points",
        "at most 400 points",
        "after 5 rounds",
    ):
        assert figure in text


def test_the_kept_text_of_a_problem_gives_the_pools_hash_in_any_order_of_rows() -> None:  # promise 26
    needs = [
        {"id": name, "household": name, "region": "330324110", "category": "rice", "quantity": 1, "tier": 2, "weight": 100, "type": "care"}
        for name in ("a", "男")
    ]  # fmt: skip
    regions = [{"code": "330324", "parent": ""}, {"code": "330324110", "parent": "330324"}]
    problem = parse_problem({"format": "zhongfu-problem/1", "regions": regions, "needs": needs, "offerings": []})
    document = problem.document
    turned = {**document, "needs": list(reversed(document["needs"]))}
    assert hashlib.sha256(canonical_text(turned).encode()).hexdigest() == pool_sha256(problem)


@pytest.mark.parametrize("arrived", range(1, 8))
def test_a_part_delivery_spends_its_exact_share_from_the_funds_in_order(arrived: int) -> None:
    one, two = uuid.UUID(int=1), uuid.UUID(int=2)
    spent = delivered_fen([(one, 300), (two, 400)], arrived=arrived, quantity=7)
    assert sum(spent.values()) == 100 * arrived
    assert spent.get(one, 0) == min(300, 100 * arrived) and 0 not in spent.values()
