"""Households that part and come together. Each is one transaction, on the trail and in the own record of both.

A need that is promised, stands in a round under way (`in_rounds`, need → round number, from whoever knows the rounds), or is objected to
stays with the household; who would take it elsewhere is told which need, and why.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.accounts import accounts_of, join_account, leave_all
from households.life.record import active, open_needs_of, remember, seat, spell
from households.life.rules import Place, check_day, check_place, named, relations_after
from households.life.seats import Seat
from households.models import Household, HouseholdEvent
from households.monitoring.operations import carry_spell
from households.needs.models import Need
from households.plans.operations import close_plans
from households.plans.queries import has_open_objection, held_back
from households.rules import MOST_MEMBERS
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.regions.queries import get_region


def split_household(
    session: Session,
    *,
    household_id: uuid.UUID,
    leaving: Sequence[uuid.UUID],
    relations: Mapping[uuid.UUID, str],
    place: Place,
    needs_along: Sequence[uuid.UUID] = (),
    happened_on: date | None,
    in_rounds: Mapping[uuid.UUID, int],
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """Some members become a household of their own; `relations` say who heads each and who is what to whom. Returns the new household.

    Indicators stay: they were of the whole; consent is asked of the new household anew. An account is a person's, and nobody knows which
    part that person is in: all are taken from the household, to be joined anew. Raises InvalidInput (nobody or all leave, no head),
    InvalidFields, OutsideScope, NotFound, Conflict (a need that is bound or objected to).
    """
    household = active(session, household_id, scope)
    day = check_day(happened_on, today=day_of(now))
    check_place(place, region_before=household.region_code, scope=scope)
    get_region(session, place.region_code)
    going = [member for member in household.members if member.id in set(leaving)]
    staying = [member for member in household.members if member.id not in set(leaving)]
    if len(going) != len(set(leaving)):
        raise NotFound("This member is not of this household", field="leaving")
    if not going or not staying:
        raise InvalidInput("Choose who leaves; at least one member leaves and at least one stays", field="leaving")
    there = relations_after({one.id: one.relation for one in going}, relations, field="relations_leaving")
    here = relations_after({one.id: one.relation for one in staying}, relations, field="relations_staying")
    needs = _needs_to_take(session, household, needs_along, in_rounds)
    made = Household(
        id=new_id(), region_code=place.region_code, head_name="", pinyin="", initials="",
        address=(place.address or "").strip() or None, lat=place.lat, lon=place.lon,
        status_category=household.status_category, main_type=household.main_type, risk_tier=household.risk_tier,
        cap_fen=household.cap_fen, opted_out=household.opted_out, created_at=now, updated_at=now,
    )  # fmt: skip
    made.head_name = next(one.name for one in going if there[one.id] == "head")
    spell(made)
    session.add(made)
    session.flush()
    seat(
        session,
        household,
        [Seat(one.id, made.id, there[one.id], at) for at, one in enumerate(going)]
        + [Seat(one.id, household.id, here[one.id], at) for at, one in enumerate(staying)],
    )
    session.refresh(made, ["members"])
    household.updated_at = now
    for need in needs:
        need.household_id, need.region_code, need.updated_at = made.id, made.region_code, now
        need.lat, need.lon = made.lat, made.lon
    session.flush()
    leave_all(session, household, actor=actor, now=now)
    remember(session, household, "split_off", day, actor, now, other_id=made.id, members=len(going), needs=len(needs))
    remember(session, made, "split_from", day, actor, now, other_id=household.id)
    return made


def join_households(
    session: Session,
    *,
    household_id: uuid.UUID,
    other_id: uuid.UUID,
    relations: Mapping[uuid.UUID, str],
    happened_on: date | None,
    in_rounds: Mapping[uuid.UUID, int],
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """The members of `other_id` come into this household, with its open needs, events and accounts; the other is closed and keeps its past.

    `relations` say what the newcomers are to the head. Who opted out of automatic matching stays out in the joined household. Raises
    NotFound, InvalidInput (the same household, no head), Conflict (closed, too many members; the other has an objection, or needs that
    are promised, stand in a round, or would enter rounds without its consent).
    """
    if household_id == other_id:
        raise InvalidInput("Choose another household than this one", field="other")
    # both in one order, so that two joinings never wait for each other
    session.execute(
        sa.select(Household.id)
        .where(Household.id.in_((household_id, other_id)))
        .order_by(Household.id)
        .with_for_update()
    )
    household, other = active(session, household_id, scope), active(session, other_id, scope)
    day = check_day(happened_on, today=day_of(now))
    people = [*household.members, *other.members]
    if len(people) > MOST_MEMBERS:
        raise Conflict("At most %(most)s members", field="members", most=MOST_MEMBERS)
    after = relations_after({one.id: one.relation for one in people}, relations)
    needs = open_needs_of(session, other.id)
    _refuse_bound(needs, in_rounds)
    _refuse_unheard(session, household, other, needs)
    seat(
        session,
        household,
        [Seat(one.id, household.id, after[one.id], at) for at, one in enumerate(people)],
    )
    for need in needs:
        need.household_id, need.region_code, need.updated_at = household.id, household.region_code, now
        need.lat, need.lon = household.lat, household.lon
    household.opted_out = household.opted_out or other.opted_out
    _take_events(session, household, other)
    for account in accounts_of(session, other.id):
        join_account(session, household_id=household.id, user_id=account.user_id, actor=actor, scope=scope, now=now)
    carry_spell(session, household=household, other=other, actor=actor, now=now)
    close_plans(session, other, cause="joined_into", actor=actor, now=now)
    other.status, other.updated_at, household.updated_at = "closed", now, now
    session.flush()
    session.expire(other, ["members", "events"])
    session.expire(household, ["events"])
    remember(session, household, "joined", day, actor, now, other_id=other.id, needs=len(needs))
    remember(session, other, "joined_into", day, actor, now, other_id=household.id)
    return household


def _take_events(session: Session, household: Household, other: Household) -> None:
    """What both households have already is not taken twice."""
    known = {(event.kind, event.happened_on) for event in household.events}
    moving = [event.id for event in other.events if (event.kind, event.happened_on) not in known]
    session.execute(
        sa.update(HouseholdEvent)
        .where(HouseholdEvent.id.in_(moving))
        .values(household_id=household.id)
        .execution_options(synchronize_session=False)
    )
    for event in other.events:
        session.expire(event)


def _needs_to_take(
    session: Session, household: Household, wanted: Sequence[uuid.UUID], in_rounds: Mapping[uuid.UUID, int]
) -> list[Need]:
    needs = [need for need in open_needs_of(session, household.id) if need.id in set(wanted)]
    if len(needs) != len(set(wanted)):
        raise NotFound("There is no such open need of this household", field="needs_along")
    _refuse_bound(needs, in_rounds)
    objected = held_back(session, [need.id for need in needs])
    if objected:
        raise Conflict(
            "The household objects to need no. %(numbers)s; its objection is heard and carried out first",
            field="needs_along",
            numbers=named(objected),
        )
    begun = [need.number for need in needs if need.delivered]
    if begun:
        raise Conflict(
            "Part of need no. %(numbers)s has arrived here; it stays, post a new one for the rest",
            field="needs_along",
            numbers=named(begun),
        )
    return needs


def _refuse_unheard(session: Session, household: Household, other: Household, needs: Sequence[Need]) -> None:
    """What the other household said no to, or did not say yes to, is not undone by its coming in (promises 22, 23)."""
    if has_open_objection(session, other.id):
        raise Conflict(
            "Household no. %(number)s has an open objection; it is heard first", field="other", number=other.number
        )
    objected = held_back(session, [need.id for need in needs])
    if objected:
        raise Conflict(
            "An objection of household no. %(number)s was upheld; change its plan or end it first",
            field="other",
            number=other.number,
        )
    if needs and other.consented_at is None and household.consented_at is not None:
        raise Conflict(
            "Household no. %(number)s has not consented to matching, and need no. %(numbers)s would enter rounds; record its consent first, or withdraw what it needs",
            field="other",
            number=other.number,
            numbers=named(need.number for need in needs),
        )


def _refuse_bound(needs: Sequence[Need], in_rounds: Mapping[uuid.UUID, int]) -> None:
    promised = [need.number for need in needs if need.reserved]
    if promised:
        raise Conflict(
            "Help is promised for need no. %(numbers)s and not delivered; confirm or void it first",
            field="needs_along",
            numbers=named(promised),
        )
    matched = [need for need in needs if need.id in in_rounds]
    if matched:
        raise Conflict(
            "Need no. %(numbers)s stands in match round no. %(rounds)s, which is not finished; it stays until the round has ended",
            field="needs_along",
            numbers=named(need.number for need in matched),
            rounds=named({in_rounds[need.id] for need in matched}),
        )
