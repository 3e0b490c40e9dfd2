"""The task that makes a region's portraits anew: piece after piece, each committed with its progress, until all are done."""

import threading
import uuid

from sqlalchemy.orm import Session, sessionmaker

from households.portrait.renewal import renew_piece
from kernel import outbox
from kernel.clock import utc_now


def run_renewal(
    sessions: sessionmaker[Session], *, stopping: threading.Event, item_id: uuid.UUID, renewal_id: uuid.UUID
) -> None:
    """Goes on where the renewal stands and closes the item with its last piece. Safe to call any number of times, and side by side: where
    another worker has a piece in hand this one leaves it to that."""
    while not stopping.is_set():
        with sessions() as session:
            renewal = renew_piece(session, renewal_id=renewal_id, now=utc_now())
            if renewal is None:
                return
            if renewal.status == "done":
                outbox.mark_done(session, item_id, now=utc_now())
            session.commit()
            if renewal.status == "done":
                return
