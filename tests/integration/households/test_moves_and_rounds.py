"""A household that moves while help is under way: deliveries, and who may confirm them, go where it lives."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.life.operations import move_household
from households.life.rules import Place
from households.models import Household
from households.needs.models import Need
from kernel.audit import SYSTEM
from kernel.clock import day_of
from marketplace.fulfilment.queries import list_deliveries
from marketplace.reports.rounds_under_way import needs_in_rounds
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
