"""The life of a household: births, deaths, moves (splits and joinings: `parting`). Each is one transaction, on the trail and in the household's own record."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from households.accounts import leave_all
from households.life.record import active, remember, seat
from households.life.rules import Place, check_day, check_place, relations_after
from households.life.seats import Seat
from households.members import new_member, refuse_known_people
from households.models import Household, HouseholdEvent, Member
from households.needs.operations import move_needs
from households.operations import close_household
from households.rules import MOST_MEMBERS, CheckedMember, MemberEntry, check_member
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.errors import Conflict, InvalidFields, InvalidInput, NotFound
from kernel.regions.queries import get_region


@dataclass(frozen=True)
class Moved:
    """What a move took along: the household and its open needs' numbers; `promised`: those of them that are promised and delivered at the
    new place; `in_rounds`: number → the round under way that froze the need at the old place and cannot be committed with it as it stands.
    """

    household: Household
    needs: tuple[int, ...]
    promised: tuple[int, ...]
    in_rounds: Mapping[int, int]


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
    household = active(session, household_id, scope)
    checked, faults = check_member(entry, field="member", today=day_of(now))
    if entry.relation == "head":
        faults = [*faults, InvalidInput("A newborn is not the head of a household", field="member.relation")]
    if faults or checked is None:
        raise InvalidFields(faults)
    if len(household.members) >= MOST_MEMBERS:
        raise Conflict("At most %(most)s members", field="members", most=MOST_MEMBERS)
    refuse_known_people(session, members=(checked,), but=None, scope=scope, field="member")
    _add(session, household, checked)
    remember(session, household, "born", checked.born_on, actor, now, person_name=entry.name.strip())
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
    """A member died. The others' `relations` are said anew where the head died; with the last member the household closes, and its accounts
    are taken from it. Those of a household that goes on stay: nobody but its worker knows whose they are.

    `was_earner` puts the death of an earner among the household's events. Raises NotFound, InvalidInput (day, no head),
    Conflict (closed; the last member's household has help under way).
    """
    household = active(session, household_id, scope)
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
        seat(session, household, [Seat(one.id, household.id, after[one.id], at) for at, one in enumerate(others)])
    else:
        close_household(
            session, household_id=household.id, reason="last_member_died", cause="last_member_died", actor=actor,
            scope=scope, now=now,
        )  # fmt: skip
        leave_all(session, household, actor=actor, now=now)
        session.delete(member)
        session.flush()
        session.expire(household, ["members"])
    if was_earner and others:
        _shock(session, household, day, actor, now)
    remember(session, household, "died", day, actor, now, person_name=name)
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

    Needs that are promised move too, as the help goes where the household is; those in a round under way (`in_rounds`, need → round
    number, from whoever knows the rounds) make its plan out of date. Both are named.
    Raises InvalidFields, OutsideScope, NotFound, Conflict (closed).
    """
    household = active(session, household_id, scope)
    day = check_day(happened_on, today=day_of(now))
    check_place(place, region_before=household.region_code, scope=scope)
    get_region(session, place.region_code)
    before = household.region_code
    needs = move_needs(session, household, region_code=place.region_code, lat=place.lat, lon=place.lon, now=now)
    household.region_code, household.address = place.region_code, (place.address or "").strip() or None
    household.lat, household.lon, household.updated_at = place.lat, place.lon, now
    session.flush()
    promised = tuple(need.number for need in needs if need.reserved)
    frozen = {need.number: in_rounds[need.id] for need in needs if need.id in in_rounds}
    # on the trail in the place it left, so that both places find it
    remember(
        session, household, "moved", day, actor, now, at=before, from_region=before, to_region=place.region_code,
        needs_along=len(needs), promised=list(promised), in_rounds=sorted(frozen),
    )  # fmt: skip
    return Moved(household, tuple(need.number for need in needs), promised, frozen)


def _add(session: Session, household: Household, checked: CheckedMember) -> Member:
    member = new_member(vault_of(session), checked, len(household.members))
    household.members.append(member)
    session.flush()
    return member


def _shock(session: Session, household: Household, day: date, actor: Actor, now: datetime) -> None:
    if not any(event.kind == "death_of_earner" and event.happened_on == day for event in household.events):
        household.events.append(
            HouseholdEvent(kind="death_of_earner", happened_on=day, source=actor.label, created_at=now)
        )
