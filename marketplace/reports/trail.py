"""The audit trail as an auditor reads it: filtered, by page, never changed."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.accounts.models import RoleGrant
from kernel.audit import AuditEntry
from kernel.clock import SHANGHAI
from kernel.database import escape_like, within
from kernel.errors import InvalidInput
from kernel.paging import MOST, Page, page_of


@dataclass(frozen=True)
class TrailFilter:
    """What the trail is narrowed to: who, what (`round` or `round.approved`), which subject, and days in Shanghai, both inclusive."""

    actor: str = ""
    action: str = ""
    subject_id: str = ""
    since: date | None = None
    until: date | None = None


def list_trail(
    session: Session, *, scope: tuple[str, ...], wanted: TrailFilter, after: str | None = None, limit: int = 50
) -> Page:
    """AuditEntries within `scope`, newest first; `after` is the id of the last one seen. Raises InvalidInput for a key that is none.

    Entries that name no region are those of people who hold a role within scope, as on the day page.
    """
    limit = min(limit, MOST)
    people = sa.select(RoleGrant.user_id).where(within(RoleGrant.region_code, scope))
    query = (
        sa.select(AuditEntry)
        .where(
            sa.or_(
                within(AuditEntry.region_code, scope),
                sa.and_(AuditEntry.region_code.is_(None), AuditEntry.actor_id.in_(people)),
            )
        )
        .order_by(AuditEntry.id.desc())
    )
    if wanted.actor.strip():
        query = query.where(AuditEntry.actor.like(f"{escape_like(wanted.actor.strip().lower())}%"))
    if wanted.action.strip():
        query = query.where(AuditEntry.action.like(f"{escape_like(wanted.action.strip().lower())}%"))
    if wanted.subject_id.strip():
        query = query.where(AuditEntry.subject_id == wanted.subject_id.strip())
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= _midnight(wanted.since))
    if wanted.until is not None:
        query = query.where(AuditEntry.at < _midnight(wanted.until + timedelta(days=1)))
    if after is not None:
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise InvalidInput("This is no page of the list; start at its first page", field="after")
        query = query.where(AuditEntry.id < int(after))
    rows = list(session.scalars(query.limit(limit + 1)))
    return page_of(rows, limit=limit, key=lambda entry: entry.id)


def known_nouns(session: Session) -> list[str]:
    """The first words of all actions on the trail (`round`, `user` …), for the filter."""
    noun = sa.func.split_part(AuditEntry.action, ".", 1)
    return list(session.scalars(sa.select(noun).distinct().order_by(noun)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
