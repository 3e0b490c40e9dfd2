"""Reading leads: always within the asker's regions, sealed numbers masked; the public learns by its receipt no more than how far things are."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.leads.models import Lead
from households.leads.rules import COUNTY_DIGITS, read_receipt_code
from households.policy.monitoring import CHANNELS
from kernel.accounts.models import RoleGrant, User
from kernel.audit import AuditEntry
from kernel.crypto import vault_of
from kernel.database import escape_like, within
from kernel.errors import InvalidInput, NotFound
from kernel.identity import masked
from kernel.paging import MOST, Page, page_of

VERIFIERS = ("worker", "coordinator")
"""Roles that can answer for a lead"""
LEAD_REVEALED = "lead.revealed"


@dataclass(frozen=True)
class LeadView:
    """A lead as shown: numbers masked, texts only as being there or not; `owner` the person's name, None while the unit has nobody."""

    row: Lead
    owner: str | None
    phone_masked: str | None
    resident_id_masked: str | None
    has_address: bool
    has_teller: bool


@dataclass(frozen=True)
class Step:
    """Something that was done with a lead: when, by whom, what, without anything sealed."""

    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class ChannelFigures:
    """Leads of a channel that came in within a period: what became of them."""

    channel: str
    open: int
    late: int
    registered: int
    known: int
    merged: int
    closings: dict[str, int]

    @property
    def total(self) -> int:
        """All that came in."""
        return self.open + self.registered + self.known + self.merged + sum(self.closings.values())


