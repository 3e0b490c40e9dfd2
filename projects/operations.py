"""A federation drafts, lists and closes projects, and ties needs, offerings and funds to them."""

import uuid
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from donors.funds.queries import get_fund
from donors.offerings.queries import get_offering
from kernel import audit
from kernel.accounts.rules import Actor, require_scope
from kernel.catalogue.queries import require_categories
from kernel.clock import day_of
from kernel.database import new_id
from kernel.errors import Conflict, NotFound
from kernel.pinyin import syllables
from kernel.regions.queries import get_region
from projects.models import Project, ProjectFund, ProjectNeed, ProjectOffering
from projects.queries import get_project, needs_in_scope
from projects.rules import ProjectEntry, checked_project, require_listable
from projects.volunteering.models import Shift

_FIELDS = (
    "name", "summary", "organiser", "region_code", "categories", "budget_fen", "beneficiaries_wanted",
    "starts_on", "ends_on",
)  # fmt: skip


def draft_project(
    session: Session, *, entry: ProjectEntry, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Project:
    """A new project that only the federation sees. Raises InvalidFields, InvalidInput (category), NotFound (region), OutsideScope."""
    entry = checked_project(entry)
    require_scope(scope, entry.region_code)
    get_region(session, entry.region_code)
    require_categories(session, list(entry.categories), field="categories")
    project = Project(id=new_id(), created_at=now, status="draft")
    _fill(project, entry, now=now)
    session.add(project)
    session.flush()
    _record(session, project, "project.drafted", actor=actor, now=now, budget_fen=project.budget_fen)
    return project


def change_project(
    session: Session,
    *,
    project_id: uuid.UUID,
    entry: ProjectEntry,
    version: int,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> Project:
    """The project as `entry` has it. Raises as `draft_project`, and Conflict (closed, or changed meanwhile)."""
    project = get_project(session, project_id, scope=scope)
    if project.version != version:
        raise _changed_meanwhile()
    if project.status == "closed":
        raise Conflict("A closed project does not change any more; draft a new one", field="status")
    entry = checked_project(entry)
    require_scope(scope, entry.region_code)
    get_region(session, entry.region_code)
    require_categories(session, list(entry.categories), field="categories")
    before = {field: getattr(project, field) for field in _FIELDS}
    _fill(project, entry, now=now)
    changed = sorted(field for field in _FIELDS if getattr(project, field) != before[field])
    _save(session)
    _record(session, project, "project.changed", actor=actor, now=now, fields=changed)
    return project


def list_project(
    session: Session, *, project_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Project:
    """The draft becomes public. Raises NotFound, Conflict (no draft), InvalidInput (over already)."""
    project = get_project(session, project_id, scope=scope)
    if project.status != "draft":
        raise Conflict("Only a draft is listed; this project is listed or closed already", field="status")
    require_listable(project.ends_on, today=day_of(now))
    project.status, project.listed_by, project.updated_at = "listed", actor.id, now
    _save(session)
    _record(session, project, "project.listed", actor=actor, now=now)
    return project


def close_project(
    session: Session, *, project_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> Project:
    """Nothing new happens in the project; its page stays public. Raises NotFound, Conflict (closed, or shifts still to come)."""
    get_project(session, project_id, scope=scope)
    project = session.get_one(Project, project_id, populate_existing=True, with_for_update=True)
    if project.status == "closed":
        raise Conflict("The project is closed already", field="status")
    upcoming = session.scalar(
        sa.select(sa.func.count())
        .select_from(Shift)
        .where(Shift.project_id == project.id, Shift.status == "open", Shift.ends_at > now)
    )
    if upcoming:
        raise Conflict(
            "%(count)s shifts of this project are still to come; cancel them first", field="status", count=upcoming
        )
    project.status, project.updated_at = "closed", now
    _save(session)
    _record(session, project, "project.closed", actor=actor, now=now)
    return project


def tie_needs(
    session: Session,
    *,
    project_id: uuid.UUID,
    need_ids: Iterable[uuid.UUID],
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> int:
    """The needs belong to this project from now on; returns how many were new. Raises NotFound, Conflict (another project's)."""
    project = _changeable(session, project_id, scope=scope)
    wanted = set(need_ids)
    if needs_in_scope(session, wanted, scope=scope) != wanted:
        raise NotFound("There is no such need, or it lies outside your regions", field="need_ids")
    new = set(
        session.scalars(
            insert(ProjectNeed)
            .values([{"need_id": key, "project_id": project.id} for key in sorted(wanted)])
            .on_conflict_do_nothing(index_elements=[ProjectNeed.need_id])
            .returning(ProjectNeed.need_id)
        )
        if wanted
        else ()
    )
    others = session.scalar(
        sa.select(sa.func.count())
        .select_from(ProjectNeed)
        .where(ProjectNeed.need_id.in_(wanted), ProjectNeed.project_id != project.id)
    )
    if others:
        raise Conflict("%(count)s of these needs belong to another project", field="need_ids", count=others)
    _record(session, project, "project.needs_tied", actor=actor, now=now, count=len(new))
    return len(new)


def tie_offering(
    session: Session,
    *,
    project_id: uuid.UUID,
    offering_id: uuid.UUID,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> bool:
    """The offering is for this project (and others it is tied to) alone; False where it was already. Raises NotFound, Conflict."""
    project = _changeable(session, project_id, scope=scope)
    get_offering(session, offering_id, scope=scope)
    if session.get(ProjectOffering, (offering_id, project.id)) is not None:
        return False
    session.add(ProjectOffering(offering_id=offering_id, project_id=project.id))
    session.flush()
    _record(session, project, "project.offering_tied", actor=actor, now=now, offering_id=offering_id)
    return True


def tie_fund(
    session: Session, *, project_id: uuid.UUID, fund_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> bool:
    """The fund pays for this project (and others it is tied to) alone; False where it was so already. Raises NotFound, Conflict."""
    project = _changeable(session, project_id, scope=scope)
    get_fund(session, fund_id, scope=scope)
    if session.get(ProjectFund, (fund_id, project.id)) is not None:
        return False
    session.add(ProjectFund(fund_id=fund_id, project_id=project.id))
    session.flush()
    _record(session, project, "project.fund_tied", actor=actor, now=now, fund_id=fund_id)
    return True


def _changeable(session: Session, project_id: uuid.UUID, *, scope: tuple[str, ...]) -> Project:
    project = get_project(session, project_id, scope=scope)
    if project.status == "closed":
        raise Conflict("A closed project does not change any more; draft a new one", field="status")
    return project


def _fill(project: Project, entry: ProjectEntry, *, now: datetime) -> None:
    for field in _FIELDS:
        value = getattr(entry, field)
        setattr(project, field, list(value) if field == "categories" else value)
    project.pinyin = syllables(entry.name)
    project.updated_at = now


def _save(session: Session) -> None:
    try:
        with session.begin_nested():
            session.flush()
    except StaleDataError as error:
        raise _changed_meanwhile() from error


def _changed_meanwhile() -> Conflict:
    return Conflict("Somebody changed this meanwhile; reload, compare and save again", field="version")


def _record(session: Session, project: Project, action: str, *, actor: Actor, now: datetime, **detail: object) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject_type="project",
        subject_id=project.id,
        now=now,
        region_code=project.region_code,
        **detail,
    )
