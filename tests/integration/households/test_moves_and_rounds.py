"""A household that moves while help is under way: deliveries, and who may confirm them, go where it lives."""

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from households.life.operations import move_household
from households.life.rules import Place
from households.models import Household
from households.needs.models import Need
from kernel.audit import SYSTEM
from kernel.clock import day_of
from marketplace.fulfilment.queries import list_deliveries
from marketplace.reports.rounds_under_way import needs_in_rounds
from matching.rounds.commit import PoolChanged, commit_round
from matching.rounds.models import Allocation
from matching.rounds.pools import rounds_holding
from tests import factories_rounds as make
from tests.factories import NOW, SIBLING_TOWNSHIP
from tests.factories_rounds import SCOPE


def moved(session: Session, household_id: object) -> None:
    household = session.get_one(Household, household_id)
    assert not household.region_code.startswith(SIBLING_TOWNSHIP)
    move_household(
        session, household_id=household.id, place=Place(SIBLING_TOWNSHIP), happened_on=day_of(NOW), in_rounds={},
        actor=SYSTEM, scope=SCOPE, now=NOW,
    )  # fmt: skip
    session.commit()
    session.expire_all()


def test_deliveries_under_way_follow_a_move_at_once(session: Session) -> None:
    people, _pool = make.make_people(session), make.make_pool(session)
    one = make.committed(session, people)
    allocation = session.scalars(sa.select(Allocation).where(Allocation.status == "reserved").limit(1)).one()
    before = allocation.region_code
    moved(session, allocation.household_id)
    session.refresh(allocation)
    assert allocation.region_code == SIBLING_TOWNSHIP
    seen = {row.allocation.id for row in list_deliveries(session, scope=(SIBLING_TOWNSHIP,)).rows}
    assert allocation.id in seen
    assert allocation.id not in {row.allocation.id for row in list_deliveries(session, scope=(before,)).rows}
    assert one.status == "committed"


def test_needs_of_a_round_are_known_until_it_ends(session: Session) -> None:
    people, _pool = make.make_people(session), make.make_pool(session)
    one = make.proposed(session, people)
    allocation = session.scalars(sa.select(Allocation).where(Allocation.round_id == one.id).limit(1)).one()
    found = needs_in_rounds(session, [allocation.household_id])
    assert found[allocation.need_id] == one.number
    # the pool holds the need of the household wherever it lives by now
    household = session.get_one(Household, allocation.household_id)
    household.region_code = far = "330381001"
    session.execute(sa.update(Need).where(Need.household_id == household.id).values(region_code=far))
    session.expire_all()
    assert needs_in_rounds(session, [allocation.household_id]) == found
    assert rounds_holding(session, [allocation.household_id]) == found
    one.status = "cancelled"
    session.flush()
    assert needs_in_rounds(session, [allocation.household_id]) == {}


def test_a_round_that_froze_the_need_at_the_old_place_cannot_be_committed(session: Session) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.approved(session, people)
    household = pool.households[0]
    done = move_household(
        session, household_id=household.id, place=Place(SIBLING_TOWNSHIP), happened_on=day_of(NOW),
        in_rounds=needs_in_rounds(session, [household.id]), actor=SYSTEM, scope=SCOPE, now=NOW,
    )  # fmt: skip
    assert done.in_rounds == {pool.rice_needs[0].number: one.number, pool.repair_need.number: one.number}
    assert done.promised == ()
    session.commit()
    with pytest.raises(PoolChanged, match="Freeze the round anew") as refused:
        commit_round(session, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=NOW)
    assert {change.kind for change in refused.value.changes} == {"changed"}


def test_a_commit_waits_for_the_household_before_it_holds_needs(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    people, pool = make.make_people(session), make.make_pool(session)
    one = make.approved(session, people)
    session.commit()
    ends: list[str] = []

    def commit() -> None:
        with sessions() as own:
            commit_round(own, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=NOW)
            own.commit()
            ends.append("committed")

    # as whoever brings needs to a plan: first the household, then its needs
    session.execute(sa.select(Household.id).where(Household.id == pool.households[0].id).with_for_update())
    thread = threading.Thread(target=commit)
    thread.start()
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with sessions() as watcher:
        while thread.is_alive() and not watcher.scalar(waiting):
            watcher.rollback()
    needs = sa.select(Need.id).where(Need.household_id == pool.households[0].id)
    assert len(session.scalars(needs.with_for_update(nowait=True)).all()) == 2
    session.commit()
    thread.join()
    assert ends == ["committed"]
