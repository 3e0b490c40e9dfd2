"""A question asked of a round's plan: claim it, answer it as a process of its own, keep what the judge accepts.

Like the solve of a round (`marketplace.tasks.solve`): the search gets a private folder with the frozen problem, the plan and the change,
and nothing else; it dies with its worker, and whoever lost the lease writes nothing.
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
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.clock import utc_now
from marketplace.config import Settings
from marketplace.tasks import tethered
from marketplace.tasks.solve import Hopeless, Interrupted, Lost
from matching.rounds import whatif
from matching.rounds.solving import PlanRefused
from matching.rounds.whatif import WhatIfClaim
from matching.solution import read_plan
from matching.solver.warm import prices_from_bytes

logger = logging.getLogger(__name__)

REPORT_EVERY_S = 1.0
LOOK_EVERY_S = 0.1
MOST_S = {"prices": 600.0, "fewest": 300.0}
"""Seconds after which a search that says nothing final is stopped; a full solve has twice the round's time and a minute"""


def answer_what_if(
    sessions: sessionmaker[Session],
    *,
    settings: Settings,
    stopping: threading.Event,
    item_id: uuid.UUID,
    what_if_id: uuid.UUID,
) -> None:
    """Answers the question if it waits for that, and closes the outbox item. Safe to call any number of times."""
    with sessions() as session:
        claim = whatif.claim_what_if(session, what_if_id=what_if_id, now=utc_now())
        if claim is None and not whatif.waits(session, what_if_id):
            outbox.mark_done(session, item_id, now=utc_now())
        session.commit()
    if claim is None:
        return
    work = settings.home / "work"
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"solve-{os.getpid()}-", dir=work))
    try:
        _search(sessions, settings=settings, stopping=stopping, claim=claim, folder=folder)
        _store(sessions, item_id=item_id, claim=claim, folder=folder)
    except Lost:
        return
    except Interrupted:
        with sessions() as session:
            whatif.give_back(session, what_if_id=what_if_id, token=claim.token)
            session.commit()
    except Hopeless as error:
        with sessions() as session:
            if whatif.fail(session, what_if_id=what_if_id, token=claim.token, reason=str(error), now=utc_now()):
                outbox.mark_done(session, item_id, now=utc_now())
            session.commit()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _search(
    sessions: sessionmaker[Session], *, settings: Settings, stopping: threading.Event, claim: WhatIfClaim, folder: Path
) -> None:
    """Runs `zhongfu whatif` until it ends. Raises Lost, Interrupted, Hopeless."""
    for name, text in (("problem", claim.problem), ("before", claim.plan), ("change", json.dumps(claim.change))):
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    command = [
        sys.executable, tethered.__file__, str(os.getpid()), sys.executable, "-m", "marketplace.cli.main", "whatif",
        "problem.json", "before.json", "--progress-json", "--threads", str(settings.solver_threads),
    ]  # fmt: skip
    if claim.kind == "prices":
        command += ["--prices", "prices.npz"]
    else:
        command += ["--change", "change.json", "--resolve", "--out", "plan.json", "--found", "found.json"]
        command += ["--time-limit", str(claim.time_limit_s)]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            _watch(process, sessions, stopping=stopping, claim=claim, said=folder / "said")
        finally:
            process.kill()
            process.wait()
    if process.returncode == 0:
        return
    words = _last_words(folder / "said")
    logger.warning("question %s ended with code %s: %s", claim.what_if_id, process.returncode, words)
    if process.returncode < 0:
        raise Interrupted
    raise Hopeless(words or f"The search ended with code {process.returncode}")


def _watch(
    process: subprocess.Popen[bytes],
    sessions: sessionmaker[Session],
    *,
    stopping: threading.Event,
    claim: WhatIfClaim,
    said: Path,
) -> None:
    """Reports once a second until the process ends. Raises Lost, Interrupted, Hopeless."""
    begun = time.monotonic()
    told = begun - REPORT_EVERY_S
    most = MOST_S.get(claim.kind, 2.0 * claim.time_limit_s + 60)
    while process.poll() is None:
        now = time.monotonic()
        if stopping.is_set():
            raise Interrupted
        if now - begun > most:
            raise Hopeless("The search did not end in its time; it was stopped")
        if now - told >= REPORT_EVERY_S:
            told = now
            _report(sessions, claim, _progress(said, now - begun, claim))
        time.sleep(LOOK_EVERY_S)


def _report(sessions: sessionmaker[Session], claim: WhatIfClaim, progress: dict[str, Any]) -> None:
    with sessions() as session:
        held = whatif.report_progress(
            session, what_if_id=claim.what_if_id, token=claim.token, now=utc_now(), progress=progress
        )
        session.commit()
    if not held:
        raise Lost


def _progress(said: Path, elapsed_s: float, claim: WhatIfClaim) -> dict[str, Any]:
    latest: dict[str, Any] = {}
    for line in reversed(_lines(said)):
        if line.startswith("{"):
            latest = json.loads(line)
            break
    return {"elapsed_s": round(elapsed_s, 1), "time_limit_s": claim.time_limit_s, "latest": latest}


def _last_words(said: Path) -> str:
    return " | ".join(line for line in _lines(said)[-5:] if not line.startswith("{"))[:500]


def _lines(said: Path) -> list[str]:
    """Whole lines that the search has said so far."""
    text = said.read_bytes()[-20_000:].decode("utf-8", errors="replace")
    return [line.strip() for line in text.split("\n")[:-1] if line.strip()]


def _store(sessions: sessionmaker[Session], *, item_id: uuid.UUID, claim: WhatIfClaim, folder: Path) -> None:
    """The answer and the end of the outbox item, in one transaction. Raises Lost, Hopeless."""
    _report(sessions, claim, {"stage": "checking"})  # judging takes seconds on a large pool: begin with a fresh lease
    with sessions() as session:
        words: dict[str, Any] = {"what_if_id": claim.what_if_id, "token": claim.token, "now": utc_now()}
        if claim.kind == "prices":
            stored = whatif.store_prices(
                session, prices=prices_from_bytes((folder / "prices.npz").read_bytes()), **words
            )
        else:
            found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
            try:
                stored = whatif.store_plan(session, plan=read_plan(folder / "plan.json"), found=found, **words)
            except PlanRefused as error:
                session.rollback()
                raise Hopeless(error.text) from error
        if not stored:
            raise Lost
        outbox.mark_done(session, item_id, now=utc_now())
        session.commit()
