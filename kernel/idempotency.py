"""A write that is sent twice acts once: the first reply is kept under the sender's key and given again (promise 6).

Replies are kept for a week, sealed by whoever keeps them.

The record is inserted before the work, in its transaction: a second equal request waits on the unique key until the first
commits, then reads the kept reply; if the first rolls back, the second does the work.
"""

import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.database import Base
from kernel.errors import InvalidInput

KEPT_FOR = timedelta(days=7)
PATIENCE_S = 55  # below the statement's own limit


class IdempotencyRecord(Base):
    """One key of one person, with the fingerprint of the request and, once done, its reply."""

    __tablename__ = "idempotency_records"
    actor_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    fingerprint: Mapped[str]
    created_at: Mapped[datetime]
    status: Mapped[int | None]
    reply: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    """What makes two requests equal: method, path with query, and body."""
    return hashlib.sha256(f"{method}\n{path}\n".encode() + body).hexdigest()


def begin(
    session: Session, *, actor_id: uuid.UUID, key: str, fingerprint: str, now: datetime
) -> IdempotencyRecord | None:
    """Claims the key. Returns None when the work is to be done now, or the record of the first time when it was done before.

    Raises InvalidInput when the key was used for another request.
    """
    if not 1 <= len(key) <= 200:
        raise InvalidInput("An Idempotency-Key has 1 to 200 characters", field="Idempotency-Key")
    # an equal request waits here until the first is done, which may take longer than locks may be waited for elsewhere
    session.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'"))
    claimed = session.execute(
        insert(IdempotencyRecord)
        .values(actor_id=actor_id, key=key, fingerprint=fingerprint, created_at=now)
        .on_conflict_do_nothing()
        .returning(IdempotencyRecord.key)
    ).scalar()
    session.execute(sa.text("SET LOCAL lock_timeout TO DEFAULT"))
    if claimed:
        return None
    record = session.get_one(IdempotencyRecord, (actor_id, key), populate_existing=True)
    if record.fingerprint != fingerprint:
        raise InvalidInput("This Idempotency-Key was used for another request; use a new key", field="Idempotency-Key")
    return record


def finish(session: Session, *, actor_id: uuid.UUID, key: str, status: int, reply: dict[str, Any]) -> None:
    """Keeps the reply beside the key, in the transaction of the work."""
    session.execute(
        sa.update(IdempotencyRecord)
        .where(IdempotencyRecord.actor_id == actor_id, IdempotencyRecord.key == key)
        .values(status=status, reply=reply)
    )


def forget_old(session: Session, *, now: datetime) -> int:
    """Removes records older than a week; how many there were."""
    old = sa.delete(IdempotencyRecord).where(IdempotencyRecord.created_at < now - KEPT_FOR)
    return len(session.execute(old.returning(IdempotencyRecord.key)).all())
