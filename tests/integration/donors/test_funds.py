"""Money: booked once, never more than there is, never for what it is not meant for, and each fen traced."""

import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from donors.funds.booking import post, release, release_many, reserve_many, reserved_under
from donors.funds.models import Fund, LedgerAccount, LedgerEntry, LedgerTransaction
from donors.funds.operations import close_fund, open_fund, receive_donation
from donors.funds.queries import Balances, balances_of, ledger_lines, list_funds, reconcile, trace
from donors.funds.rules import Charge, DonationEntry, EarmarkBroken, FundEntry, FundsShort, Purpose
from kernel.errors import Conflict, InvalidFields, NotEnough, NotFound, OutsideScope
from tests.factories import COUNTY, NOW, OTHER_COUNTY, TOWNSHIP
from tests.factories_supply import CLERK, SCOPE, give, make_enterprise, make_fund

PURPOSE = Purpose("rice", TOWNSHIP, "care")
BOOKED = {"memo": "test", "actor": CLERK, "now": NOW}


def reserve(session: Session, *charges: tuple[Fund, int, str], purpose: Purpose = PURPOSE) -> int:
    return reserve_many(
        session, [Charge(fund.id, fen, reference, purpose) for fund, fen, reference in charges], project_earmarks={},
        **BOOKED,
    )  # fmt: skip


def balance(session: Session, fund: Fund) -> tuple[int, int, int]:
    held = balances_of(session, [fund.id])[fund.id]
    assert held.received_fen == held.available_fen + held.reserved_fen + held.spent_fen
    return held.available_fen, held.reserved_fen, held.spent_fen


def test_money_goes_from_donation_to_promise_to_household(session: Session) -> None:  # promise 2
    fund = make_fund(session, amount_fen=100_000)
    assert reserve(session, (fund, 30_000, "allocation:1"), (fund, 20_000, "allocation:2")) == 2
    assert balance(session, fund) == (50_000, 50_000, 0)
    assert post(session, reference="allocation:1", amounts={fund.id: 25_000}, **BOOKED)
    assert balance(session, fund) == (50_000, 25_000, 25_000)
    assert release(session, reference="allocation:1", **BOOKED)
    assert balance(session, fund) == (55_000, 20_000, 25_000)
    assert release_many(session, ["allocation:2"], **BOOKED) == 1
    assert balance(session, fund) == (75_000, 0, 25_000)
    assert reconcile(session) == []
    session.commit()


def test_each_reference_is_booked_once(session: Session) -> None:  # promise 2
    fund = make_fund(session, amount_fen=10_000)
    assert reserve(session, (fund, 4_000, "a")) == 1
    assert reserve(session, (fund, 4_000, "a")) == 0
    with pytest.raises(Conflict):
        reserve(session, (fund, 4_001, "a"))
    assert post(session, reference="a", **BOOKED)
    assert not post(session, reference="a", **BOOKED)
    assert not post(session, reference="a", amounts={fund.id: 4_000}, **BOOKED)
    with pytest.raises(Conflict):
        post(session, reference="a", amounts={fund.id: 3_000}, **BOOKED)
    assert not release(session, reference="a", **BOOKED)
    assert balance(session, fund) == (6_000, 0, 4_000)


def test_one_allocation_may_be_paid_by_several_funds(session: Session) -> None:
    one, other = make_fund(session, amount_fen=500), make_fund(session, amount_fen=700)
    assert reserve(session, (one, 500, "a"), (other, 100, "a")) == 1
    assert reserved_under(session, ["a", "b"]) == {"a": {one.id: 500, other.id: 100}}
    post(session, reference="a", **BOOKED)
    assert (balance(session, one), balance(session, other)) == ((0, 0, 500), (600, 0, 100))


def test_a_shortage_books_nothing_and_names_every_fund(session: Session) -> None:
    one, other = make_fund(session, amount_fen=500, name="甲"), make_fund(session, amount_fen=700, name="乙")
    third = make_fund(session, amount_fen=9_999)
    with pytest.raises(FundsShort) as error:
        reserve(session, (one, 300, "a"), (one, 300, "b"), (other, 701, "c"), (third, 1, "d"))
    assert {(row.name, row.asked_fen, row.available_fen) for row in error.value.short} == {
        ("甲", 600, 500),
        ("乙", 701, 700),
    }
    assert balance(session, third) == (9_999, 0, 0)
    with pytest.raises(FundsShort):
        reserve_many(session, [Charge(uuid.uuid4(), 1, "x", PURPOSE)], project_earmarks={}, **BOOKED)


def test_more_than_was_promised_is_never_posted(session: Session) -> None:
    fund = make_fund(session, amount_fen=1_000)
    reserve(session, (fund, 400, "a"), (fund, 400, "b"))
    with pytest.raises(NotEnough):
        post(session, reference="a", amounts={fund.id: 401}, **BOOKED)
    with pytest.raises(NotFound):
        post(session, reference="never", **BOOKED)
    assert balance(session, fund) == (200, 800, 0)


