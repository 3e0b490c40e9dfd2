"""The worker process: ``python -m marketplace.tasks.worker``. Stopped politely, it gives back the round it is solving."""

import logging
import os
import warnings

from celery.exceptions import SecurityWarning
from celery.signals import worker_shutting_down

from kernel.crypto import open_vault
from kernel.database import make_engine, make_session_factory
from marketplace import models
from marketplace.config import settings_from
from marketplace.tasks.celery_app import QUEUES, make_celery
from marketplace.tasks.handlers import Ground
from marketplace.tasks.jobs import sweep_folders

assert models.MODULES  # importing them lets foreign keys find their tables
CONCURRENCY = 4


def main() -> None:
    """Runs until a signal ends it."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s worker %(levelname)s %(name)s: %(message)s")
    # Celery warns root of pickled messages; ours are JSON and nothing else is accepted.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    settings = settings_from(os.environ)
    if settings.database_url is None:
        raise SystemExit("No DATABASE_URL: `zhongfu serve` brings its own database, or name a server")
    sweep_folders(settings.home)
    engine = make_engine(settings.database_url, pool_size=CONCURRENCY)
    ground = Ground(settings, make_session_factory(engine, vault=open_vault(settings.keys_folder)))

    @worker_shutting_down.connect(weak=False)
    def stop(**_: object) -> None:
        ground.stopping.set()

    app = make_celery(settings, ground)
    app.worker_main(
        [
            "--quiet", "worker", "--pool=threads", f"--concurrency={CONCURRENCY}", f"--queues={','.join(QUEUES)}",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING",
        ]
    )  # fmt: skip


if __name__ == "__main__":
    main()
