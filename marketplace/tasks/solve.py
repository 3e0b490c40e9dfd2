"""The solve of one round: claim it, run the search as a process of its own, report, store what the judge accepts.

The search is a process, not a thread, so that it can be killed when the round is cancelled, and so that it dies with its worker.
It gets a private folder with the frozen problem and nothing else: no database address, no keys.
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
from collections import deque
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.clock import utc_now
from marketplace.config import Settings
from marketplace.tasks import tethered
from matching.rounds import solving
from matching.rounds.rules import LEASE
from matching.rounds.solving import Claim, PlanRefused
from matching.solution import read_plan

logger = logging.getLogger(__name__)

REPORT_EVERY_S = 1.0
LOOK_EVERY_S = 0.1
GRACE_S = 60.0
"""What building, explaining and writing may take beside the search"""
CRASHES = 3
"""So often may the search be killed from outside (memory, for one) before the round fails"""


class Lost(Exception):
    """The round was cancelled or taken over; nothing is to be written."""


class Interrupted(Exception):
    """The worker is being stopped, or the search was killed: another attempt may do better."""


class Hopeless(Exception):
    """Another attempt would end the same way; the message is the reason of the failed round."""


def solve_round(
    sessions: sessionmaker[Session],
    *,
    settings: Settings,
    stopping: threading.Event,
    item_id: uuid.UUID,
    round_id: uuid.UUID,
) -> None:
    """Solves the round if it waits for that, and closes the outbox item with its result. Safe to call any number of times."""
    with sessions() as session:
        claim = solving.claim_solve(session, round_id=round_id, now=utc_now())
        if claim is None and not solving.waits(session, round_id):
            outbox.mark_done(session, item_id, now=utc_now())
        session.commit()
    if claim is None:
        return
    folder = _private_folder(settings.home)
    try:
        _search(sessions, settings=settings, stopping=stopping, claim=claim, folder=folder)
        _store(sessions, item_id=item_id, claim=claim, folder=folder)
    except Lost:
        return  # whoever ended or took the round answers for the item, too
    except Interrupted:
        with sessions() as session:
            solving.give_back(session, round_id=round_id, token=claim.token, now=utc_now())
            session.commit()
    except Hopeless as error:
        _fail(sessions, item_id=item_id, claim=claim, reason=str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_folders(home: Path) -> None:
    """Removes what killed workers of this machine left behind."""
    for folder in (home / "work").glob("solve-*"):
        pid = folder.name.split("-")[1]
        if not (pid.isdigit() and Path(f"/proc/{pid}").exists()):
            shutil.rmtree(folder, ignore_errors=True)


def _private_folder(home: Path) -> Path:
    work = home / "work"
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"solve-{os.getpid()}-", dir=work))


def _search(
    sessions: sessionmaker[Session], *, settings: Settings, stopping: threading.Event, claim: Claim, folder: Path
) -> None:
    """Runs `zhongfu solve` until it ends. Raises Lost, Interrupted, Hopeless."""
    problem, plan = folder / "problem.json", folder / "plan.json"
    problem.write_text(claim.problem, encoding="utf-8")
    command = [
        sys.executable, tethered.__file__, str(os.getpid()), sys.executable, "-m", "marketplace.cli.main", "solve",
        str(problem), "--out", str(plan), "--time-limit", str(claim.time_limit_s),
        "--threads", str(settings.solver_threads), "--progress-json",
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    heard = _Heard(claim)
    listener = threading.Thread(target=heard.listen, args=(process.stderr,), daemon=True)
    listener.start()
    try:
        _watch(process, sessions, stopping=stopping, claim=claim, heard=heard)
    finally:
        process.kill()
        process.wait()
        listener.join(timeout=5)
    code = process.returncode
    if code == 0:
        return
    logger.warning("the search of round %s ended with code %s: %s", claim.round_id, code, heard.last_words)
    if code < 0 and claim.attempt < CRASHES:
        raise Interrupted
    if code < 0:
        raise Hopeless(f"The search was killed {CRASHES} times (signal {-code}); is there enough memory for this pool?")
    raise Hopeless(f"The search ended with code {code}: {heard.last_words or 'it said nothing'}")


def _watch(
    process: subprocess.Popen[bytes],
    sessions: sessionmaker[Session],
    *,
    stopping: threading.Event,
    claim: Claim,
    heard: "_Heard",
) -> None:
    """Reports once a second until the process ends. Raises Lost, Interrupted, Hopeless."""
    begun = reported = time.monotonic()
    told = begun - REPORT_EVERY_S
    while process.poll() is None:
        now = time.monotonic()
        if stopping.is_set():
            raise Interrupted
        if now - begun > 2 * claim.time_limit_s + GRACE_S:
            raise Hopeless("The search did not end in twice its time; it was stopped")
        if now - told >= REPORT_EVERY_S:
            told = now
            if _report(sessions, claim, heard.progress(now - begun)):
                reported = now
            elif now - reported > LEASE.total_seconds():
                raise Lost  # the database is away for longer than the lease: somebody else has the round by now
        time.sleep(LOOK_EVERY_S)


def _report(sessions: sessionmaker[Session], claim: Claim, progress: dict[str, Any]) -> bool:
    """True when the lease was extended, False when the database did not answer. Raises Lost."""
    try:
        with sessions() as session:
            held = solving.report_progress(
                session, round_id=claim.round_id, token=claim.token, now=utc_now(), progress=progress
            )
            session.commit()
    except sa.exc.OperationalError:
        logger.warning("the database did not take the progress of round %s", claim.round_id)
        return False
    if not held:
        raise Lost
    return True


def _store(sessions: sessionmaker[Session], *, item_id: uuid.UUID, claim: Claim, folder: Path) -> None:
    """The proposal and the end of the outbox item, in one transaction. Raises Lost, Hopeless."""
    plan = read_plan(folder / "plan.json")
    with sessions() as session:
        # Judging and comparing takes seconds on a large pool: begin with a fresh lease.
        if not solving.report_progress(session, round_id=claim.round_id, token=claim.token, now=utc_now()):
            raise Lost
        session.commit()
        try:
            stored = solving.store_proposal(
                session, round_id=claim.round_id, token=claim.token, plan=plan, now=utc_now()
            )
        except PlanRefused as error:
            session.rollback()
            raise Hopeless(error.text) from error
        if not stored:
            raise Lost
        outbox.mark_done(session, item_id, now=utc_now())
        session.commit()


def _fail(sessions: sessionmaker[Session], *, item_id: uuid.UUID, claim: Claim, reason: str) -> None:
    with sessions() as session:
        if solving.fail_solve(session, round_id=claim.round_id, token=claim.token, reason=reason, now=utc_now()):
            outbox.mark_done(session, item_id, now=utc_now())
        session.commit()


class _Heard:
    """What the search has said on its standard error: progress as JSON lines, anything else as last words."""

    def __init__(self, claim: Claim) -> None:
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
