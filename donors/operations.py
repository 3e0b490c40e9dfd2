"""Registering and keeping donors. Personal numbers are sealed on the way in; duplicates are found by their blind index."""

import uuid
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from donors.models import Donor, DonorPerson
from donors.queries import get_donor
from donors.rules import DonorEntry, checked_donor
from kernel import audit
from kernel.accounts.rules import Actor, covers, require_scope
from kernel.catalogue.queries import require_skills
from kernel.checking import checked_text
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, InvalidInput
from kernel.pinyin import initials, syllables
from kernel.regions.queries import get_region


def register_donor(
    session: Session, *, entry: DonorEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Donor:
    """A new donor. Raises InvalidFields, InvalidInput (skill), NotFound (region), OutsideScope, Conflict (registered before)."""
    entry = checked_donor(entry, today=day_of(now))
    require_scope(scope, entry.region_code)
    get_region(session, entry.region_code)
    require_skills(session, list(entry.skills))
    donor = Donor(id=new_id(), kind=entry.kind, created_at=now, status="active")
    _refuse_duplicate(session, donor.id, entry, scope=scope)
    _fill(session, donor, entry, now=now)
    _save(session, donor)
    audit.record(
        session,
        actor=actor,
        action="donor.registered",
        subject_type="donor",
        subject_id=donor.id,
        now=now,
        region_code=donor.region_code,
        kind=donor.kind,
    )
    return donor


def update_donor(
    session: Session,
    *,
    donor_id: uuid.UUID,
    entry: DonorEntry,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    own: Iterable[uuid.UUID] = (),
) -> Donor:
    """The donor as `entry` has it; kind stays, and an empty phone or resident ID leaves what is on file.

    `version` is the one the editor saw. Raises as `register_donor`, and Conflict when somebody changed the donor meanwhile.
    """
    donor = get_donor(session, donor_id, scope=scope, own=own)
    _require_version(donor.version, version)
    if entry.kind != donor.kind:
        raise InvalidInput("The kind of a donor does not change; register a new one instead", field="kind")
    entry = checked_donor(entry, today=day_of(now), id_known=donor.resident_id_index is not None)
    if entry.region_code != donor.region_code:
        require_scope(scope, entry.region_code)
        get_region(session, entry.region_code)
    require_skills(session, list(entry.skills))
    before = {field: getattr(donor, field) for field in _AUDITED}
    _refuse_duplicate(session, donor.id, entry, scope=scope)
    _fill(session, donor, entry, now=now)
    changed = sorted(field for field in _AUDITED if getattr(donor, field) != before[field])
    _save(session, donor)
    audit.record(
        session,
        actor=actor,
        action="donor.updated",
        subject_type="donor",
        subject_id=donor.id,
        now=now,
        region_code=donor.region_code,
        fields=changed,
    )
    return donor


def suspend_donor(
    session: Session, *, donor_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Donor:
    """The donor takes no part in new rounds or shifts until resumed; what is promised stays promised. Raises NotFound, Conflict."""
    return _set_status(
        session, donor_id, "suspended", allowed=("active",), reason=reason, actor=actor, scope=scope, now=now
    )


def resume_donor(
    session: Session, *, donor_id: uuid.UUID, reason: str, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Donor:
    """A suspended donor is active again. Raises NotFound, Conflict."""
    return _set_status(
        session, donor_id, "active", allowed=("suspended",), reason=reason, actor=actor, scope=scope, now=now
    )


def let_act_for(session: Session, *, donor_id: uuid.UUID, user_id: uuid.UUID, actor: Actor, now: datetime) -> None:
    """The account `user_id` acts for the donor from now on; repeating it changes nothing."""
    if session.get(DonorPerson, (donor_id, user_id)) is not None:
        return
    session.add(DonorPerson(donor_id=donor_id, user_id=user_id))
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="donor.person_added",
        subject_type="donor",
        subject_id=donor_id,
        now=now,
        user_id=user_id,
    )


_AUDITED = (
    "name", "region_code", "uscc", "contact_name", "phone_index", "resident_id_index", "lat", "lon",
    "skills", "reach_m", "max_households", "consent_public",
)  # fmt: skip


def _fill(session: Session, donor: Donor, entry: DonorEntry, *, now: datetime) -> None:
    vault = vault_of(session)
    donor.name = entry.name
    donor.pinyin = syllables(entry.name)
    donor.initials = initials(entry.name)
    donor.region_code = entry.region_code
    donor.uscc = entry.uscc
    donor.contact_name = entry.contact_name
    donor.lat, donor.lon = entry.lat, entry.lon
    donor.skills = list(entry.skills)
    donor.reach_m = entry.reach_m
    donor.max_households = entry.max_households
    donor.consent_public = entry.consent_public
    donor.updated_at = now
    if entry.phone:
        donor.phone_sealed = vault.seal(entry.phone, table="donors", row=donor.id, column="phone")
        donor.phone_index = vault.blind_index("phone", entry.phone)
    if entry.resident_id:
        donor.resident_id_sealed = vault.seal(entry.resident_id, table="donors", row=donor.id, column="resident_id")
        donor.resident_id_index = vault.blind_index("resident_id", entry.resident_id)


def _refuse_duplicate(session: Session, donor_id: uuid.UUID, entry: DonorEntry, *, scope: tuple[str, ...]) -> None:
    """A clear Conflict before the unique constraints speak; what lies outside the asker's regions is not described."""
    if entry.uscc:
        key, field = Donor.uscc == entry.uscc, "uscc"
    elif entry.resident_id:
        key = Donor.resident_id_index == vault_of(session).blind_index("resident_id", entry.resident_id)
        field = "resident_id"
    else:
        return
    known = session.execute(
        sa.select(Donor.number, Donor.name, Donor.region_code).where(key, Donor.id != donor_id)
    ).first()
    if known is None:
        return
    if covers(scope, known.region_code):
        raise Conflict(
            "Already registered as no. %(number)s, %(name)s; open that entry instead",
            field=field,
            number=known.number,
            name=known.name,
        )
    raise _registered_elsewhere(field)


def _registered_elsewhere(field: str) -> Conflict:
    if field == "uscc":
        return Conflict(
            "This unified social credit code is already registered; ask the county to look it up", field=field
        )
    return Conflict("This resident ID is already registered; ask the county to look it up", field=field)


def _save(session: Session, donor: Donor) -> None:
    """Flushes in a savepoint, so that a refusal leaves the caller's transaction usable."""
    try:
        with session.begin_nested():
            session.add(donor)
            session.flush()
    except StaleDataError as error:
        raise _changed_meanwhile() from error
    except IntegrityError as error:
        name = constraint_of(error)
        if name == "uq_donors_uscc":
            raise _registered_elsewhere("uscc") from error
        if name == "uq_donors_resident_id_index":
            raise _registered_elsewhere("resident_id") from error
        raise


def _set_status(
    session: Session,
    donor_id: uuid.UUID,
    status: str,
    *,
    allowed: tuple[str, ...],
    reason: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Donor:
    donor = get_donor(session, donor_id, scope=scope)
    reason = checked_text(reason, field="reason", most=500) or ""
    if donor.status not in allowed:
        raise Conflict(
            "The state of the donor changed meanwhile and does not admit this; reload the page", field="status"
        )
    donor.status, donor.updated_at = status, now
    _save(session, donor)
    audit.record(
        session,
        actor=actor,
        action="donor.suspended" if status == "suspended" else "donor.resumed",
        subject_type="donor",
        subject_id=donor.id,
        now=now,
        region_code=donor.region_code,
        reason=reason,
    )
    return donor


def _require_version(current: int, seen: int) -> None:
    if current != seen:
        raise _changed_meanwhile()


def _changed_meanwhile() -> Conflict:
    return Conflict("Somebody changed this meanwhile; reload, compare and save again", field="version")
