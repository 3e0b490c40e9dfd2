"""Double entry without a database, and earmarks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donors.funds import ledger
from donors.funds.ledger import Entry, Unbalanced
from donors.funds.rules import Earmarks, Purpose, may_pay

AMOUNTS = st.integers(min_value=1, max_value=10**12)


@given(amounts=st.dictionaries(st.sampled_from("abc"), AMOUNTS, min_size=1))
def test_every_booking_sums_to_zero_in_each_fund(amounts: dict[str, int]) -> None:  # promise 2
    bookings = [
        *(ledger.donation(fund, fen, reference=f"d{fund}", memo="") for fund, fen in amounts.items()),
        ledger.reserve(amounts, reference="r", memo=""),
        ledger.post(amounts, reference="r", memo=""),
    ]
    totals = ledger.balances(entry for booking in bookings for entry in booking.entries)
    for fund, fen in amounts.items():
        assert totals[fund, "source"] == -fen
        assert totals[fund, "available"] == totals[fund, "reserved"] == 0
        assert totals[fund, "spent"] == fen


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (Entry("a", "available", 5),),
        (Entry("a", "available", 5), Entry("b", "reserved", -5)),
        (Entry("a", "available", 0), Entry("a", "reserved", 0)),
        (Entry("a", "available", 1.5), Entry("a", "reserved", -1.5)),
    ],
)
def test_unbalanced_empty_and_fractional_entries_are_refused(entries: tuple[Entry, ...]) -> None:
    with pytest.raises(Unbalanced):
        ledger.require_balanced(entries)


@pytest.mark.parametrize("fen", [0, -1, True, 1.0])
def test_a_booking_moves_a_positive_whole_amount(fen: int) -> None:
    with pytest.raises(Unbalanced):
        ledger.reserve({"a": fen}, reference="r", memo="")


@given(received=st.lists(AMOUNTS, max_size=20), spent=st.lists(AMOUNTS, max_size=20))
def test_every_spent_fen_is_traced_to_one_donation_as_far_as_donations_reach(
    received: list[int], spent: list[int]
) -> None:  # promise 2
    found = ledger.flows(list(enumerate(received)), list(enumerate(spent)))
    assert sum(flow.amount_fen for flow in found) == min(sum(received), sum(spent))
    assert all(flow.amount_fen > 0 for flow in found)
    for key, fen in enumerate(received):
        assert sum(flow.amount_fen for flow in found if flow.source == key) <= fen
    for key, fen in enumerate(spent):
        assert sum(flow.amount_fen for flow in found if flow.use == key) <= fen


@given(received=st.lists(AMOUNTS, min_size=1, max_size=8), spent=st.lists(AMOUNTS, max_size=8), later=AMOUNTS)
def test_what_comes_later_never_changes_an_earlier_flow(received: list[int], spent: list[int], later: int) -> None:
    total, kept = sum(received), []
    for fen in spent:  # only what was covered when it was spent: the database refuses the rest
        if sum(kept) + fen <= total:
            kept.append(fen)
    before = ledger.flows(list(enumerate(received)), list(enumerate(kept)))
    after = ledger.flows([*enumerate(received), ("new", later)], [*enumerate(kept), ("new use", later)])
    assert after[: len(before)] == before


def test_earmarks_hold_in_5000_random_pairs() -> None:  # promise 2
    categories, types = ["rice", "milk", "job"], ["care", "emergency"]
    regions = ["33", "3303", "330324", "330324110", "330324110201", "330381"]
    projects = ["p1", "p2", "p3"]
    rng = random.Random(2027)

    def some(values: list[str]) -> frozenset[str] | None:
        return None if rng.random() < 0.4 else frozenset(rng.sample(values, rng.randint(1, len(values) - 1)))

    def below(region: str, above: str) -> bool:
        return above in {region[:length] for length in (2, 4, 6, 9, 12)}

    mismatches = allowed = 0
    for _ in range(5_000):
        fund = Earmarks(some(categories), some(regions), some(types), some(projects))  # type: ignore[arg-type]
        asked = Purpose(
            rng.choice(categories), rng.choice(regions), rng.choice(types),
            frozenset(rng.sample(projects, rng.randint(0, 1))),  # type: ignore[arg-type]
        )  # fmt: skip
        refusals = [
            fund.categories is not None and asked.category not in sorted(fund.categories),
            fund.types is not None and asked.type not in sorted(fund.types),
            fund.regions is not None and not [code for code in fund.regions if below(asked.region, code)],
            fund.projects is not None and fund.projects.isdisjoint(asked.project_ids),
        ]
        expected = not any(refusals)
        allowed += expected
        mismatches += may_pay(fund, asked) is not expected
    assert mismatches == 0
    assert 500 < allowed < 4_500
