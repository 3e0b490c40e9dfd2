"""The audit trail: append-only, each entry chained to the one before by its hash, written in the transaction it speaks of.

Entries are gathered on the session and written at its commit, so that the lock on the chain's head is held only while the
transaction ends. Promise 18: any changed, removed or reordered row is found by `verify_chain`.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from kernel.database import Base, Code

_PENDING = "audit_pending"
_MARKS = "audit_marks"
_CHAIN_LOCK = 0x5A46_0001  # an arbitrary number of our own, so that writers of the chain queue up
GENESIS = "0" * 64


class AuditEntry(Base):
    """One line of the trail. `detail` never holds personal data in clear: ids, counts, field names, reasons."""

    __tablename__ = "audit_entries"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(index=True)
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    region_code: Mapped[str | None] = mapped_column(Code)
    detail: Mapped[dict[str, Any]]
    previous_hash: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    __table_args__ = (sa.Index("ix_audit_entries_subject", "subject_type", "subject_id"),)


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in person, or a named part of the system (`id` None)."""

    id: uuid.UUID | None
    label: str


SYSTEM = Actor(None, "system")


def record(
    session: Session,
    *,
    actor: Actor,
    action: str,
    subject_type: str,
    subject_id: object,
    now: datetime,
    region_code: str | None = None,
    **detail: Any,
) -> None:
    """Puts one entry on the trail; it is written when the session commits and vanishes when it rolls back.

    `action` reads ``noun.verb`` (``round.approved``); `detail` must be JSON.
    """
    if not session.in_transaction():
        session.begin()  # so that a rollback, even before the first statement, takes the entry along
    session.info.setdefault(_PENDING, []).append(
        {
            "at": now,
            "actor_id": actor.id,
            "actor": actor.label,
            "action": action,
            "subject_type": subject_type,
            "subject_id": str(subject_id),
            "region_code": region_code,
            "detail": json.loads(json.dumps(detail, default=str)),
        }
    )


def entry_hash(previous: str, row: dict[str, Any]) -> str:
    """SHA-256 over the previous hash and the canonical JSON of the entry's own fields (time in microseconds UTC)."""
    body = {
        "at": int(row["at"].timestamp() * 1_000_000),
        "actor_id": str(row["actor_id"]) if row["actor_id"] else None,
        **{key: row[key] for key in ("actor", "action", "subject_type", "subject_id", "region_code", "detail")},
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


@event.listens_for(Session, "before_commit")
def _write_pending(session: Session) -> None:
    """Writes what was gathered, under the chain's lock, as the last statements of the transaction."""
    pending = session.info.get(_PENDING)
    if not pending or session.in_nested_transaction():
        return
    session.flush()
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    previous = session.scalar(sa.select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or GENESIS
    for row in pending:
        row["hash"], row["previous_hash"] = entry_hash(previous, row), previous
        previous = row["hash"]
    session.execute(sa.insert(AuditEntry), pending)
    session.info[_PENDING] = []


@event.listens_for(Session, "after_transaction_create")
def _mark_start(session: Session, transaction: SessionTransaction) -> None:
    """Remembers how much was gathered when a transaction or savepoint began."""
    session.info.setdefault(_MARKS, WeakKeyDictionary())[transaction] = len(session.info.get(_PENDING, ()))


@event.listens_for(Session, "after_soft_rollback")
def _forget_pending(session: Session, transaction: SessionTransaction) -> None:
    """What was gathered since the transaction or savepoint began goes with it."""
    kept = session.info.get(_MARKS, {}).get(transaction, 0)
    del session.info.get(_PENDING, [])[kept:]


@dataclass(frozen=True)
class ChainFault:
    """Where the chain breaks: the entry's id and what does not fit."""

    entry_id: int
    reason: str


def verify_chain(session: Session, *, batch: int = 5_000) -> Iterator[ChainFault]:
    """Walks the whole trail and yields each entry whose hash or link does not hold; a whole trail yields nothing."""
    previous = GENESIS
    for entry in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=batch)):
        row = {
            key: getattr(entry, key)
            for key in ("at", "actor_id", "actor", "action", "subject_type", "subject_id", "region_code", "detail")
        }
        if entry.previous_hash != previous:
            yield ChainFault(entry.id, "an entry before this one was removed, changed or moved")
        if entry_hash(entry.previous_hash, row) != entry.hash:
            yield ChainFault(entry.id, "this entry was changed after it was written")
        previous = entry.hash
