"""Whole fen, and fields that open only in their own place."""

import pytest
from argon2 import Type
from hypothesis import given
from hypothesis import strategies as st

from kernel.crypto import Unsealable, Vault, open_vault
from kernel.database import new_id, subtree_range
from kernel.money import fen_from_yuan, yuan_text

VAULT = Vault(keys={1: b"a" * 32}, index_key=b"i" * 32)


@given(st.integers(0, 10**15))
def test_what_is_shown_can_be_typed_again(fen: int) -> None:
    assert fen_from_yuan(yuan_text(fen)) == fen
    assert fen_from_yuan("¥" + yuan_text(fen)) == fen


@pytest.mark.parametrize("text", ["1.234", "-5", "five", "", "1,23", "1e3", "NaN"])
def test_an_amount_that_would_need_rounding_or_guessing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount in yuan"):
        fen_from_yuan(text)


@given(st.text())
def test_a_sealed_text_opens_in_its_place(text: str) -> None:  # promise 19
    sealed = VAULT.seal(text, table="members", row="1", column="resident_id")
    assert VAULT.open(sealed, table="members", row="1", column="resident_id") == text
    assert len(text) < 4 or text.encode() not in sealed


def test_a_sealed_text_does_not_open_elsewhere_or_changed() -> None:  # promise 19
    sealed = VAULT.seal("330324196001010008", table="members", row="1", column="resident_id")
    moves = [{"row": "2"}, {"column": "phone"}, {"table": "donors"}]
    for move in moves:
        with pytest.raises(Unsealable):
            VAULT.open(sealed, **({"table": "members", "row": "1", "column": "resident_id"} | move))
    with pytest.raises(Unsealable):
        VAULT.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), table="members", row="1", column="resident_id")


def test_old_keys_open_and_the_newest_seals() -> None:
    sealed = VAULT.seal("x", table="t", row="1", column="c")
    rotated = Vault(keys={1: b"a" * 32, 2: b"b" * 32}, index_key=b"i" * 32)
    assert rotated.open(sealed, table="t", row="1", column="c") == "x"
    assert rotated.seal("x", table="t", row="1", column="c")[1] == 2


def test_the_blind_index_finds_equals_within_a_kind_only() -> None:
    assert VAULT.blind_index("phone", "1") == VAULT.blind_index("phone", "1") != VAULT.blind_index("resident_id", "1")
    assert Vault(keys=VAULT.keys, index_key=b"j" * 32).blind_index("phone", "1") != VAULT.blind_index("phone", "1")


def test_keys_are_made_once_and_kept_private(tmp_path) -> None:
    first, second = open_vault(tmp_path / "keys"), open_vault(tmp_path / "keys")
    assert first == second
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_ids_sort_by_creation_and_are_version_7() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert len(set(ids)) == 1_000 and {one.version for one in ids} == {7}
    assert [one.int >> 80 for one in ids] == sorted(one.int >> 80 for one in ids)


def test_a_subtree_is_a_range_of_codes() -> None:
    low, high = subtree_range("330329")
    assert low <= "330329" <= "330329999999" < high and not low <= "330330" < high


def test_passwords_are_hashed_as_strongly_as_rfc_9106_asks_where_memory_is_short(strong_hasher):
    assert strong_hasher.type is Type.ID
    assert strong_hasher.time_cost >= 3
    assert strong_hasher.memory_cost >= 64 * 1024