def test_earmarks_and_project_ties_hold_when_money_is_promised(session: Session) -> None:  # promise 2
    fund = make_fund(session, amount_fen=1_000, categories=("milk",), regions=(COUNTY,), types=("care",))
    with pytest.raises(EarmarkBroken):
        reserve(session, (fund, 1, "a"))
    assert reserve(session, (fund, 1, "a"), purpose=Purpose("milk", TOWNSHIP, "care")) == 1
    project = uuid.uuid4()
    charge = Charge(fund.id, 1, "b", Purpose("milk", TOWNSHIP, "care"))
    with pytest.raises(EarmarkBroken):
        reserve_many(session, [charge], project_earmarks={fund.id: frozenset({project})}, **BOOKED)


def test_sixteen_threads_reserving_100_units_of_money_are_granted_exactly_100(
    sessions: sessionmaker[Session],
) -> None:  # promise 1
    with sessions.begin() as session:
        fund = make_fund(session, amount_fen=100)
    ready = threading.Barrier(16)

    def ask(thread: int) -> int:
        ready.wait()
        granted = 0
        for attempt in range(15):
            with sessions() as session:
                try:
                    granted += reserve(session, (fund, 1, f"{thread}-{attempt}"))
                    session.commit()
                except FundsShort:
                    session.rollback()
        return granted

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(ask, range(16))) == 100
    with sessions() as session:
        assert balance(session, fund) == (0, 100, 0)
        assert session.scalar(sa.select(sa.func.sum(LedgerEntry.amount_fen))) == 0
        assert reconcile(session) == []


def test_the_database_refuses_an_overdraft_and_a_sum_other_than_zero_by_itself(
    sessions: sessionmaker[Session],
) -> None:  # promises 1 and 2
    with sessions.begin() as session:
        fund = make_fund(session, amount_fen=100)

    def raw(session: Session, *moves: tuple[str, int]) -> None:
        accounts = {row.kind: row.id for row in session.scalars(sa.select(LedgerAccount).filter_by(fund_id=fund.id))}
        transaction = LedgerTransaction(kind="reserve", reference=str(uuid.uuid4()), memo="", at=NOW)
        session.add(transaction)
        session.flush()
        session.add_all(
            LedgerEntry(transaction_id=transaction.id, account_id=accounts[kind], amount_fen=fen) for kind, fen in moves
        )
        session.commit()

    for moves in ((("available", -101), ("reserved", 101)), (("available", -50), ("reserved", 49))):
        with sessions() as session, pytest.raises(sa.exc.IntegrityError):
            raw(session, *moves)
    for statement in (
        "UPDATE ledger_accounts SET balance_fen = balance_fen + 1 WHERE kind = 'available'",
        "UPDATE ledger_entries SET amount_fen = 1",
        "DELETE FROM ledger_transactions",
    ):
        with sessions() as session, pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
    with sessions() as session:
        assert balance(session, fund) == (100, 0, 0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["donate", "reserve", "reserve", "post", "release"]),
        st.integers(0, 2),
        st.integers(1, 400),
        st.integers(0, 6),
    ),
    max_size=25,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_sequence_of_operations_keeps_sum_zero_and_balances_equal_to_entries(
    session: Session, steps: list[tuple[str, int, int, int]]
) -> None:  # promises 2, 7 and 8
    funds = [make_fund(session) for _ in range(3)]
    model = {fund.id: [0, 0, 0] for fund in funds}
    held: dict[str, tuple[Fund, int]] = {}
    mark = uuid.uuid4().hex
    for kind, which, fen, slot in steps:
        fund, reference = funds[which], f"{mark}-{slot}"
        if kind == "donate":
            give(session, fund, fen)
            model[fund.id][0] += fen
        elif kind == "reserve" and reference not in held:
            if fen > model[fund.id][0]:
                with pytest.raises(FundsShort):
                    reserve(session, (fund, fen, reference))
                continue
            reserve(session, (fund, fen, reference))
            held[reference] = (fund, fen)
            model[fund.id][0] -= fen
            model[fund.id][1] += fen
        elif kind in ("post", "release") and reference in held:
            fund, fen = held[reference]
            act = post if kind == "post" else release
            if act(session, reference=reference, **BOOKED):
                model[fund.id][1] -= fen
                model[fund.id][2 if kind == "post" else 0] += fen
    for fund in funds:
        assert list(balance(session, fund)) == model[fund.id]
    assert session.scalar(sa.select(sa.func.coalesce(sa.func.sum(LedgerEntry.amount_fen), 0))) == 0
    assert reconcile(session) == []
    session.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.rollback()