def list_leads(
    session: Session,
    *,
    scope: tuple[str, ...],
    text: str = "",
    region_code: str | None = None,
    channel: str | None = None,
    status: str | None = "open",
    late_on: date | None = None,
    owner_id: uuid.UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Leads by the day they are due, so that late ones stand first; `late_on` keeps to those late on that day.

    `text` is a part of the name, pinyin, initials or the number. Raises InvalidInput for a key that is none.
    """
    limit = min(limit, MOST)
    query = sa.select(Lead).where(within(Lead.region_code, scope)).order_by(Lead.due_on, Lead.number)
    wanted = text.strip().lower()
    if wanted:
        pattern = escape_like(wanted)
        found = [Lead.name.like(f"%{pattern}%"), Lead.pinyin.like(f"{pattern}%"), Lead.initials.like(f"{pattern}%")]
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 16:
            found.append(Lead.number == int(wanted))
        query = query.where(sa.or_(*found))
    if region_code:
        query = query.where(within(Lead.region_code, (region_code,)))
    for column, value in ((Lead.channel, channel), (Lead.status, status), (Lead.owner_id, owner_id)):
        if value:
            query = query.where(column == value)
    if late_on is not None:
        query = query.where(Lead.status == "open", Lead.due_on < late_on)
    if after is not None:
        query = query.where(sa.tuple_(Lead.due_on, Lead.number) > sa.tuple_(*_page_key(after)))
    rows = list(session.scalars(query.limit(limit + 1)))
    return page_of(rows, limit=limit, key=lambda row: f"{row.due_on:%Y%m%d}-{row.number}")


def _page_key(after: str) -> tuple[date, int]:
    day, _, number = after.partition("-")
    try:
        if not (number.isascii() and number.isdigit() and len(number) < 16 and len(day) == 8):
            raise ValueError
        return date(int(day[:4]), int(day[4:6]), int(day[6:])), int(number)
    except ValueError as error:
        raise InvalidInput("This is no page of the list; start at its first page", field="after") from error


def get_lead(session: Session, lead_id: uuid.UUID, *, scope: tuple[str, ...], lock: bool = False) -> Lead:
    """The lead. Raises NotFound, also outside `scope`."""
    query = sa.select(Lead).where(Lead.id == lead_id, within(Lead.region_code, scope))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    lead = session.scalar(query)
    if lead is None:
        raise NotFound("There is no such lead in the regions you work in")
    return lead


def lead_view(session: Session, lead: Lead) -> LeadView:
    """The lead as shown to whoever may read it."""
    vault = vault_of(session)

    def shown(column: str, head: int, tail: int) -> str | None:
        sealed = getattr(lead, f"{column}_sealed")
        if sealed is None:
            return None
        return masked(vault.open(sealed, table="leads", row=lead.id, column=column), head=head, tail=tail)

    owner = session.get(User, lead.owner_id) if lead.owner_id else None
    return LeadView(
        lead, owner.display_name if owner else None, shown("phone", 6, 2), shown("resident_id", 6, 1),
        lead.address_sealed is not None, lead.teller_sealed is not None,
    )  # fmt: skip


def owner_names(session: Session, leads: list[Lead]) -> dict[uuid.UUID, str]:
    """The names of the people who answer for these leads."""
    ids = {lead.owner_id for lead in leads if lead.owner_id}
    rows = session.execute(sa.select(User.id, User.display_name).where(User.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def indexes_of(session: Session, lead: Lead) -> tuple[set[bytes], set[bytes]]:
    """The blind indexes of resident IDs and of telephones that the lead and those merged into it were told with."""
    rows = session.execute(
        sa.select(Lead.resident_id_index, Lead.phone_index).where(
            sa.or_(Lead.id == lead.id, Lead.merged_into_id == lead.id)
        )
    ).all()
    return tuple({bytes(row[at]) for row in rows if row[at] is not None} for at in (0, 1))  # type: ignore[return-value]


def merged_leads(session: Session, lead: Lead) -> list[Lead]:
    """The leads that go on in this one, oldest first; each keeps all that was told."""
    return list(session.scalars(sa.select(Lead).where(Lead.merged_into_id == lead.id).order_by(Lead.number)))


def steps_of(session: Session, lead_id: uuid.UUID) -> list[Step]:
    """What was done with the lead, newest first, from the audit trail."""
    rows = session.scalars(
        sa.select(AuditEntry)
        .where(AuditEntry.subject_type == "lead", AuditEntry.subject_id == str(lead_id))
        .order_by(AuditEntry.id.desc())
    )
    return [Step(row.at, row.actor, row.action, row.detail) for row in rows]


@dataclass(frozen=True)
class PossibleOwner:
    """Somebody by a role that covers a place, with the open leads that person answers for."""

    user: User
    role: str
    region_code: str
    open_leads: int


def owners_by_role(session: Session, region_code: str) -> list[PossibleOwner]:
    """The active people by each of their roles that cover the place; only their own leads are counted."""
    above = [region_code[:digits] for digits in (2, 4, 6, 9, 12) if digits <= len(region_code)]
    load = (
        sa.select(sa.func.count()).where(Lead.owner_id == User.id, Lead.status == "open").correlate(User).scalar_subquery()
    )  # fmt: skip
    rows = session.execute(
        sa.select(User, RoleGrant.role, RoleGrant.region_code, load)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(User.active, RoleGrant.role.in_(VERIFIERS), RoleGrant.region_code.in_(above))
    )
    return [PossibleOwner(*row) for row in rows]


def in_order(owners: Iterable[PossibleOwner]) -> list[User]:
    """Each person once, nearest first, then whoever answers for fewer open leads."""
    ordered = sorted(
        owners,
        key=lambda one: (-len(one.region_code), VERIFIERS.index(one.role), one.open_leads, one.user.login),
    )
    return list({one.user.id: one.user for one in ordered}.values())


def possible_owners(session: Session, region_code: str) -> list[User]:
    """The active people whose role covers the place, nearest first, then whoever answers for fewer open leads."""
    return in_order(owners_by_role(session, region_code))


def served_counties(session: Session) -> tuple[str, ...]:
    """The counties where somebody can answer for a lead: those the public may name."""
    codes = session.scalars(
        sa.select(RoleGrant.region_code)
        .distinct()
        .join(User, User.id == RoleGrant.user_id)
        .where(RoleGrant.role.in_(VERIFIERS), User.active, sa.func.length(RoleGrant.region_code) >= COUNTY_DIGITS)
    )
    return tuple(sorted({code[:COUNTY_DIGITS] for code in codes}))


def stage_of_receipt(session: Session, code: str) -> str:
    """``received``, ``looked_into`` or ``finished``: nothing of the household, nor whether there is one. Raises InvalidInput, NotFound."""
    index = vault_of(session).blind_index("receipt", read_receipt_code(code))
    lead = session.scalar(sa.select(Lead).where(Lead.receipt_index == index))
    if lead is None:
        raise NotFound("No report has this receipt code; compare it with your receipt", field="code")
    while lead.merged_into_id is not None:
        lead = session.get_one(Lead, lead.merged_into_id)
    if lead.status != "open":
        return "finished"
    return "received" if lead.seen_at is None else "looked_into"


def figures(
    session: Session, *, scope: tuple[str, ...], since: datetime, until: datetime, today: date
) -> list[ChannelFigures]:
    """Leads that came in from `since` until before `until`, by channel: open, late, and what came of the others."""
    rows = session.execute(
        sa.select(Lead.channel, Lead.status, Lead.closing, sa.func.count(), sa.func.count().filter(Lead.due_on < today))
        .where(within(Lead.region_code, scope), Lead.created_at >= since, Lead.created_at < until)
        .group_by(Lead.channel, Lead.status, Lead.closing)
    ).all()
    found = []
    for channel in CHANNELS:
        mine = [row for row in rows if row[0] == channel]
        count = {status: sum(row[3] for row in mine if row[1] == status) for status in ("open", "registered", "known", "merged")}  # fmt: skip
        found.append(
            ChannelFigures(
                channel,
                late=sum(row[4] for row in mine if row[1] == "open"),
                closings={row[2]: row[3] for row in mine if row[1] == "closed"},
                **count,
            )
        )
    return found
