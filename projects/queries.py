"""Reading charity projects. A listed project is public; drafts belong to the federation's regions."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.needs.models import Need
from kernel.database import escape_like, within
from kernel.errors import NotFound
from kernel.paging import MOST, Page, page_of
from projects.models import Project, ProjectFund, ProjectNeed, ProjectOffering
from projects.volunteering.models import Shift


@dataclass(frozen=True)
class ProjectRow:
    """A project with what lists show: upcoming open shifts and places still free on them."""

    project: Project
    shifts: int
    places_free: int


@dataclass(frozen=True)
class ProjectTies:
    """How much hangs on a project: needs and their households, offerings, funds."""

    needs: int
    households: int
    offerings: int
    fund_ids: tuple[uuid.UUID, ...]


def list_projects(
    session: Session,
    *,
    scope: tuple[str, ...],
    now: datetime,
    search: str = "",
    status: str | None = None,
    region_code: str | None = None,
    category_code: str | None = None,
    with_free_places: bool = False,
    after: int | None = None,
    limit: int = 50,
) -> Page:
    """ProjectRows within `scope`, newest first; `after` is the number of the last one seen."""
    return _page(
        session, within(Project.region_code, scope), now=now, search=search, status=status, region_code=region_code,
        category_code=category_code, with_free_places=with_free_places, after=after, limit=limit,
    )  # fmt: skip


def list_public_projects(
    session: Session,
    *,
    now: datetime,
    search: str = "",
    region_code: str | None = None,
    category_code: str | None = None,
    with_free_places: bool = False,
    after: int | None = None,
    limit: int = 50,
) -> Page:
    """ProjectRows of listed projects of all regions, for everybody. As `list_projects`."""
    return _page(
        session, sa.true(), now=now, search=search, status="listed", region_code=region_code,
        category_code=category_code, with_free_places=with_free_places, after=after, limit=limit,
    )  # fmt: skip


def get_project(session: Session, project_id: uuid.UUID, *, scope: tuple[str, ...]) -> Project:
    """The project, where it lies within `scope`. Raises NotFound."""
    project = session.get(Project, project_id)
    if project is None or not any(project.region_code.startswith(code) for code in scope):
        raise NotFound("There is no such project, or it lies outside your regions", field="project_id")
    return project


def get_public_project(session: Session, project_id: uuid.UUID) -> Project:
    """A listed or closed project, for everybody. Raises NotFound."""
    project = session.get(Project, project_id)
    if project is None or project.status == "draft":
        raise NotFound("There is no such project", field="project_id")
    return project


def ties_of(session: Session, project_id: uuid.UUID) -> ProjectTies:
    """What hangs on the project, in numbers; names of households never leave this floor."""
    needs, households = session.execute(
        sa.select(sa.func.count(), sa.func.count(sa.distinct(Need.household_id)))
        .select_from(ProjectNeed)
        .join(Need, Need.id == ProjectNeed.need_id)
        .where(ProjectNeed.project_id == project_id)
    ).one()
    offerings = session.scalar(
        sa.select(sa.func.count()).select_from(ProjectOffering).where(ProjectOffering.project_id == project_id)
    )
    funds = session.scalars(
        sa.select(ProjectFund.fund_id).where(ProjectFund.project_id == project_id).order_by(ProjectFund.fund_id)
    )
    return ProjectTies(needs, households, offerings or 0, tuple(funds))


def projects_of_funds(session: Session, fund_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    """The projects each fund is tied to; a fund that is absent is for all. What `donors.funds.booking.reserve_many` asks."""
    return _tied(session, ProjectFund.fund_id, ProjectFund.project_id, fund_ids)


def projects_of_offerings(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    """The projects each offering is tied to; an offering that is absent is for all."""
    return _tied(session, ProjectOffering.offering_id, ProjectOffering.project_id, ids)


def project_of_needs(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The project of each need that belongs to one."""
    rows = session.execute(
        sa.select(ProjectNeed.need_id, ProjectNeed.project_id).where(ProjectNeed.need_id.in_(list(ids)))
    )
    return {need_id: project_id for need_id, project_id in rows}


def needs_in_scope(session: Session, need_ids: Iterable[uuid.UUID], *, scope: tuple[str, ...]) -> set[uuid.UUID]:
    """Those of the needs whose household lies within `scope`."""
    return set(
        session.scalars(
            sa.select(Need.id)
            .join(Household, Household.id == Need.household_id)
            .where(Need.id.in_(list(need_ids)), within(Household.region_code, scope))
        )
    )


def _tied(
    session: Session, key: sa.ColumnElement, value: sa.ColumnElement, ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for row_key, project_id in session.execute(sa.select(key, value).where(key.in_(list(ids)))):
        found.setdefault(row_key, set()).add(project_id)
    return {row_key: frozenset(projects) for row_key, projects in found.items()}


def _page(
    session: Session,
    where: sa.ColumnElement[bool],
    *,
    now: datetime,
    search: str,
    status: str | None,
    region_code: str | None,
    category_code: str | None,
    with_free_places: bool,
    after: int | None,
    limit: int,
) -> Page:
    upcoming = (
        sa.select(
            Shift.project_id,
            sa.func.count().label("shifts"),
            sa.func.sum(Shift.capacity - Shift.taken).label("free"),
        )
        .where(Shift.status == "open", Shift.starts_at > now)
        .group_by(Shift.project_id)
        .subquery()
    )
    free = sa.func.coalesce(upcoming.c.free, 0)
    query = (
        sa.select(Project, sa.func.coalesce(upcoming.c.shifts, 0), free)
        .outerjoin(upcoming, upcoming.c.project_id == Project.id)
        .where(where)
    )
    if wanted := search.strip():
        low = escape_like(wanted.lower())
        found = [
            Project.name.ilike(f"%{escape_like(wanted)}%"),
            Project.pinyin.like(f"%{low}%"),
            Project.organiser.ilike(f"%{escape_like(wanted)}%"),
        ]
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 18:
            found.append(Project.number == int(wanted))
        query = query.where(sa.or_(*found))
    if status:
        query = query.where(Project.status == status)
    if region_code:
        query = query.where(within(Project.region_code, (region_code,)))
    if category_code:
        query = query.where(Project.categories.contains([category_code]))
    if with_free_places:
        query = query.where(free > 0)
    if after is not None:
        query = query.where(Project.number < after)
    limit = min(limit, MOST)
    rows = [
        ProjectRow(project, shifts, int(places))
        for project, shifts, places in session.execute(query.order_by(Project.number.desc()).limit(limit + 1))
    ]
    return page_of(rows, limit=limit, key=lambda row: row.project.number)