def test_every_spent_fen_leads_back_to_a_donation(session: Session) -> None:  # promise 2
    fund = make_fund(session)
    for name, fen in (("甲", 100), ("乙", 250)):
        give(session, fund, fen, giver_name=name)
    reserve(session, (fund, 80, "a"), (fund, 60, "b"), (fund, 200, "c"))
    for reference in "acb":
        post(session, reference=reference, **BOOKED)
    found = trace(session, fund_id=fund.id)
    names = {row.id: row.giver_name for row in found.donations}
    assert [(names[flow.source], flow.use, flow.amount_fen) for flow in found.flows] == [
        ("甲", "post:a", 80),
        ("甲", "post:c", 20),
        ("乙", "post:c", 180),
        ("乙", "post:b", 60),
    ]
    lines = ledger_lines(session, fund.id, limit=3)
    assert [line.reference for line in lines.rows] == ["post:b", "post:c", "post:a"]
    more = ledger_lines(session, fund.id, after=int(lines.next_after or 0), limit=50)
    assert len(more.rows) == 5
    assert {line.kind for line in more.rows} == {"reserve", "donation"}


def test_an_injected_error_of_one_fen_is_found_and_named(
    sessions: sessionmaker[Session], owner_url: str
) -> None:  # promise 8
    with sessions.begin() as session:
        fund = make_fund(session, amount_fen=100)
    with psycopg.connect(owner_url.replace("+psycopg", "")) as owner:
        owner.execute("ALTER TABLE ledger_accounts DISABLE TRIGGER only_entries_move_money")
        owner.execute("UPDATE ledger_accounts SET balance_fen = balance_fen + 1 WHERE kind = 'available'")
    with sessions() as session:
        (found,) = reconcile(session)
    assert (found.fund_id, found.account_kind, found.kept_fen, found.entries_fen) == (fund.id, "available", 101, 100)


def test_a_donation_is_of_a_known_giver_arrived_and_positive(session: Session) -> None:
    fund, donor = make_fund(session), make_enterprise(session)
    entry = DonationEntry(fund_id=fund.id, amount_fen=100, received_on=date(2027, 3, 5), donor_id=donor.id)
    donation = receive_donation(session, entry=entry, actor=CLERK, scope=SCOPE, now=NOW)
    assert donation.giver_name == donor.name
    with pytest.raises(InvalidFields) as error:
        receive_donation(
            session, entry=DonationEntry(fund_id=fund.id, amount_fen=-1, received_on=date(2027, 3, 6)), actor=CLERK,
            scope=SCOPE, now=NOW,
        )  # fmt: skip
    assert {fault.field for fault in error.value.faults} == {"amount_fen", "giver_name", "received_on"}
    with pytest.raises(NotFound):
        receive_donation(session, entry=entry, actor=CLERK, scope=(OTHER_COUNTY,), now=NOW)


def test_a_closed_fund_takes_and_gives_nothing_and_closes_only_without_promises(session: Session) -> None:
    fund = make_fund(session, amount_fen=100)
    call = {"fund_id": fund.id, "reason": "项目结束", "actor": CLERK, "scope": SCOPE, "now": NOW}
    reserve(session, (fund, 10, "a"))
    with pytest.raises(Conflict):
        close_fund(session, **call)
    release(session, reference="a", **BOOKED)
    close_fund(session, **call)
    with pytest.raises(FundsShort):
        reserve(session, (fund, 10, "b"))
    with pytest.raises(FundsShort):
        give(session, fund, 1)


def test_a_fund_is_opened_within_scope_with_known_earmarks(session: Session) -> None:
    right = FundEntry(name="基金", kind="special_fund", region_code=COUNTY, categories=("rice",), regions=(TOWNSHIP,))
    fund = open_fund(session, entry=right, actor=CLERK, scope=SCOPE, now=NOW)
    (row,) = list_funds(session, scope=SCOPE, search="基金").rows
    assert (row.fund, row.balances) == (fund, Balances())
    with pytest.raises(OutsideScope):
        open_fund(session, entry=right, actor=CLERK, scope=(OTHER_COUNTY,), now=NOW)
    with pytest.raises(InvalidFields) as error:
        open_fund(
            session, entry=FundEntry("基金", "special_fund", COUNTY, ("gold",), ("999999",)), actor=CLERK, scope=SCOPE,
            now=NOW,
        )  # fmt: skip
    assert [fault.field for fault in error.value.faults] == ["categories", "regions"]


def test_random_purposes_are_paid_only_where_the_earmarks_allow(session: Session) -> None:  # promise 2
    rng = random.Random(7)
    funds = [
        make_fund(session, amount_fen=100_000, categories=categories, types=types)
        for categories in (None, ("rice",), ("milk", "job"))
        for types in (None, ("care",))
    ]
    for number in range(120):
        fund = rng.choice(funds)
        purpose = Purpose(rng.choice(["rice", "milk", "job"]), TOWNSHIP, rng.choice(["care", "emergency"]))
        allowed = (not fund.categories or purpose.category in fund.categories) and (
            not fund.types or purpose.type in fund.types
        )
        if allowed:
            assert reserve(session, (fund, 1, f"r{number}"), purpose=purpose) == 1
        else:
            with pytest.raises(EarmarkBroken):
                reserve(session, (fund, 1, f"r{number}"), purpose=purpose)
