"""Opening shifts and signing up. A place is taken by a guarded update; the database refuses overbooking and overlap by itself."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from donors.models import Donor
from kernel import audit
from kernel.accounts.rules import Actor, require_scope
from kernel.catalogue.queries import require_skills
from kernel.database import constraint_of, new_id
from kernel.errors import Conflict, NotAllowed, NotFound
from kernel.regions.queries import get_region
from projects.models import Project
from projects.queries import get_project
from projects.volunteering.models import Shift, SignUp
from projects.volunteering.queries import get_shift, sign_up_on
from projects.volunteering.rules import (
    ShiftEntry,
    ShiftFull,
    ShiftOver,
    ShiftsOverlap,
    SkillMissing,
    checked_shift,
    missing_skills,
)


def open_shift(session: Session, *, entry: ShiftEntry, actor: Actor, scope: tuple[str, ...], now: datetime) -> Shift:
    """A new shift of a project. Raises InvalidFields, InvalidInput (skill), NotFound (project, region), OutsideScope, Conflict."""
    entry = checked_shift(entry, now=now)
    project = get_project(session, entry.project_id, scope=scope)
    if project.status == "closed":
        raise Conflict("A closed project does not change any more; draft a new one", field="project_id")
    require_scope(scope, entry.region_code)
    get_region(session, entry.region_code)
    require_skills(session, list(entry.requires), field="requires")
    shift = Shift(
        id=new_id(), project_id=project.id, title=entry.title, place=entry.place, region_code=entry.region_code,
        lat=entry.lat, lon=entry.lon, starts_at=entry.starts_at, ends_at=entry.ends_at, capacity=entry.capacity,
        requires=list(entry.requires), created_at=now,
    )  # fmt: skip
    session.add(shift)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="shift.opened",
        subject_type="shift",
        subject_id=shift.id,
        now=now,
        region_code=shift.region_code,
        project_id=project.id,
        capacity=shift.capacity,
    )
    return shift


def cancel_shift(
    session: Session, *, shift_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Shift:
    """The shift does not take place; every place on it is given back. Raises NotFound, ShiftOver."""
    get_shift(session, shift_id, scope=scope)
    shift = session.get_one(Shift, shift_id, populate_existing=True, with_for_update={"key_share": True})
    if shift.status != "open" or shift.starts_at <= now:
        raise ShiftOver("The shift has started or was cancelled", field="shift_id")
    given_back = session.execute(
        sa.update(SignUp)
        .where(SignUp.shift_id == shift.id, SignUp.status == "signed_up")
        .values(status="cancelled", cancelled_at=now)
    ).rowcount
    shift.status, shift.taken = "cancelled", 0
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="shift.cancelled",
        subject_type="shift",
        subject_id=shift.id,
        now=now,
        region_code=shift.region_code,
        places_given_back=given_back,
    )
    return shift


def sign_up(session: Session, *, shift_id: uuid.UUID, volunteer_id: uuid.UUID, actor: Actor, now: datetime) -> SignUp:
    """The volunteer takes one place. Whoever calls has made sure that `actor` may act for the volunteer.

    Raises NotFound, NotAllowed (no active volunteer), SkillMissing, ShiftOver, ShiftFull, ShiftsOverlap. Signing up twice for the
    same shift gives the place that is there.
    """
    # One volunteer's sign-ups queue up here: two racing inserts under the exclusion constraint would else deadlock.
    volunteer = session.scalar(
        sa.select(Donor)
        .where(Donor.id == volunteer_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if volunteer is None or volunteer.kind != "volunteer" or volunteer.status != "active":
        raise NotAllowed("Only an active volunteer takes a shift", field="volunteer_id")
    row = get_shift(session, shift_id, scope=None)
    if (place := sign_up_on(session, shift_id=shift_id, volunteer_id=volunteer_id)) is not None:
        return place
    _require_open(row.shift, row.project, now=now)
    if missing := missing_skills(row.shift.requires, volunteer.skills):
        raise SkillMissing(
            "The shift needs skills that your entry does not name: %(skills)s",
            field="shift_id",
            skills=", ".join(missing),
        )
    place = SignUp(
        id=new_id(), shift_id=shift_id, volunteer_id=volunteer_id,
        period=Range(row.shift.starts_at, row.shift.ends_at), signed_up_at=now,
    )  # fmt: skip
    try:
        with session.begin_nested():
            _take_place(session, shift_id, now=now)
            session.add(place)
            session.flush()
    except IntegrityError as error:
        if constraint_of(error) == "ex_sign_ups_no_overlap":
            raise ShiftsOverlap(
                "You are signed up for another shift at this time; cancel that one first", field="shift_id"
            ) from error
        raise
    finally:
        session.expire(row.shift, ["taken", "status"])
    audit.record(
        session,
        actor=actor,
        action="shift.signed_up",
        subject_type="shift",
        subject_id=shift_id,
        now=now,
        region_code=row.shift.region_code,
        volunteer_id=volunteer_id,
    )
    return place


def cancel_sign_up(
    session: Session, *, shift_id: uuid.UUID, volunteer_id: uuid.UUID, actor: Actor, now: datetime
) -> SignUp:
    """The volunteer gives the place back before the shift starts. Raises NotFound, ShiftOver."""
    session.execute(sa.select(Donor.id).where(Donor.id == volunteer_id).with_for_update(key_share=True))
    place = sign_up_on(session, shift_id=shift_id, volunteer_id=volunteer_id)
    if place is None:
        raise NotFound("There is no sign-up of yours for this shift", field="shift_id")
    shift = session.get_one(Shift, shift_id, populate_existing=True, with_for_update={"key_share": True})
    if shift.starts_at <= now:
        raise ShiftOver("The shift has started or was cancelled", field="shift_id")
    place.status, place.cancelled_at = "cancelled", now
    shift.taken -= 1
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="shift.sign_up_cancelled",
        subject_type="shift",
        subject_id=shift_id,
        now=now,
        region_code=shift.region_code,
        volunteer_id=volunteer_id,
    )
    return place


def _take_place(session: Session, shift_id: uuid.UUID, *, now: datetime) -> None:
    """One guarded update; where it finds nothing, the reason is read afterwards."""
    taken = session.execute(
        sa.update(Shift)
        .where(Shift.id == shift_id, Shift.status == "open", Shift.starts_at > now, Shift.taken < Shift.capacity)
        .values(taken=Shift.taken + 1)
        .returning(Shift.id)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is not None:
        return
    row = get_shift(session, shift_id, scope=None)
    session.refresh(row.shift)
    _require_open(row.shift, row.project, now=now)
    raise ShiftFull("All places of this shift are taken; look for another one", field="shift_id")


def _require_open(shift: Shift, project: Project, *, now: datetime) -> None:
    if project.status != "listed":
        raise ShiftOver("The project of this shift is not listed", field="shift_id")
    if shift.status != "open" or shift.starts_at <= now:
        raise ShiftOver("The shift has started or was cancelled", field="shift_id")
