"""Posting needs, and the counts by which rounds promise and deliver."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from households.needs.models import Need
from households.needs.operations import (
    change_need,
    deliver,
    expire_needs,
    hold_many,
    post_need,
    release,
    set_rounds_waited,
    withdraw_need,
)
from households.needs.queries import get_need, list_needs
from kernel.audit import SYSTEM
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotEnough, NotFound
from tests.factories import COUNTY, NOW, SIBLING_TOWNSHIP, TOWNSHIP, resident_id
from tests.factories_demand import a_head, a_need, make_household, make_need

WORKER = {"actor": SYSTEM, "scope": (COUNTY,), "now": NOW}


@pytest.fixture
def household(session):
    return make_household(session)


def counts(session, need: Need) -> tuple[int, int, str]:
    session.refresh(need)
    return need.reserved, need.delivered, need.status


def test_a_posted_need_takes_its_defaults(session, household) -> None:
    need = make_need(session, household, category_code="tutoring_hours", quantity=4)
    assert (need.fill, need.tier, need.weight, need.type, need.region_code) == (
        "single",
        2,
        80,
        "subsistence",
        TOWNSHIP,
    )
    assert need.number >= 1


def test_a_need_of_a_household_elsewhere_is_refused(session, household) -> None:
    with pytest.raises(NotFound):
        post_need(session, entry=a_need(household.id), actor=SYSTEM, scope=(SIBLING_TOWNSHIP,), now=NOW)
    with pytest.raises(NotFound):
        post_need(session, entry=a_need(uuid.uuid4()), **WORKER)


def test_wrong_values_are_named(session, household) -> None:
    with pytest.raises(InvalidFields) as caught:
        post_need(session, entry=a_need(household.id, category_code="gold", quantity=-1), **WORKER)
    assert {fault.field for fault in caught.value.faults} == {"category_code", "quantity"}


def test_a_change_is_written_once_and_a_stale_one_refused(session, household) -> None:
    need = make_need(session, household)
    version = need.version
    change_need(session, need_id=need.id, entry=a_need(household.id, quantity=12, tier=1), version=version, **WORKER)
    assert (need.quantity, need.tier) == (12, 1)
    with pytest.raises(Conflict, match="meanwhile"):
        change_need(session, need_id=need.id, entry=a_need(household.id), version=version, **WORKER)


def test_a_change_cannot_undercut_what_is_promised(session, household) -> None:
    need = make_need(session, household)
    hold_many(session, [(need.id, 6)], NOW)
    session.refresh(need)
    with pytest.raises(NotEnough, match="6"):
        change_need(session, need_id=need.id, entry=a_need(household.id, quantity=5), version=need.version, **WORKER)
    with pytest.raises(Conflict, match="category"):
        change_need(
            session, need_id=need.id, entry=a_need(household.id, category_code="milk"), version=need.version, **WORKER
        )


def test_withdrawing_needs_a_reason_and_nothing_promised(session, household) -> None:
    need = make_need(session, household)
    with pytest.raises(InvalidInput):
        withdraw_need(session, need_id=need.id, reason="", **WORKER)
    hold_many(session, [(need.id, 1)], NOW)
    with pytest.raises(Conflict, match="promised"):
        withdraw_need(session, need_id=need.id, reason="不再需要", **WORKER)
    release(session, [(need.id, 1)], NOW)
    assert withdraw_need(session, need_id=need.id, reason="不再需要", **WORKER).status == "withdrawn"
    with pytest.raises(Conflict, match="not open"):
        hold_many(session, [(need.id, 1)], NOW)


def test_promises_add_up_and_never_pass_the_quantity(session, household) -> None:  # promise 1
    need = make_need(session, household)
    hold_many(session, [(need.id, 3), (need.id, 4)], NOW)
    assert counts(session, need) == (7, 0, "open")
    with pytest.raises(NotEnough, match="3 more"):
        hold_many(session, [(need.id, 4)], NOW)
    deliver(session, [(need.id, 7)], NOW)
    hold_many(session, [(need.id, 3)], NOW)
    deliver(session, [(need.id, 3)], NOW)
    assert counts(session, need) == (0, 10, "met")


def test_more_than_promised_is_neither_released_nor_delivered(session, household) -> None:
    need = make_need(session, household)
    hold_many(session, [(need.id, 2)], NOW)
    for move in (release, deliver):
        with pytest.raises(NotEnough, match="2 units promised"):
            move(session, [(need.id, 3)], NOW)
    with pytest.raises(NotFound):
        hold_many(session, [(uuid.uuid4(), 1)], NOW)
    with pytest.raises(InvalidInput):
        hold_many(session, [(need.id, 0)], NOW)


def test_a_form_opened_before_a_promise_is_stale(session, household) -> None:
    need = make_need(session, household)
    version = need.version
    hold_many(session, [(need.id, 2)], NOW)
    with pytest.raises(Conflict, match="meanwhile"):
        change_need(session, need_id=need.id, entry=a_need(household.id), version=version, **WORKER)


def test_sixteen_threads_promise_exactly_what_is_asked_for(sessions) -> None:  # promise 1
    with sessions() as session:
        need_id = make_need(session, make_household(session), quantity=100).id
        session.commit()

    def attempt(_: int) -> int:
        with sessions() as session:
            try:
                hold_many(session, [(need_id, 1)], NOW)
                session.commit()
            except NotEnough:
                return 0
            return 1

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(300))) == 100
    with sessions() as session:
        assert session.get_one(Need, need_id).reserved == 100


def test_the_rounds_a_need_has_waited_are_noted_without_making_a_form_stale(session, household) -> None:  # promise 28
    need, served = make_need(session, household), make_need(session, household, category_code="milk")
    version = need.version
    set_rounds_waited(session, {need.id: 2, served.id: 0})
    assert (need.rounds_waited, served.rounds_waited, need.version) == (2, 0, version)


def test_a_need_expires_after_its_last_day_unless_something_is_promised(session, household) -> None:
    last = date(2027, 3, 6)
    late, promised = make_need(session, household, due_on=last), make_need(session, household, due_on=last)
    hold_many(session, [(promised.id, 1)], NOW)
    assert expire_needs(session, actor=SYSTEM, now=NOW) == 0
    assert expire_needs(session, actor=SYSTEM, now=NOW + timedelta(days=2)) == 1
    assert (late.status, counts(session, promised)[2]) == ("expired", "open")


def test_needs_are_listed_by_urgency_filtered_and_paged_within_scope(session, household) -> None:  # promise 11
    other = make_household(
        session, a_head(name="李强", resident_id=resident_id(born="19700101")), region_code=SIBLING_TOWNSHIP
    )
    for tier in (3, 1, 2):
        make_need(session, household, tier=tier)
    far = make_need(session, other, category_code="milk", type="care")
    tiers = [row.need.tier for row in list_needs(session, scope=(COUNTY,)).rows]
    assert tiers == sorted(tiers)
    assert len(list_needs(session, scope=(TOWNSHIP,)).rows) == 3
    for filters in (
        {"category_code": "milk"},
        {"type": "care"},
        {"text": "李强"},
        {"text": "liq"},
        {"region_code": SIBLING_TOWNSHIP},
    ):
        assert [row.need.id for row in list_needs(session, scope=(COUNTY,), **filters).rows] == [far.id], filters
    first = list_needs(session, scope=(COUNTY,), limit=3)
    rest = list_needs(session, scope=(COUNTY,), limit=3, after=first.next_after)
    assert len({row.need.id for page in (first, rest) for row in page.rows}) == 4
    assert list_needs(session, scope=(COUNTY,), status="met").rows == []
    with pytest.raises(InvalidInput):
        list_needs(session, scope=(COUNTY,), after="4.1")
    with pytest.raises(NotFound):
        get_need(session, far.id, scope=(TOWNSHIP,))
