"""What is done about each topic of the outbox. Handlers are thin: find, call, close the item in the transaction of the effect.

A handler is called at least once and acts once: the item is closed together with its effect, and a closed item is not handled.
"""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from households.portrait.renewal import TOPIC as PORTRAITS_TOPIC
from kernel import outbox
from kernel.outbox import OutboxItem
from marketplace.config import Settings
from marketplace.imports.background import TOPIC as IMPORT_TOPIC
from marketplace.tasks.imports import run_import
from marketplace.tasks.jobs import Job
from marketplace.tasks.portraits import run_renewal
from marketplace.tasks.regional import PIECE_TOPIC, run_queued_piece
from marketplace.tasks.solve import SolveRound
from marketplace.tasks.what_if import AnswerWhatIf
from matching.rounds.operations import SOLVE_TOPIC
from matching.rounds.whatif_jobs import WHAT_IF_TOPIC

logger = logging.getLogger(__name__)


@dataclass
class Ground:
    """What tasks stand on in one worker process. `stopping` is set when the worker is asked to end."""

    settings: Settings
    sessions: sessionmaker[Session]
    stopping: threading.Event = field(default_factory=threading.Event)
    # A search uses all its threads; two at once would only halve each other's time.
    one_solve: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Topic:
    """Which queue a topic's items go through and who handles them."""

    queue: str
    act: Callable[[Ground, uuid.UUID, dict[str, str]], None]


def _solve(ground: Ground, item_id: uuid.UUID, payload: dict[str, str]) -> None:
    _alone(ground, item_id, SolveRound(*_stands_on(ground), uuid.UUID(payload["round_id"])))


def _what_if(ground: Ground, item_id: uuid.UUID, payload: dict[str, str]) -> None:
    _alone(ground, item_id, AnswerWhatIf(*_stands_on(ground), uuid.UUID(payload["what_if_id"])))


def _stands_on(ground: Ground) -> tuple[sessionmaker[Session], Settings, threading.Event]:
    return ground.sessions, ground.settings, ground.stopping


def _alone(ground: Ground, item_id: uuid.UUID, job: Job[Any]) -> None:
    """One search at a time: while another runs nothing is done, and the dispatcher offers the item again."""
    if not ground.one_solve.acquire(blocking=False):
        return
    try:
        job.run(item_id)
    finally:
        ground.one_solve.release()


def _regional_piece(ground: Ground, item_id: uuid.UUID, payload: dict[str, str]) -> None:
    run_queued_piece(
        ground.sessions, settings=ground.settings, stopping=ground.stopping, item_id=item_id,
        work=payload["work"], stage=payload["stage"], part=payload["part"],
    )  # fmt: skip


def _renew_portraits(ground: Ground, item_id: uuid.UUID, payload: dict[str, str]) -> None:
    run_renewal(ground.sessions, stopping=ground.stopping, item_id=item_id, renewal_id=uuid.UUID(payload["renewal_id"]))


def _import(ground: Ground, item_id: uuid.UUID, payload: dict[str, str]) -> None:
    run_import(ground.sessions, item_id=item_id, batch_id=uuid.UUID(payload["batch_id"]))


TOPICS: dict[str, Topic] = {
    SOLVE_TOPIC: Topic("zhongfu_solve", _solve),
    WHAT_IF_TOPIC: Topic("zhongfu_solve", _what_if),
    PIECE_TOPIC: Topic("zhongfu_solve", _regional_piece),
    PORTRAITS_TOPIC: Topic("zhongfu_chores", _renew_portraits),
    IMPORT_TOPIC: Topic("zhongfu_chores", _import),
}


def handle(ground: Ground, item_id: uuid.UUID) -> None:
    """Handles one item of the outbox unless it is closed. A failure is kept beside the item, which comes again."""
    with ground.sessions() as session:
        item = session.get(OutboxItem, item_id)
        if item is None or item.done_at is not None:
            return
        topic, payload = item.topic, dict(item.payload)
    try:
        if topic not in TOPICS:
            raise LookupError(f"nothing handles the topic {topic}")
        TOPICS[topic].act(ground, item_id, payload)
    except Exception as error:
        logger.exception("the outbox item %s (%s) failed and will be tried again", item_id, topic)
        with ground.sessions() as session:
            outbox.mark_failed(session, item_id, error=f"{type(error).__name__}: {error}")
            session.commit()
