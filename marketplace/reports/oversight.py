"""What the auditor's and the administrator's day pages show: the newest bookings and trail entries, accounts, and system health."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund, LedgerAccount, LedgerEntry, LedgerTransaction
from kernel.accounts.models import RoleGrant, User
from kernel.audit import AuditEntry
from kernel.database import within
from kernel.outbox import OutboxItem


@dataclass(frozen=True)
class Booking:
    """A transaction of the ledger: kind, and how much it moved in fen (the sum of its positive entries)."""

    id: uuid.UUID
    kind: str
    at: datetime
    amount_fen: int


def newest_bookings(session: Session, *, scope: tuple[str, ...], limit: int = 6) -> list[Booking]:
    """The newest transactions that touch a fund in scope."""
    rows = session.execute(
        sa.select(
            LedgerTransaction.id,
            LedgerTransaction.kind,
            LedgerTransaction.at,
            sa.func.sum(LedgerEntry.amount_fen).filter(LedgerEntry.amount_fen > 0),
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .join(Fund, Fund.id == LedgerAccount.fund_id)
        .where(within(Fund.region_code, scope))
        .group_by(LedgerTransaction.id)
        .order_by(LedgerTransaction.at.desc(), LedgerTransaction.id.desc())
        .limit(limit)
    )
    return [Booking(row[0], row[1], row[2], int(row[3] or 0)) for row in rows]


@dataclass(frozen=True)
class TrailLine:
    """An entry of the audit trail, without its detail."""

    id: int
    at: datetime
    actor: str
    action: str
    subject_type: str


def newest_trail(session: Session, *, scope: tuple[str, ...], limit: int = 8) -> list[TrailLine]:
    """The newest entries within scope; of those that name no region, the ones by people who hold a role within scope."""
    people = sa.select(RoleGrant.user_id).where(within(RoleGrant.region_code, scope))
    rows = session.execute(
        sa.select(AuditEntry.id, AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.subject_type)
        .where(
            sa.or_(
                within(AuditEntry.region_code, scope),
                sa.and_(AuditEntry.region_code.is_(None), AuditEntry.actor_id.in_(people)),
            )
        )
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    return [TrailLine(*row) for row in rows]


def ledger_sum(session: Session) -> int:
    """The sum of all entries of the ledger in fen: zero, or something is wrong (promise 2)."""
    return int(session.scalar(sa.select(sa.func.coalesce(sa.func.sum(LedgerEntry.amount_fen), 0))) or 0)


@dataclass(frozen=True)
class RoleLine:
    """How many active and closed accounts hold a role."""

    role: str
    active: int
    closed: int


def accounts_by_role(session: Session, *, scope: tuple[str, ...]) -> list[RoleLine]:
    """Accounts whose role was granted within scope."""
    rows = session.execute(
        sa.select(
            RoleGrant.role,
            sa.func.count(User.id.distinct()).filter(User.active),
            sa.func.count(User.id.distinct()).filter(~User.active),
        )
        .join(User, User.id == RoleGrant.user_id)
        .where(within(RoleGrant.region_code, scope))
        .group_by(RoleGrant.role)
        .order_by(RoleGrant.role)
    )
    return [RoleLine(*row) for row in rows]


@dataclass(frozen=True)
class Waiting:
    """What the outbox holds that is not done: how many items, how many failed at least once, since when the oldest waits."""

    items: int
    failed: int
    oldest: datetime | None


def outbox_waiting(session: Session) -> Waiting:
    """The state of the work that follows commits; it names nobody and nothing."""
    row = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count().filter(OutboxItem.last_error.is_not(None)),
            sa.func.min(OutboxItem.created_at),
        ).where(OutboxItem.done_at.is_(None))
    ).one()
    return Waiting(*row)
