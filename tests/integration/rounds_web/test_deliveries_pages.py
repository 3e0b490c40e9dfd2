"""Deliveries as a township worker sees them on a phone, and what a confirmation moves."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from donors.offerings.models import Offering
from matching.rounds.models import Allocation
from tests import factories_rounds as rounds
from tests.integration.rounds_web.conftest import Browser

Open = Callable[..., Browser]


@dataclass
class Ground:
    """A committed round."""

    first_need: uuid.UUID
    hours_need: uuid.UUID
    offering: uuid.UUID
    sessions: sessionmaker[Session]

    def allocation(self, need_id: uuid.UUID) -> Allocation:
        """The line of a need."""
        with self.sessions() as session:
            return session.scalars(sa.select(Allocation).where(Allocation.need_id == need_id)).one()

    def rice(self) -> tuple[int, int]:
        """(reserved, delivered) bags."""
        with self.sessions() as session:
            offering = session.get_one(Offering, self.offering)
            return offering.reserved, offering.delivered


@pytest.fixture
def ground(app_sessions: sessionmaker[Session]) -> Ground:
    """25 bags promised to three households, a repair and a volunteer's hours."""
    with app_sessions() as session:
        people, pool = rounds.make_people(session), rounds.make_pool(session)
        ids = (pool.rice_needs[0].id, pool.hours_need.id, pool.rice.id)
        rounds.committed(session, people)
        session.commit()
    return Ground(*ids, app_sessions)


def test_a_worker_sees_the_deliveries_of_the_own_township_only(
    ground: Ground, worker_login: str, browser_of: Open
) -> None:
    page = browser_of(worker_login).get("/deliveries")
    assert "3 deliveries await confirmation" in page and "周建国" in page
    assert f"delivery-{ground.allocation(ground.hours_need).id}" not in page


def test_a_confirmed_delivery_posts_stock_once_even_when_tapped_twice(
    ground: Ground, worker_login: str, browser_of: Open
) -> None:  # promise 2
    browser, one = browser_of(worker_login), ground.allocation(ground.first_need)
    fields = browser.form("/deliveries")
    first = browser.client.post(f"/deliveries/{one.id}/confirm", data=fields)
    again = browser.client.post(f"/deliveries/{one.id}/confirm", data=fields)
    assert (first.status_code, again.status_code) == (303, 303)
    assert ground.rice() == (15, 10)
    assert "Delivered" in browser.get("/deliveries?status=delivered")


def test_a_part_may_arrive_and_the_rest_is_given_back(ground: Ground, worker_login: str, browser_of: Open) -> None:
    browser, one = browser_of(worker_login), ground.allocation(ground.first_need)
    browser.post(f"/deliveries/{one.id}/confirm", page="/deliveries", quantity="4")
    assert ground.rice() == (15, 4)


def test_too_many_are_refused_with_what_was_typed_still_there(
    ground: Ground, worker_login: str, browser_of: Open
) -> None:
    browser, one = browser_of(worker_login), ground.allocation(ground.first_need)
    reply = browser.post(f"/deliveries/{one.id}/confirm", page="/deliveries", status=422, quantity="11")
    assert "From 1 to 10 units can have arrived" in reply.text and re.search('value="11"', reply.text)
    assert ground.rice() == (25, 0)


def test_a_declined_delivery_needs_a_reason_and_frees_what_was_promised(
    ground: Ground, worker_login: str, browser_of: Open
) -> None:
    browser, one = browser_of(worker_login), ground.allocation(ground.first_need)
    reply = browser.post(f"/deliveries/{one.id}/decline", page="/deliveries", status=422, reason="")
    assert "Say why nothing was delivered" in reply.text
    browser.post(f"/deliveries/{one.id}/decline", page="/deliveries", reason="moved away")
    assert ground.rice() == (15, 0)


def test_a_delivery_of_another_township_does_not_exist(ground: Ground, worker_login: str, browser_of: Open) -> None:
    browser, one = browser_of(worker_login), ground.allocation(ground.hours_need)
    browser.post(f"/deliveries/{one.id}/confirm", page="/deliveries", status=404)


def test_finance_reads_masked_names_and_confirms_nothing(ground: Ground, browser_of: Open) -> None:  # promise 20
    page = browser_of("round.committer").get("/deliveries")
    assert "周**" in page and "周建国" not in page and "All of it has arrived" not in page
