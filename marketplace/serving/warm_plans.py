"""Estimates of what-if questions, answered at once by a process that keeps the plans warm (`marketplace.serving.estimator`).

Each web process has one estimator, started at the first question. The solver's libraries are loaded there and not here, so that a web
process stays small and lives on should they end theirs (decision 3). A plan is found by the hashes of its pool and its result, so whatever
is kept is what is stored; the prices behind the bounds are computed once, by a worker, and stored.
"""

import base64
import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from kernel.errors import Conflict, InvalidFields, InvalidInput
from matching.alternatives import Change, change_document
from matching.estimates import Answer, TooLittleMoney, answer_from
from matching.rounds.documents import plan_document_text, problem_text
from matching.rounds.models import MatchRound
from matching.rounds.whatif_queries import stored_prices

logger = logging.getLogger(__name__)

MOST = 2
"""So many plans are kept; a county's takes some 150 MB"""
ANSWER_WITHIN_S = 25.0
"""A county's plan is read and paired in a few seconds, then answered in less than one"""


class NoEstimate(Conflict):
    """The estimator did not answer; a worker's solve can."""

    code = "no_estimate"


class EstimatorEnded(Exception):
    """The estimator ended in the middle of a question."""


def estimate(session: Session, match_round: MatchRound, change: Change) -> Answer:
    """What the change would do to the round's plan (`matching.whatif.estimate`).

    Raises NotFound before there is a plan, InvalidFields, InvalidInput (pairs), TooLittleMoney, NoEstimate.
    """
    return _mine.answer(session, match_round, change)


class _Estimator:
    """The process at the other end, and what it is known to keep."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_by = 0
        self._kept: OrderedDict[str, bool] = OrderedDict()

    def answer(self, session: Session, match_round: MatchRound, change: Change) -> Answer:
        """One question at a time: whoever waits longer than an answer may take is refused."""
        if not self._turn.acquire(timeout=ANSWER_WITHIN_S):
            raise _no_estimate()
        try:
            fresh = not self._running()
            try:
                reply = self._ask(session, match_round, change)
            except EstimatorEnded:
                self._end()
                if fresh:
                    raise _no_estimate() from None
                logger.warning("the estimator had ended; another is started")
                try:
                    reply = self._ask(session, match_round, change)
                except EstimatorEnded:
                    self._end()
                    raise _no_estimate() from None
        finally:
            self._turn.release()
        if "refused" in reply:
            raise _refusal(reply["refused"])
        return answer_from(reply["answer"])

    def _ask(self, session: Session, match_round: MatchRound, change: Change) -> dict[str, Any]:
        key = f"{match_round.id} {match_round.pool_sha256} {match_round.result_sha256}"
        asked: dict[str, Any] = {"key": key, "change": change_document(change)}
        if not self._running():
            self._kept.clear()
        if key not in self._kept:
            asked["problem"] = problem_text(session, match_round.id, seed=match_round.seed)
            asked["plan"] = plan_document_text(session, match_round.id)
        priced = self._kept.pop(key, False)
        if not priced:
            body = stored_prices(session, match_round.id)
            if body is not None:
                asked["prices"], priced = base64.b64encode(body).decode(), True
        while len(self._kept) >= MOST:
            self._kept.popitem(last=False)
        reply = self._exchange({**asked, "keep": [*self._kept, key]})
        self._kept[key] = priced
        return reply

    def _running(self) -> bool:
        """Whether a process of ours runs; one that was inherited by a fork is another's."""
        return self._process is not None and self._started_by == os.getpid() and self._process.poll() is None

    def _exchange(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if not self._running():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "marketplace.serving.estimator"],
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            self._started_by = os.getpid()
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            raise EstimatorEnded from None
        return dict(json.loads(self._line(process.stdout.fileno())))

    def _line(self, stream: int) -> bytes:
        """One line of the estimator's, in time. Raises EstimatorEnded, NoEstimate."""
        said, until = b"", time.monotonic() + ANSWER_WITHIN_S
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while not said.endswith(b"\n"):
                if not selector.select(timeout=max(0.0, until - time.monotonic())):
                    self._end()
                    raise _no_estimate()
                part = os.read(stream, 1 << 20)
                if not part:
                    raise EstimatorEnded
                said += part
        return said

    def _end(self) -> None:
        process, self._process = self._process, None
        self._kept.clear()
        if process is not None and self._started_by == os.getpid():
            process.kill()
            process.communicate()


def _no_estimate() -> NoEstimate:
    return NoEstimate("The estimate is not at hand just now; ask again in a minute, or let a worker solve it anew")


def _refusal(refused: Mapping[str, Any]) -> InvalidFields | InvalidInput:
    faults = []
    for fault in refused["faults"]:
        kind = TooLittleMoney if fault["code"] == TooLittleMoney.code else InvalidInput
        faults.append(kind(fault["message"], field=fault["field"], **fault["values"]))
    return InvalidFields(faults) if refused["several"] else faults[0]


_mine = _Estimator()
