"""Writing households: registration, change, indicators, closing, and opening what is sealed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from households.consents.operations import locked, note_consents
from households.history.operations import record_values
from households.indicators import IndicatorEntry, checked_values
from households.life.models import HouseholdChange
from households.members import change_members, known_person, new_member, refuse_known_people, with_known
from households.models import EVENT_KINDS, Household, HouseholdEvent
from households.needs.models import Need
from households.needs.operations import move_needs
from households.plans.operations import close_plans
from households.portrait.operations import renew_portrait
from households.queries import REVEALED, get_household
from households.rules import CheckedHousehold, HouseholdEntry, check_household, check_purpose
from households.visits.schedule import follow_household
from kernel import audit
from kernel.accounts.rules import require_scope
from kernel.audit import Actor
from kernel.checking import plain
from kernel.clock import day_of
from kernel.crypto import Vault, vault_of
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, InvalidFields, InvalidInput
from kernel.pinyin import initials, syllables
from kernel.regions.queries import get_region


@dataclass(frozen=True)
class RevealedMember:
    """A member's sealed values in clear; never stored, never logged."""

    id: uuid.UUID
    name: str
    resident_id: str | None
    diagnosis: str | None


@dataclass(frozen=True)
class Revealed:
    """A household's sealed values in clear; never stored, never logged."""

    phone: str | None
    members: tuple[RevealedMember, ...]


