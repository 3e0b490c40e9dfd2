"""The queue: Celery over our own database by default (pgmq), over Redis or RabbitMQ where BROKER_URL says so.

The broker only wakes a worker. What is to be done stands in the outbox, who may do it in the row of the job; so a lost broker, a
message that comes twice or a worker that is killed costs time and nothing else (promises 3 and 5).
"""

import uuid
from typing import Any

import psycopg
from celery import Celery
from kombu import Queue

from marketplace.config import Settings
from marketplace.tasks.handlers import TOPICS, Ground, handle

TASK = "zhongfu.handle_outbox"
CHORES = "zhongfu_chores"
QUEUES = tuple(sorted({CHORES, *(topic.queue for topic in TOPICS.values())}))
VISIBLE_AGAIN_S = 60
"""A message whose worker died comes again after so long; the outbox usually comes first"""


def make_celery(settings: Settings, ground: Ground | None = None) -> Celery:
    """The application. With `ground` it can run the task; without, it only sends (the dispatcher).

    Raises RuntimeError where settings name no database.
    """
    if settings.database_url is None:
        raise RuntimeError("No DATABASE_URL: `zhongfu serve` brings its own database, or name a server")
    app = Celery("zhongfu", broker=settings.broker_url or "pgmq://localhost/zhongfu")
    app.conf.update(
        broker_transport_options=_transport(settings),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_queues=[Queue(name) for name in QUEUES],
        task_default_queue=CHORES,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_store_errors_even_if_ignored=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        accept_content=["json"],
        task_serializer="json",
        enable_utc=True,
    )
    if ground is not None:

        @app.task(name=TASK)
        def handle_outbox(item_id: str) -> None:
            handle(ground, uuid.UUID(item_id))

    return app


def _conninfo(url: str) -> str:
    """The address as libpq's ``key=value`` words: pgmq's own reading of an address drops the socket named after the ``?``."""
    words = psycopg.conninfo.conninfo_to_dict(url.replace("+psycopg", "", 1))
    return psycopg.conninfo.make_conninfo(**words)


def _transport(settings: Settings) -> dict[str, Any]:
    if settings.broker_url is None:
        return {
            "conn_string": _conninfo(settings.database_url or ""),
            # The migrations install pgmq's tables; the app's role may not create extensions.
            "init_extension": False,
            "visibility_timeout": VISIBLE_AGAIN_S,
            "wait_time_seconds": 0,
            "polling_interval": 1.0,
            "use_notify": True,
            "notify_throttle_interval_ms": 0,
            "pool_size": 3,
            "pool_timeout": 5,
        }
    if settings.broker_url.startswith(("redis://", "rediss://")):
        # Without the two restore options a killed worker's message comes back after 105 s, whatever the timeout says.
        return {
            "visibility_timeout": VISIBLE_AGAIN_S,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
        }
    return {}
