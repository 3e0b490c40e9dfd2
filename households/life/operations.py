"""The life of a household: births, deaths, moves, splits, joinings. Each is one transaction, on the trail and in the household's own record.

A need that is promised, or stands in a round under way (`in_rounds`, need → round number, from whoever knows the rounds), stays with the
household it was promised to; who would take it elsewhere is told which need and which round.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.life.models import HouseholdChange
from households.life.rules import Place, check_day, check_place, named, relations_after
from households.life.seats import Seat, seat_members
from households.members import new_member, refuse_known_people
from households.models import Household, HouseholdEvent, HouseholdPerson, Member
from households.monitoring.operations import carry_spell
from households.needs.models import Need
from households.operations import close_household
from households.queries import get_household
from households.rules import MOST_MEMBERS, CheckedMember, MemberEntry, check_member
from kernel import audit
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.database import new_id
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from kernel.pinyin import initials, syllables
from kernel.regions.queries import get_region


@dataclass(frozen=True)
class Moved:
    """What a move took along: the household, its open needs' numbers, and those of them that are promised or stand in a round."""

    household: Household
    needs: tuple[int, ...]
    bound: tuple[int, ...]


def record_birth(
    session: Session,
    *,
    household_id: uuid.UUID,
    entry: MemberEntry,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """A newborn joins the household; a resident ID may follow later. Raises InvalidFields, NotFound, Conflict (closed, full, known person)."""
    household = _active(session, household_id, scope)
    checked, faults = check_member(entry, field="member", today=day_of(now))
    if entry.relation == "head":
        faults = [*faults, InvalidInput("A newborn is not the head of a household", field="member.relation")]
    if faults or checked is None:
        raise InvalidFields(faults)
    if len(household.members) >= MOST_MEMBERS:
        raise Conflict("At most %(most)s members", field="members", most=MOST_MEMBERS)
    refuse_known_people(session, members=(checked,), but=None, scope=scope, field="member")
    _add(session, household, checked)
    _remember(session, household, "born", checked.born_on, actor, now, person_name=entry.name.strip())
    return household


def record_death(
    session: Session,
    *,
    household_id: uuid.UUID,
    member_id: uuid.UUID,
    died_on: date | None,
    relations: Mapping[uuid.UUID, str] | None = None,
    was_earner: bool = False,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """A member died. The others' `relations` are said anew where the head died; with the last member the household closes.

    `was_earner` puts the death of an earner among the household's events. Raises NotFound, InvalidInput (day, no head),
    Conflict (closed; the last member's household has help under way).
    """
    household = _active(session, household_id, scope)
    member = next((one for one in household.members if one.id == member_id), None)
    if member is None:
        raise NotFound("This member is not of this household", field="member_id")
    day = check_day(died_on, today=day_of(now), field="died_on")
    if day < member.born_on:
        raise InvalidInput("The day of death lies before the date of birth", field="died_on")
    name = member.name
    others = [one for one in household.members if one.id != member_id]
    if others:
        after = relations_after({one.id: one.relation for one in others}, relations or {})
        session.delete(member)
        session.flush()
        _seat(session, household, [Seat(one.id, household.id, after[one.id], at) for at, one in enumerate(others)])
    else:
        close_household(
            session, household_id=household.id, reason="the last member died", actor=actor, scope=scope, now=now
        )
        session.delete(member)
        session.flush()
        session.expire(household, ["members"])
    if was_earner and others:
        _shock(session, household, day, actor, now)
    _remember(session, household, "died", day, actor, now, person_name=name)
    return household


def move_household(
    session: Session,
    *,
    household_id: uuid.UUID,
    place: Place,
    happened_on: date | None,
    in_rounds: Mapping[uuid.UUID, int],
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Moved:
    """The household lives elsewhere: its region changes, its open needs and the deliveries under way follow at once, and so do rights.

    Needs that are promised or stand in a round move too, as the help goes where the household is; they are named for whoever delivers.
    Raises InvalidFields, OutsideScope, NotFound, Conflict (closed).
    """
    household = _active(session, household_id, scope)
    day = check_day(happened_on, today=day_of(now))
    check_place(place, region_before=household.region_code, scope=scope)
    get_region(session, place.region_code)
    before, point = household.region_code, (household.lat, household.lon)
    needs = _open_needs(session, household.id)
    for need in needs:
        if need.region_code == before:
            need.region_code, need.updated_at = place.region_code, now
        if (need.lat, need.lon) == point:
            need.lat, need.lon = place.lat, place.lon
    household.region_code, household.address = place.region_code, (place.address or "").strip() or None
    household.lat, household.lon, household.updated_at = place.lat, place.lon, now
    session.flush()
    bound = tuple(need.number for need in needs if need.reserved or need.id in in_rounds)
    # on the trail in the place it left, so that both places find it
    _remember(
        session, household, "moved", day, actor, now, at=before, from_region=before, to_region=place.region_code,
        needs_along=len(needs), bound=list(bound),
    )  # fmt: skip
    return Moved(household, tuple(need.number for need in needs), bound)


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

    Indicators stay: they were of the whole; consent is asked of the new household anew. Raises InvalidInput (nobody or all leave, no
    head, a need that is bound), InvalidFields, OutsideScope, NotFound, Conflict.
    """
    household = _active(session, household_id, scope)
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
    _spell(made)
    session.add(made)
    session.flush()
    _seat(
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
    _remember(session, household, "split_off", day, actor, now, other_id=made.id, members=len(going), needs=len(needs))
    _remember(session, made, "split_from", day, actor, now, other_id=household.id)
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

    `relations` say what the newcomers are to the head. Raises NotFound, InvalidInput (the same household, no head), Conflict (closed,
    too many members, a need of the other is promised or stands in a round).
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
    household, other = _active(session, household_id, scope), _active(session, other_id, scope)
    day = check_day(happened_on, today=day_of(now))
    people = [*household.members, *other.members]
    if len(people) > MOST_MEMBERS:
        raise Conflict("At most %(most)s members", field="members", most=MOST_MEMBERS)
    after = relations_after({one.id: one.relation for one in people}, relations)
    needs = _open_needs(session, other.id)
    _refuse_bound(needs, in_rounds)
    _seat(
        session,
        household,
        [Seat(one.id, household.id, after[one.id], at) for at, one in enumerate(people)],
    )
    for need in needs:
        need.household_id, need.region_code, need.updated_at = household.id, household.region_code, now
        need.lat, need.lon = household.lat, household.lon
    _take_events_and_accounts(session, household, other)
    carry_spell(session, household=household, other=other, actor=actor, now=now)
    other.status, other.updated_at, household.updated_at = "closed", now, now
    session.flush()
    session.expire(other, ["members", "events"])
    session.expire(household, ["events"])
    _remember(session, household, "joined", day, actor, now, other_id=other.id, needs=len(needs))
    _remember(session, other, "joined_into", day, actor, now, other_id=household.id)
    return household


def _take_events_and_accounts(session: Session, household: Household, other: Household) -> None:
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
    people = set(
        session.scalars(sa.select(HouseholdPerson.user_id).where(HouseholdPerson.household_id == household.id))
    )
    for user_id in session.scalars(
        sa.select(HouseholdPerson.user_id).where(HouseholdPerson.household_id == other.id)
    ).all():
        if user_id not in people:
            session.add(HouseholdPerson(household_id=household.id, user_id=user_id))


def _active(session: Session, household_id: uuid.UUID, scope: tuple[str, ...]) -> Household:
    household = get_household(session, household_id, scope=scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    return household


def _add(session: Session, household: Household, checked: CheckedMember) -> Member:
    member = new_member(vault_of(session), checked, len(household.members))
    household.members.append(member)
    session.flush()
    return member


def _open_needs(session: Session, household_id: uuid.UUID) -> list[Need]:
    return list(
        session.scalars(
            sa.select(Need)
            .where(Need.household_id == household_id, Need.status == "open")
            .order_by(Need.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _needs_to_take(
    session: Session, household: Household, wanted: Sequence[uuid.UUID], in_rounds: Mapping[uuid.UUID, int]
) -> list[Need]:
    needs = [need for need in _open_needs(session, household.id) if need.id in set(wanted)]
    if len(needs) != len(set(wanted)):
        raise NotFound("There is no such open need of this household", field="needs_along")
    _refuse_bound(needs, in_rounds)
    begun = [need.number for need in needs if need.delivered]
    if begun:
        raise Conflict(
            "Part of need no. %(numbers)s has arrived here; it stays, post a new one for the rest",
            field="needs_along",
            numbers=named(begun),
        )
    return needs


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


def _seat(session: Session, household: Household, seats: Sequence[Seat]) -> None:
    """Seats the members and lets the household be known by its head."""
    seat_members(session, seats)
    session.expire(household, ["members"])
    head = next((one for one in household.members if one.relation == "head"), None)
    if head is not None and head.name != household.head_name:
        household.head_name = head.name
        _spell(household)
    session.flush()


def _spell(household: Household) -> None:
    household.pinyin, household.initials = syllables(household.head_name), initials(household.head_name)


def _shock(session: Session, household: Household, day: date, actor: Actor, now: datetime) -> None:
    if not any(event.kind == "death_of_earner" and event.happened_on == day for event in household.events):
        household.events.append(
            HouseholdEvent(kind="death_of_earner", happened_on=day, source=actor.label, created_at=now)
        )


def _remember(
    session: Session,
    household: Household,
    kind: str,
    day: date,
    actor: Actor,
    now: datetime,
    *,
    at: str | None = None,
    person_name: str | None = None,
    other_id: uuid.UUID | None = None,
    from_region: str | None = None,
    to_region: str | None = None,
    **detail: object,
) -> None:
    """Puts the change into the household's own record and on the trail; the trail names nobody."""
    household.updated_at = now
    session.add(
        HouseholdChange(
            household_id=household.id,
            kind=kind,
            happened_on=day,
            person_name=person_name,
            other_id=other_id,
            from_region=from_region,
            to_region=to_region,
            recorded_by=actor.id,
            recorder=actor.label,
            recorded_at=now,
        )  # fmt: skip
    )
    session.flush()
    told = {"other": other_id, "from_region": from_region, "to_region": to_region, **detail}
    audit.record(
        session, actor=actor, action=f"household.{kind}", subject_type="household", subject_id=household.id, now=now,
        region_code=at or household.region_code, day=day.isoformat(), **{k: v for k, v in told.items() if v is not None},
    )  # fmt: skip
