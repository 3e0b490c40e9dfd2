"""A large problem over any number of workers: one task per county and step, handed out through the outbox.

A task names a folder below ``ZHONGFU_HOME/work/regions``, a step and a county. What is to be done and what was found are files there, so
workers on several machines share that folder; the database only says what is still due. A task that comes twice, while it is done or after,
does nothing; a killed worker's task comes again.
"""

import fcntl
import logging
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.clock import utc_now
from kernel.outbox import OutboxItem
from marketplace.config import Settings
from marketplace.tasks import tethered
from matching.regional.pieces import result

logger = logging.getLogger(__name__)

PIECE_TOPIC = "regional_piece"
ASK_AGAIN = timedelta(seconds=2)
LOOK_EVERY_S = 1.0
FAILURES = 3
"""So often may a county's step fail before the whole run ends with its reason"""
_slots = threading.BoundedSemaphore(max(1, min(os.cpu_count() or 1, 3)))


class PieceFailed(RuntimeError):
    """A county's step failed again and again; the message says why."""


class OutsideHome(ValueError):
    """A task named a folder outside this installation's regions; it is not touched."""


def regions_folder(home: Path) -> Path:
    """Where the work of large problems lies."""
    return home / "work" / "regions"


def run_queued_piece(
    sessions: sessionmaker[Session],
    *,
    settings: Settings,
    stopping: threading.Event,
    item_id: uuid.UUID,
    work: str,
    stage: str,
    part: str,
) -> None:
    """Does one county's step in a process of its own and closes the item. Safe to call any number of times, and side by side."""
    folder = Path(work).resolve()
    if not folder.is_relative_to(regions_folder(settings.home).resolve()):
        raise OutsideHome(f"{folder} does not lie below {regions_folder(settings.home)}")
    if result(folder, stage, part) is None:
        if not _slots.acquire(blocking=False):
            _ask_again(sessions, item_id)
            return
        try:
            with _only_one(folder, stage, part) as mine:
                if not mine:
                    return  # another worker has it; should it die, the item comes again
                if not _run(folder, stage, part, stopping):
                    _ask_again(sessions, item_id)
                    return
        finally:
            _slots.release()
    with sessions() as session:
        outbox.mark_done(session, item_id, now=utc_now())
        session.commit()


class Queue:
    """Hands the pieces of a stage to the workers and waits until all are done."""

    def __init__(self, sessions: sessionmaker[Session]):
        self._sessions = sessions

    def __call__(self, work: Path, stage: str, parts: list[str]) -> None:
        """Raises PieceFailed where a piece fails again and again."""
        waiting = {part: self._enqueue(work, stage, part) for part in parts if result(work, stage, part) is None}
        failures: dict[str, set[str]] = {}
        while waiting:
            time.sleep(LOOK_EVERY_S)
            waiting = {part: item for part, item in waiting.items() if result(work, stage, part) is None}
            with self._sessions() as session:
                items = session.execute(
                    sa.select(OutboxItem.id, OutboxItem.last_error, OutboxItem.attempts).where(
                        OutboxItem.id.in_(waiting.values()), OutboxItem.last_error.is_not(None)
                    )
                ).all()
            for item_id, error, attempts in items:
                seen = failures.setdefault(str(item_id), set())
                seen.add(f"{attempts}")
                if len(seen) >= FAILURES:
                    raise PieceFailed(f"{stage}: {error}")

    def _enqueue(self, work: Path, stage: str, part: str) -> uuid.UUID:
        with self._sessions() as session:
            item_id = outbox.enqueue(
                session, topic=PIECE_TOPIC, now=utc_now(), work=str(work), stage=stage, part=part
            )  # fmt: skip
            session.commit()
        return item_id


def _run(folder: Path, stage: str, part: str, stopping: threading.Event) -> bool:
    """Whether the piece was done; False where the worker is being stopped. Raises RuntimeError with the reason of a failure."""
    command = [
        sys.executable, tethered.__file__, str(os.getpid()), sys.executable, "-m", "matching.regional.pieces",
        str(folder), stage, part,
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        while True:
            try:
                _, said = process.communicate(timeout=LOOK_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                if stopping.is_set():
                    return False
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        words = said.decode("utf-8", errors="replace").strip()[-400:]
        raise RuntimeError(words or f"the county's step ended with code {process.returncode}")
    return True


@contextmanager
def _only_one(folder: Path, stage: str, part: str) -> Iterator[bool]:
    """Whether this worker alone has the piece; the lock ends with the process that holds it."""
    locks = folder / "locks"
    locks.mkdir(exist_ok=True)
    with (locks / f"{stage}-{part}").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _ask_again(sessions: sessionmaker[Session], item_id: uuid.UUID) -> None:
    """All hands are full: the item is due again soon, however often it was offered."""
    with sessions() as session:
        session.execute(
            sa.update(OutboxItem)
            .where(OutboxItem.id == item_id, OutboxItem.done_at.is_(None))
            .values(due_at=utc_now() + ASK_AGAIN, attempts=0)
        )
        session.commit()
