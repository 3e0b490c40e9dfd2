"""Reading shifts and sign-ups."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.models import Donor
from kernel.database import within
from kernel.errors import NotFound
from kernel.paging import MOST, Page, page_of
from kernel.regions.queries import point_of, with_ancestors
from projects.models import Project
from projects.volunteering.models import Shift, SignUp
from projects.volunteering.rules import distance_m, missing_skills

_MOST_SEARCHED = 1_000  # upcoming shifts of one county that are ranked by distance


@dataclass(frozen=True)
class ShiftRow:
    """A shift with its project; `distance_m` from the asking volunteer, None where a point is unknown."""

    shift: Shift
    project: Project
    distance_m: int | None = None

    @property
    def places_free(self) -> int:
        return self.shift.capacity - self.shift.taken


@dataclass(frozen=True)
class SignUpRow:
    """A place on a shift, seen by its volunteer."""

    sign_up: SignUp
    shift: Shift
    project: Project


@dataclass(frozen=True)
class Hours:
    """A volunteer's time: shifts that are over and shifts to come."""

    served: timedelta
    shifts_served: int
    coming: timedelta
    shifts_coming: int


def list_shifts(
    session: Session,
    *,
    scope: tuple[str, ...] | None,
    now: datetime,
    project_id: uuid.UUID | None = None,
    region_code: str | None = None,
    upcoming: bool = True,
    with_free_places: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """ShiftRows by start. `scope` None: the public view, listed projects alone. `after` is ``next_after`` of the page before."""
    query = sa.select(Shift, Project).join(Project, Project.id == Shift.project_id)
    query = query.where(Project.status == "listed" if scope is None else within(Shift.region_code, scope))
    if project_id is not None:
        query = query.where(Shift.project_id == project_id)
    if region_code:
        query = query.where(within(Shift.region_code, (region_code,)))
    if upcoming:
        query = query.where(Shift.status == "open", Shift.starts_at > now)
    if with_free_places:
        query = query.where(Shift.taken < Shift.capacity)
    if after is not None:
        start, key = _read_key(after)
        query = query.where(sa.tuple_(Shift.starts_at, Shift.id) > sa.tuple_(start, key))
    limit = min(limit, MOST)
    found = session.execute(query.order_by(Shift.starts_at, Shift.id).limit(limit + 1)).all()
    rows = [ShiftRow(shift, project) for shift, project in found]
    return page_of(rows, limit=limit, key=lambda row: f"{row.shift.starts_at.timestamp():.6f}~{row.shift.id}")


def get_shift(session: Session, shift_id: uuid.UUID, *, scope: tuple[str, ...] | None) -> ShiftRow:
    """The shift within `scope`; with None the public view (projects that are no drafts). Raises NotFound."""
    found = session.execute(
        sa.select(Shift, Project).join(Project, Project.id == Shift.project_id).where(Shift.id == shift_id)
    ).first()
    if found is None or not (
        found[1].status != "draft" if scope is None else any(found[0].region_code.startswith(code) for code in scope)
    ):
        raise NotFound("There is no such shift, or it lies outside your regions", field="shift_id")
    return ShiftRow(*found)


def shifts_near(session: Session, *, volunteer: Donor, now: datetime, limit: int = 50) -> list[ShiftRow]:
    """Upcoming shifts of the volunteer's county with a free place whose skills the volunteer has, nearest first, then soonest.

    The first 1,000 by start are ranked. A shift or volunteer without a point stands at the nearest region that has one; where
    that is unknown too the shift comes last. Shifts on which the volunteer already has a place are left out.
    """
    mine = sa.select(SignUp.shift_id).where(SignUp.volunteer_id == volunteer.id, SignUp.status == "signed_up")
    found = session.execute(
        sa.select(Shift, Project)
        .join(Project, Project.id == Shift.project_id)
        .where(
            Project.status == "listed",
            Shift.status == "open",
            Shift.starts_at > now,
            Shift.taken < Shift.capacity,
            within(Shift.region_code, (volunteer.region_code[:6],)),
            Shift.id.not_in(mine),
        )
        .order_by(Shift.starts_at, Shift.id)
        .limit(_MOST_SEARCHED)
    ).all()
    regions = {
        region.code: region
        for region in with_ancestors(session, {volunteer.region_code, *(shift.region_code for shift, _ in found)})
    }

    def place(row: Donor | Shift) -> tuple[float, float] | None:
        if row.lat is not None and row.lon is not None:
            return row.lat, row.lon
        return point_of(regions[row.region_code], regions) if row.region_code in regions else None

    home = place(volunteer)
    rows = [
        ShiftRow(shift, project, distance_m(home, place(shift)))
        for shift, project in found
        if not missing_skills(shift.requires, volunteer.skills)
    ]
    rows.sort(key=lambda row: (row.distance_m is None, row.distance_m or 0, row.shift.starts_at))
    return rows[:limit]


def sign_ups_of(
    session: Session, volunteer_id: uuid.UUID, *, now: datetime, upcoming: bool, limit: int = 100
) -> list[SignUpRow]:
    """The volunteer's places: those to come, soonest first, or those that are over, latest first."""
    query = (
        sa.select(SignUp, Shift, Project)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Project, Project.id == Shift.project_id)
        .where(SignUp.volunteer_id == volunteer_id, SignUp.status == "signed_up")
    )
    if upcoming:
        query = query.where(Shift.ends_at > now).order_by(Shift.starts_at)
    else:
        query = query.where(Shift.ends_at <= now).order_by(Shift.starts_at.desc())
    return [SignUpRow(*row) for row in session.execute(query.limit(limit))]


def sign_ups_on(session: Session, shift_id: uuid.UUID) -> list[tuple[SignUp, Donor]]:
    """Who has a place on the shift, in the order of signing up."""
    rows = session.execute(
        sa.select(SignUp, Donor)
        .join(Donor, Donor.id == SignUp.volunteer_id)
        .where(SignUp.shift_id == shift_id, SignUp.status == "signed_up")
        .order_by(SignUp.signed_up_at, SignUp.id)
    )
    return [(sign_up, donor) for sign_up, donor in rows]


def sign_up_on(session: Session, *, shift_id: uuid.UUID, volunteer_id: uuid.UUID) -> SignUp | None:
    """The volunteer's place on the shift, or None."""
    return session.scalar(
        sa.select(SignUp).where(
            SignUp.shift_id == shift_id, SignUp.volunteer_id == volunteer_id, SignUp.status == "signed_up"
        )
    )


def hours_of(session: Session, volunteer_id: uuid.UUID, *, now: datetime) -> Hours:
    """Hours of shifts the volunteer had a place on, over and to come."""
    length = Shift.ends_at - Shift.starts_at
    over = Shift.ends_at <= now
    row = session.execute(
        sa.select(
            sa.func.sum(length).filter(over),
            sa.func.count().filter(over),
            sa.func.sum(length).filter(~over),
            sa.func.count().filter(~over),
        )
        .select_from(SignUp)
        .join(Shift, Shift.id == SignUp.shift_id)
        .where(SignUp.volunteer_id == volunteer_id, SignUp.status == "signed_up")
    ).one()
    return Hours(row[0] or timedelta(), row[1], row[2] or timedelta(), row[3])


def _read_key(after: str) -> tuple[datetime, uuid.UUID]:
    """The key of a page. Raises NotFound for one that no page gave."""
    try:
        moment, key = after.split("~")
        return datetime.fromtimestamp(float(moment), UTC), uuid.UUID(key)
    except (ValueError, OverflowError, OSError) as error:
        raise NotFound("There is no such page; start again from the first", field="after") from error
