"""The transactional outbox: what must happen after a commit is written in the same transaction and done later, at least once.

A dispatcher hands due items to the worker; a worker that finishes marks the item done in the transaction of its effect. An item
that was handed over but not done is handed over again, so a lost broker or a killed worker loses nothing (promise 5), and each
handler must act once however often it is called.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.database import Base, new_id

RESEND_AFTER = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=10)


class OutboxItem(Base):
    """One thing to do. `payload` holds ids only, never personal data."""

    __tablename__ = "outbox_items"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    __table_args__ = (sa.Index("ix_outbox_items_due", "due_at", postgresql_where=sa.text("done_at IS NULL")),)


def enqueue(
    session: Session, *, topic: str, now: datetime, due_at: datetime | None = None, **payload: Any
) -> uuid.UUID:
    """Writes an item in the caller's transaction; the dispatcher sees it once that commits."""
    item = OutboxItem(
        topic=topic, payload={key: str(value) for key, value in payload.items()}, created_at=now, due_at=due_at or now
    )
    session.add(item)
    session.flush()
    return item.id


def take_due(session: Session, *, now: datetime, limit: int = 100) -> list[OutboxItem]:
    """Items due for (another) hand-over; each is pushed back so that no second dispatcher takes it meanwhile.

    The pause grows with the attempts: 10 s, 20 s, 40 s … up to 10 minutes.
    """
    items = list(
        session.scalars(
            sa.select(OutboxItem)
            .where(OutboxItem.done_at.is_(None), OutboxItem.due_at <= now)
            .order_by(OutboxItem.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    for item in items:
        item.attempts += 1
        item.due_at = now + min(RESEND_AFTER * 2 ** min(item.attempts - 1, 10), LONGEST_PAUSE)
    session.flush()
    return items


def mark_done(session: Session, item_id: uuid.UUID, *, now: datetime) -> bool:
    """Closes the item; False where it was closed before (the effect must then not be repeated)."""
    done = session.execute(
        sa.update(OutboxItem)
        .where(OutboxItem.id == item_id, OutboxItem.done_at.is_(None))
        .values(done_at=now, last_error=None)
        .returning(OutboxItem.id)
    )
    return done.first() is not None


def mark_failed(session: Session, item_id: uuid.UUID, *, error: str) -> None:
    """Keeps the reason of the last failure beside the item; it stays due."""
    session.execute(sa.update(OutboxItem).where(OutboxItem.id == item_id).values(last_error=error[:500]))