def register_household(
    session: Session, *, entry: HouseholdEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Household:
    """A new household with its members, numbers sealed.

    Raises InvalidFields (every fault), OutsideScope, NotFound (region), Conflict (a person who is in a household already; in which
    one is said where it lies within the asker's regions).
    """
    checked = check_household(entry, today=day_of(now))
    require_scope(scope, entry.region_code)
    get_region(session, entry.region_code)
    refuse_known_people(session, members=checked.members, but=None, scope=scope)
    return add_households(session, checked=[checked], actor=actor, now=now)[0]


def add_households(
    session: Session, *, checked: Sequence[CheckedHousehold], actor: Actor, now: datetime
) -> list[Household]:
    """Writes households that were checked, with their regions and people, in bulk. Raises Conflict where a person slipped in meanwhile."""
    vault = vault_of(session)
    households, agreed = [], {}
    for one in checked:
        entry, head = one.entry, one.head.entry.name.strip()
        household = Household(
            id=new_id(),
            region_code=entry.region_code,
            head_name=head,
            pinyin=syllables(head),
            initials=initials(head),
            address=(entry.address or "").strip() or None,
            lat=entry.lat,
            lon=entry.lon,
            status_category=entry.status_category,
            main_type=entry.main_type,
            risk_tier=entry.risk_tier,
            cap_fen=entry.cap_fen,
            created_at=now,
            updated_at=now,
        )
        _seal_phone(vault, household, one.phone)
        household.members = [new_member(vault, member, position) for position, member in enumerate(one.members)]
        households.append(household)
        agreed[household.id] = entry.consented
        audit.record(
            session,
            actor=actor,
            action="household.registered",
            subject_type="household",
            subject_id=household.id,
            now=now,
            region_code=entry.region_code,
            members=len(one.members),
            consented=entry.consented,
        )
    session.add_all(households)
    _flush(session)
    consenting = [one for one in households if agreed[one.id]]
    if consenting:
        note_consents(session, [(one.id, one.head_name) for one in consenting], actor=actor, now=now)
        session.flush()
        for one in consenting:  # the database's trigger has set it; asking for each again would slow an import
            set_committed_value(one, "consented_at", now)
    return households


def change_household(
    session: Session,
    *,
    household_id: uuid.UUID,
    entry: HouseholdEntry,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """The household as `entry` says; members not named by `id` are new, members left out go. Open needs move with the household.

    `entry.consented` is not read here: consent has its own operations. Raises as register_household does, NotFound, and Conflict
    where somebody changed it since `version`.
    """
    locked(session, household_id, scope)
    household = get_household(session, household_id, scope=scope)
    _require_version(household, version)
    kept = {member.id: member for member in household.members}
    checked = check_household(with_known(entry, kept), today=day_of(now))
    require_scope(scope, entry.region_code)
    get_region(session, entry.region_code)
    refuse_known_people(session, members=checked.members, but=household.id, scope=scope)
    vault = vault_of(session)
    if entry.region_code != household.region_code:
        move_needs(session, household, region_code=entry.region_code, lat=entry.lat, lon=entry.lon, now=now)
        session.add(
            HouseholdChange(
                household_id=household.id, kind="moved", happened_on=day_of(now), from_region=household.region_code,
                to_region=entry.region_code, recorded_by=actor.id, recorder=actor.label, recorded_at=now,
            )
        )  # fmt: skip
    head = checked.head.entry.name.strip()
    household.region_code, household.head_name = entry.region_code, head
    household.pinyin, household.initials = syllables(head), initials(head)
    household.address = (entry.address or "").strip() or None
    household.lat, household.lon = entry.lat, entry.lon
    household.status_category, household.main_type = entry.status_category, entry.main_type
    household.risk_tier, household.cap_fen, household.updated_at = entry.risk_tier, entry.cap_fen, now
    if entry.phone is not None:
        _seal_phone(vault, household, checked.phone)
    change_members(session, vault, household, checked, kept)
    _flush(session)
    session.refresh(household, ["members"])
    renew_portrait(session, household, now=now)
    follow_household(session, household=household, now=now)
    _record(session, household, "household.changed", actor, now, members=len(checked.members))
    return household


def set_indicators(
    session: Session,
    *,
    household_id: uuid.UUID,
    entries: tuple[IndicatorEntry, ...],
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """Records values of the named indicators; of each the latest day counts, and what was recorded before stays on file.

    Raises InvalidFields, NotFound, Conflict (a value that is corrected was corrected before).
    """
    household = get_household(session, household_id, scope=scope)
    values = checked_values(entries, today=day_of(now))
    household.updated_at = now
    written = record_values(session, household, entries, values, actor=actor, now=now)
    session.flush()
    renew_portrait(session, household, now=now)
    follow_household(session, household=household, now=now)
    _record(session, household, "household.indicators_set", actor, now, codes=written)
    return household


def record_event(
    session: Session,
    *,
    household_id: uuid.UUID,
    kind: str,
    happened_on: date,
    source: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """Puts a shock on record; the same one again changes nothing. Raises InvalidFields (unknown kind, a day to come, no source), NotFound."""
    household = get_household(session, household_id, scope=scope)
    faults = []
    if kind not in EVENT_KINDS:
        faults.append(InvalidInput("There is no event %(kind)s", field="kind", kind=kind))
    if happened_on > day_of(now):
        faults.append(InvalidInput("The day of an event lies in the future", field="happened_on"))
    if not source.strip():
        faults.append(InvalidInput("Say where the value comes from: a visit, a certificate, data", field="source"))
    if faults:
        raise InvalidFields(faults)
    if not any(event.kind == kind and event.happened_on == happened_on for event in household.events):
        household.events.append(
            HouseholdEvent(kind=kind, happened_on=happened_on, source=source.strip(), created_at=now)
        )
        household.updated_at = now
        session.flush()
        renew_portrait(session, household, now=now)
        follow_household(session, household=household, now=now)
        _record(session, household, "household.event_recorded", actor, now, kind=kind, day=happened_on.isoformat())
    return household


def set_opt_out(
    session: Session,
    *,
    household_id: uuid.UUID,
    opted_out: bool,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """Out of (or back into) automatic matching, without losing its claim (promise 23). Raises NotFound."""
    household = get_household(session, household_id, scope=scope)
    if household.opted_out != opted_out:
        household.opted_out, household.updated_at = opted_out, now
        session.flush()
        _record(session, household, "household.opted_out" if opted_out else "household.opted_in", actor, now)
    return household


def close_household(
    session: Session,
    *,
    household_id: uuid.UUID,
    reason: str,
    cause: str = "household_closed",
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Household:
    """Closes the household with its plan and withdraws its open needs. `cause`: one of `households.plans.models.CAUSES`.

    Raises NotFound, InvalidInput (no reason), Conflict while something is promised to it and not delivered.
    """
    household = _active(session, household_id, scope)
    if not reason.strip():
        raise InvalidInput("Say why the household is closed", field="reason")
    plain(reason, field="reason", lines=True)
    needs = list(
        session.scalars(
            sa.select(Need).where(Need.household_id == household.id, Need.status == "open").with_for_update()
        )
    )
    promised = [need.number for need in needs if need.reserved]
    if promised:
        raise Conflict(
            "Help is promised for need %(number)s and not delivered; confirm or void it first", number=promised[0]
        )
    for need in needs:
        need.status, need.updated_at = "withdrawn", now
    close_plans(
        session,
        household,
        reason=reason.strip() if cause == "household_closed" else None,
        cause=cause,
        actor=actor,
        now=now,
    )
    household.status, household.updated_at = "closed", now
    session.flush()
    follow_household(session, household=household, now=now)
    _record(session, household, "household.closed", actor, now, needs_withdrawn=len(needs))
    return household


def reopen_household(
    session: Session, *, household_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Household:
    """A closed household comes back; its needs stay withdrawn. Raises NotFound, Conflict (nobody is left in it)."""
    household = get_household(session, household_id, scope=scope)
    if not household.members:
        raise Conflict("Nobody is left in this household; enter its members first")
    if household.status != "active":
        household.status, household.updated_at = "active", now
        session.flush()
        renew_portrait(session, household, now=now)
        follow_household(session, household=household, now=now)
        _record(session, household, "household.reopened", actor, now)
    return household


def reveal(
    session: Session, *, household_id: uuid.UUID, purpose: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Revealed:
    """Opens the sealed numbers and writes who, when and what for on the trail (promise 20). Raises InvalidInput, NotFound."""
    household = get_household(session, household_id, scope=scope)
    text = check_purpose(purpose)
    vault = vault_of(session)
    _record(session, household, REVEALED, actor, now, purpose=text)
    phone = household.phone_sealed
    return Revealed(
        vault.open(phone, table="households", row=household.id, column="phone") if phone is not None else None,
        tuple(
            RevealedMember(
                member.id,
                member.name,
                vault.open(member.resident_id_sealed, table="members", row=member.id, column="resident_id")
                if member.resident_id_sealed is not None
                else None,
                vault.open(member.diagnosis_sealed, table="members", row=member.id, column="diagnosis")
                if member.diagnosis_sealed is not None
                else None,
            )
            for member in household.members
        ),
    )


def _active(session: Session, household_id: uuid.UUID, scope: tuple[str, ...]) -> Household:
    # the household before its needs, as a round that commits and needs that follow a plan do
    locked(session, household_id, scope)
    household = get_household(session, household_id, scope=scope)
    if household.status != "active":
        raise Conflict("The household is closed; reopen it first")
    return household


def _require_version(household: Household, version: int) -> None:
    if household.version != version:
        raise Conflict("Somebody changed this household meanwhile; look at it again and repeat your change")


def _seal_phone(vault: Vault, household: Household, phone: str | None) -> None:
    if phone is None:
        household.phone_sealed = household.phone_index = None
    else:
        household.phone_sealed = vault.seal(phone, table="households", row=household.id, column="phone")
        household.phone_index = vault.blind_index("phone", phone)


def _flush(session: Session) -> None:
    """The database has the last word on who is where; its refusal becomes ours."""
    try:
        session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_members_resident_id_index":
            raise known_person("members") from error
        raise


def _record(session: Session, household: Household, action: str, actor: Actor, now: datetime, **detail: object) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject_type="household",
        subject_id=household.id,
        now=now,
        region_code=household.region_code,
        **detail,
    )
