"""The dispatcher process: ``python -m marketplace.tasks.dispatcher``. Hands due outbox items to the queue and sweeps what time ends.

Any number may run at once: an item is taken by one of them, and being handed over twice harms nothing.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from celery import Celery
from sqlalchemy.orm import Session, sessionmaker

from households.leads.operations import escalate_leads
from households.needs.operations import expire_needs
from households.portrait.renewal import plan_daily_renewals
from households.visits.problems import escalate_late
from households.visits.schedule import keep_planned
from kernel import idempotency, outbox
from kernel.audit import SYSTEM
from kernel.clock import utc_now
from kernel.database import make_engine, make_session_factory
from marketplace import models
from marketplace.config import Settings, settings_from
from marketplace.imports.operations import empty_old_imports
from marketplace.tasks.celery_app import CHORES, TASK, make_celery
from marketplace.tasks.handlers import TOPICS
from marketplace.tasks.plans import sweep_plans
from matching.rounds.expiry import expire_rounds
from matching.rounds.solving import wake_stranded
from matching.rounds.whatif_jobs import wake_waiting

assert models.MODULES  # importing them lets foreign keys find their tables
logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
UPLOADS_REST = timedelta(days=1)
"""An upload that was checked and never applied is emptied after a day"""
LONGEST_PAUSE_S = 5.0

Sweep = Callable[[Session, datetime], object]
SWEEPS: tuple[tuple[float, Sweep], ...] = (
    (5.0, lambda session, now: wake_stranded(session, now=now)),
    (5.0, lambda session, now: wake_waiting(session, now=now)),
    (60.0, lambda session, now: expire_rounds(session, now=now)),
    (600.0, lambda session, now: plan_daily_renewals(session, now=now)),
    (3600.0, lambda session, now: expire_needs(session, actor=SYSTEM, now=now)),
    (600.0, lambda session, now: escalate_leads(session, now=now)),
    (300.0, lambda session, now: sweep_plans(session, now=now)),
    (3600.0, lambda session, now: keep_planned(session, now=now)),
    (3600.0, lambda session, now: escalate_late(session, actor=SYSTEM, now=now)),
    (3600.0, lambda session, now: empty_old_imports(session, before=now - UPLOADS_REST, now=now)),
    (3600.0, lambda session, now: idempotency.forget_old(session, now=now)),
)
"""How often, in seconds, and what is looked after"""


def run_dispatcher(settings: Settings, stop: threading.Event) -> None:
    """Runs until `stop` is set. A database or broker that does not answer is waited for."""
    if settings.database_url is None:
        raise RuntimeError("No DATABASE_URL: `zhongfu serve` brings its own database, or name a server")
    engine = make_engine(settings.database_url, pool_size=2)
    sessions = make_session_factory(engine)
    app = make_celery(settings)
    due = [0.0] * len(SWEEPS)
    pause = LOOK_EVERY_S
    try:
        while not stop.is_set():
            try:
                for place, (every, sweep) in enumerate(SWEEPS):
                    if time.monotonic() >= due[place]:
                        due[place] = time.monotonic() + every
                        with sessions() as session:
                            sweep(session, utc_now())
                            session.commit()
                hand_over(sessions, app, now=utc_now())
                pause = LOOK_EVERY_S
            except sa.exc.OperationalError as error:
                pause = min(pause * 2, LONGEST_PAUSE_S)
                logger.warning(
                    "the database does not answer (%s); trying again in %.1f s", type(error.orig).__name__, pause
                )
            except Exception:
                pause = min(pause * 2, LONGEST_PAUSE_S)
                logger.exception("a pass of the dispatcher failed; trying again in %.1f s", pause)
            stop.wait(pause)
    finally:
        app.close()
        engine.dispose()


def hand_over(sessions: sessionmaker[Session], app: Celery, *, now: datetime) -> int:
    """Sends every due item to the queue of its topic; returns how many. One that cannot be sent is due again by itself."""
    with sessions() as session:
        items = [(item.id, item.topic) for item in outbox.take_due(session, now=now)]
        session.commit()
    for item_id, topic in items:
        queue = TOPICS[topic].queue if topic in TOPICS else CHORES
        app.send_task(TASK, args=[str(item_id)], queue=queue, retry=False)
    return len(items)


def main() -> None:
    """Runs until a signal ends it."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s dispatcher %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_dispatcher(settings_from(os.environ), stop)


if __name__ == "__main__":
    main()
