"""How a worker holds a job whose search is a process of its own: claim it, run the search, report, store what the judge accepts.

The search is a process, not a thread, so that it can be killed when the job is cancelled, and so that it dies with its worker. It gets a
private folder with the frozen problem and what is asked, and nothing else: no database address, no keys. The job's row is the truth:
whoever lost its lease writes nothing.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.clock import utc_now
from marketplace.config import Settings
from marketplace.tasks import tethered
from matching.rounds.rules import LEASE
from matching.rounds.solving import PlanRefused

logger = logging.getLogger(__name__)

REPORT_EVERY_S = 1.0
LOOK_EVERY_S = 0.1
CRASHES = 3
"""So often may the search be killed from outside (memory, for one) before the job fails"""


class Lost(Exception):
    """The job was cancelled or taken over; nothing is to be written."""


class Interrupted(Exception):
    """The worker is being stopped, or gives way to something more urgent: the job is done later."""


class Crashed(Interrupted):
    """The search was killed: another attempt may do better."""


class Hopeless(Exception):
    """Another attempt would end the same way; the message is the reason of the failed job."""


class Held(Protocol):
    """What is known of a job while a worker holds it."""

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""

    @property
    def time_limit_s(self) -> int:
        """Seconds of search that the page counts towards."""


C = TypeVar("C", bound=Held)


class Job(ABC, Generic[C]):
    """One job. `run` may be called any number of times; it acts where the job waits, and closes the outbox item with the effect."""

    too_long = "The search did not end in its time; it was stopped"

    def __init__(
        self, sessions: sessionmaker[Session], settings: Settings, stopping: threading.Event, row_id: uuid.UUID
    ) -> None:
        self.sessions, self.settings, self.stopping, self.row_id = sessions, settings, stopping, row_id

    @abstractmethod
    def claim(self, session: Session) -> C | None:
        """The right to work on it; None where there is nothing to do (now)."""

    @abstractmethod
    def waits(self, session: Session) -> bool:
        """Whether the job still waits for a result."""

    @abstractmethod
    def command(self, claim: C, folder: Path) -> list[str]:
        """Writes what the search needs into its folder; the arguments of `zhongfu`."""

    @abstractmethod
    def most_s(self, claim: C) -> float:
        """Seconds after which a search that says nothing final is stopped."""

    @abstractmethod
    def report(self, session: Session, claim: C, progress: dict[str, Any] | None) -> bool:
        """Extends the lease and keeps the progress (None: what was told last); False where the token is stale."""

    @abstractmethod
    def store(self, session: Session, claim: C, folder: Path) -> bool:
        """Judges and keeps what the search wrote; False where the token is stale. Raises PlanRefused."""

    @abstractmethod
    def give_back(self, session: Session, claim: C, *, crashed: bool) -> bool:
        """Ends the lease, so that the next worker need not wait for it."""

    @abstractmethod
    def fail(self, session: Session, claim: C, reason: str) -> bool:
        """Ends the job with the reason; False where the token is stale."""

    def told(self, code: int, words: str) -> str:
        """Why the job failed, where the search ended with this code after these last words."""
        return f"The search ended with code {code}: {words or 'it said nothing'}"

    def run(self, item_id: uuid.UUID) -> None:
        """Does the job if it waits, and closes the outbox item with its result."""
        with self.sessions() as session:
            claim = self.claim(session)
            if claim is None and not self.waits(session):
                outbox.mark_done(session, item_id, now=utc_now())
            session.commit()
        if claim is None:
            return
        try:
            with private_folder(self.settings.home) as folder:
                self._search(claim, folder)
                self._store(item_id, claim, folder)
        except Lost:
            return  # whoever ended or took the job answers for the item, too
        except Interrupted as error:
            with self.sessions() as session:
                self.give_back(session, claim, crashed=isinstance(error, Crashed))
                session.commit()
        except Hopeless as error:
            with self.sessions() as session:
                if self.fail(session, claim, str(error)):
                    outbox.mark_done(session, item_id, now=utc_now())
                session.commit()

    def _search(self, claim: C, folder: Path) -> None:
        """Runs the command until it ends. Raises Lost, Interrupted, Hopeless."""
        process = subprocess.Popen(
            [sys.executable, tethered.__file__, str(os.getpid()), sys.executable, "-m", "marketplace.cli.main",
             *self.command(claim, folder)],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        heard = _Heard(claim)
        listener = threading.Thread(target=heard.listen, args=(process.stderr,), daemon=True)
        listener.start()
        try:
            self._watch(process, claim, heard)
        finally:
            process.kill()
            process.wait()
            listener.join(timeout=5)
        code = process.returncode
        if code == 0:
            return
        logger.warning("the search of %s ended with code %s: %s", self.row_id, code, heard.last_words)
        if code < 0 and claim.attempt < CRASHES:
            raise Crashed
        if code < 0:
            raise Hopeless(
                f"The search was killed {CRASHES} times (signal {-code}); is there enough memory for this pool?"
            )
        raise Hopeless(self.told(code, heard.last_words))

    def _watch(self, process: subprocess.Popen[bytes], claim: C, heard: "_Heard") -> None:
        """Reports once a second until the process ends. Raises Lost, Interrupted, Hopeless."""
        begun = reported = time.monotonic()
        told = begun - REPORT_EVERY_S
        while process.poll() is None:
            now = time.monotonic()
            if self.stopping.is_set():
                raise Interrupted
            if now - begun > self.most_s(claim):
                raise Hopeless(self.too_long)
            if now - told >= REPORT_EVERY_S:
                told = now
                if self._report(claim, heard.progress(now - begun)):
                    reported = now
                elif now - reported > LEASE.total_seconds():
                    raise Lost  # the database is away for longer than the lease: somebody else has the job by now
            time.sleep(LOOK_EVERY_S)

    def _report(self, claim: C, progress: dict[str, Any]) -> bool:
        """True when the lease was extended, False when the database did not answer. Raises Lost."""
        try:
            with self.sessions() as session:
                held = self.report(session, claim, progress)
                session.commit()
        except sa.exc.OperationalError:
            logger.warning("the database did not take the progress of %s", self.row_id)
            return False
        if not held:
            raise Lost
        return True

    def _store(self, item_id: uuid.UUID, claim: C, folder: Path) -> None:
        """The result and the end of the outbox item, in one transaction. Raises Lost, Hopeless."""
        with self.sessions() as session:
            # Judging and comparing takes seconds on a large pool: begin with a fresh lease.
            if not self.report(session, claim, None):
                raise Lost
            session.commit()
            try:
                stored = self.store(session, claim, folder)
            except PlanRefused as error:
                session.rollback()
                raise Hopeless(error.text) from error
            if not stored:
                raise Lost
            outbox.mark_done(session, item_id, now=utc_now())
            session.commit()


@contextmanager
def private_folder(home: Path) -> Iterator[Path]:
    """A folder for one search, gone afterwards."""
    work = home / "work"
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"solve-{os.getpid()}-", dir=work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_folders(home: Path) -> None:
    """Removes what killed workers of this machine left behind."""
    for folder in (home / "work").glob("solve-*"):
        pid = folder.name.split("-")[1]
        if not (pid.isdigit() and Path(f"/proc/{pid}").exists()):
            shutil.rmtree(folder, ignore_errors=True)


class _Heard:
    """What the search has said on its standard error: progress as JSON lines, anything else as last words."""

    def __init__(self, claim: Held) -> None:
        self._claim = claim
        self._started = utc_now()
        self._lock = threading.Lock()
        self._latest: dict[str, Any] = {}
        self._levels: dict[str, dict[str, Any]] = {}
        self._words: deque[str] = deque(maxlen=5)

    def listen(self, stream: IO[bytes] | None) -> None:
        """Reads until the process closes its end."""
        for line in stream or ():
            text = line.decode("utf-8", errors="replace").strip()
            try:
                said = json.loads(text)
            except ValueError:
                said = None
            with self._lock:
                if not isinstance(said, dict):
                    self._words.append(text[:300])
                    continue
                self._latest = said
                if isinstance(said.get("level"), str):
                    self._levels[said["level"]] = said

    def progress(self, elapsed_s: float) -> dict[str, Any]:
        """What the page shows: seconds gone and allowed, the latest step, and the last word on each level."""
        with self._lock:
            return {
                "stage": "searching",
                "attempt": self._claim.attempt,
                "started_at": self._started.isoformat(),
                "elapsed_s": round(elapsed_s, 1),
                "time_limit_s": self._claim.time_limit_s,
                "latest": dict(self._latest),
                "levels": list(self._levels.values()),
            }

    @property
    def last_words(self) -> str:
        """The last lines that were no progress."""
        with self._lock:
            return " | ".join(self._words)
