"""Stock is never promised twice, whoever asks and however many at once."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from donors.offerings.models import Offering, StockMovement
from donors.offerings.operations import pause_offering, withdraw_offering
from donors.offerings.queries import available_of, differences_of_stock
from donors.offerings.rules import Hold, OfferingsShort
from donors.offerings.stock import deliver, hold, hold_many, release, release_many
from donors.operations import suspend_donor
from kernel.database import constraint_of
from kernel.errors import Conflict, InvalidInput, NotEnough
from tests.factories import NOW
from tests.factories_supply import CLERK, SCOPE, make_enterprise, make_offering

THREADS, ATTEMPTS = 16, 400


def test_sixteen_threads_reserving_against_100_units_are_granted_exactly_100(
    sessions: sessionmaker[Session],
) -> None:  # promise 1
    with sessions.begin() as session:
        offering_id = make_offering(session, quantity=100).id
    ready = threading.Barrier(THREADS)

    def ask(thread: int) -> list[str]:
        ready.wait()
        replies = []
        for attempt in range(ATTEMPTS // THREADS):
            with sessions() as session:
                try:
                    hold(session, offering_id=offering_id, quantity=1, reference=f"{thread}-{attempt}", now=NOW)
                    session.commit()
                    replies.append("granted")
                except OfferingsShort:
                    replies.append("refused")
        return replies

    with ThreadPoolExecutor(THREADS) as pool:
        replies = [reply for part in pool.map(ask, range(THREADS)) for reply in part]
    assert replies.count("granted") == 100
    assert replies.count("refused") == ATTEMPTS - 100
    with sessions() as session:
        offering = session.get_one(Offering, offering_id)
        assert (offering.reserved, available_of(offering)) == (100, 0)
        assert session.scalar(sa.select(sa.func.count()).select_from(StockMovement)) == 100
        assert differences_of_stock(session) == []


def test_the_database_refuses_too_when_the_applications_check_is_taken_out(
    sessions: sessionmaker[Session],
) -> None:  # promise 1
    with sessions.begin() as session:
        offering_id = make_offering(session, quantity=100).id
    naive = sa.text("UPDATE offerings SET reserved = reserved + 1 WHERE id = :id")
    ready = threading.Barrier(THREADS)

    def grab(_: int) -> int:
        ready.wait()
        granted = 0
        for _attempt in range(10):
            with sessions() as session:
                try:
                    session.execute(naive, {"id": offering_id})
                    session.commit()
                    granted += 1
                except IntegrityError as error:
                    assert constraint_of(error) == "ck_offerings_never_over_allocated"
        return granted

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(grab, range(THREADS))) == 100


def test_a_round_holds_all_rows_or_none_and_names_every_short_offering(session: Session) -> None:
    donor = make_enterprise(session)
    plenty, little, less = (
        make_offering(session, donor=donor, title=title, quantity=quantity)
        for title, quantity in (("大米", 50), ("牛奶", 3), ("棉被", 1))
    )
    rows = [Hold(row.id, 2, f"allocation:{n}") for n, row in enumerate((plenty, little, little, less))]
    with pytest.raises(OfferingsShort) as error:
        hold_many(session, rows, now=NOW)
    assert {(row.title, row.asked, row.left, row.reason) for row in error.value.short} == {
        ("牛奶", 4, 3, "stock"),
        ("棉被", 2, 1, "stock"),
    }
    assert plenty.reserved == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(StockMovement)) == 0
    assert hold_many(session, rows[:2], now=NOW) == 2
    assert (plenty.reserved, little.reserved) == (2, 2)


def test_a_reference_acts_once_and_never_for_something_else(session: Session) -> None:
    offering = make_offering(session)
    asked = {"offering_id": offering.id, "quantity": 5, "reference": "allocation:1", "now": NOW}
    assert hold(session, **asked)
    assert not hold(session, **asked)
    assert offering.reserved == 5
    with pytest.raises(Conflict):
        hold(session, **{**asked, "quantity": 6})
    with pytest.raises(Conflict):
        hold_many(session, [Hold(offering.id, 1, "x"), Hold(offering.id, 1, "x")], now=NOW)
    with pytest.raises(InvalidInput):
        hold(session, **{**asked, "quantity": 0, "reference": "y"})


def test_a_promise_is_part_delivered_and_part_given_back_and_never_more(session: Session) -> None:
    offering = make_offering(session)
    hold(session, offering_id=offering.id, quantity=10, reference="a", now=NOW)
    hold(session, offering_id=offering.id, quantity=10, reference="b", now=NOW)
    with pytest.raises(NotEnough):  # "b" holds enough units, but they are not a's to hand over
        deliver(session, offering_id=offering.id, quantity=11, reference="a", now=NOW)
    assert deliver(session, offering_id=offering.id, quantity=7, reference="a", now=NOW)
    assert not deliver(session, offering_id=offering.id, quantity=7, reference="a", now=NOW)
    with pytest.raises(NotEnough):
        release(session, offering_id=offering.id, quantity=4, reference="a", now=NOW)
    assert release(session, offering_id=offering.id, quantity=3, reference="a", now=NOW)
    assert (offering.reserved, offering.delivered, available_of(offering)) == (10, 7, 83)
    assert release_many(session, [Hold(offering.id, 10, "b")], now=NOW) == 1
    assert (offering.reserved, offering.delivered) == (0, 7)
    assert differences_of_stock(session) == []


def test_paused_withdrawn_suspended_and_unknown_offerings_take_no_new_promise(session: Session) -> None:
    paused, withdrawn, suspended = (make_offering(session) for _ in range(3))
    pause_offering(session, offering_id=paused.id, actor=CLERK, scope=SCOPE, now=NOW)
    withdraw_offering(session, offering_id=withdrawn.id, actor=CLERK, scope=SCOPE, now=NOW)
    suspend_donor(session, donor_id=suspended.donor_id, reason="核查", actor=CLERK, scope=SCOPE, now=NOW)
    unknown = uuid.uuid4()
    with pytest.raises(OfferingsShort) as error:
        hold_many(
            session,
            [Hold(key, 1, str(key)) for key in (paused.id, withdrawn.id, suspended.id, unknown)],
            now=NOW,
        )
    assert {row.offering_id: row.reason for row in error.value.short} == {
        paused.id: "status",
        withdrawn.id: "status",
        suspended.id: "donor",
        unknown: "gone",
    }


def test_two_rounds_over_the_same_offerings_in_opposite_order_do_not_deadlock(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        ids = [make_offering(session, quantity=10_000).id for _ in range(20)]

    def commit_rounds(order: int) -> int:
        done = 0
        for number in range(15):
            with sessions.begin() as session:
                done += hold_many(session, [Hold(key, 1, f"{order}-{number}-{key}") for key in ids[::order]], now=NOW)
        return done

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(commit_rounds, (1, -1))) == 2 * 15 * 20


def test_a_round_of_five_thousand_rows_is_held_in_one_go(session: Session) -> None:
    donor = make_enterprise(session)
    ids = [make_offering(session, donor=donor, quantity=50).id for _ in range(100)]
    rows = [Hold(ids[n % 100], 1, f"allocation:{n}") for n in range(5_000)]
    assert hold_many(session, rows, now=NOW) == 5_000
    assert session.scalar(sa.select(sa.func.sum(Offering.reserved))) == 5_000


def test_a_difference_between_stock_and_journal_is_named(session: Session) -> None:  # promise 8
    offering = make_offering(session)
    hold(session, offering_id=offering.id, quantity=4, reference="a", now=NOW)
    session.execute(sa.update(Offering).values(reserved=5))
    (found,) = differences_of_stock(session)
    assert (found.number, found.reserved, found.reserved_by_journal) == (offering.number, 5, 4)


def test_the_journal_is_append_only(session: Session) -> None:
    offering = make_offering(session)
    hold(session, offering_id=offering.id, quantity=4, reference="a", now=NOW)
    session.commit()
    for statement in ("UPDATE stock_movements SET quantity = 1", "DELETE FROM stock_movements"):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
        session.rollback()
