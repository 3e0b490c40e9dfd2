"""Kills the worker at random points of a solve, again and again (promise 3). Not part of `make test`:

    .venv/bin/pytest -q -s tests/soak/kill_worker.py          ZHONGFU_KILLS=200 by default 200, ZHONGFU_SEED for the moments

After each kill another worker takes the round up; at the end every round has the result hash of the undisturbed one, each was proposed
once, nothing is doubled, no search outlived its worker.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel.audit import verify_chain
from kernel.outbox import OutboxItem
from matching.rounds.models import Allocation, MatchRound, RoundEvent
from matching.rounds.operations import SOLVE_TOPIC
from tests import factories_rounds as make
from tests.integration.tasks.test_worker import children_of, part, run_round, running, status_of, wait_for

KILLS = int(os.environ.get("ZHONGFU_KILLS", "200"))
SEED = int(os.environ.get("ZHONGFU_SEED", "20270305"))
KILLS_PER_ROUND = 5
pytestmark = pytest.mark.timeout(4 * 3600)


def test_a_worker_killed_at_random_points_loses_and_doubles_nothing(
    sessions: sessionmaker[Session], database_url: str, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url.replace("+psycopg", "", 1),
        "ZHONGFU_HOME": str(tmp_path / "home"),
        "ZHONGFU_THREADS": "1",
    }
    draw = random.Random(SEED)
    with sessions() as session:
        people = make.make_people(session)
        make.make_pool(session)
        session.commit()
    begun, killed, searches = time.monotonic(), 0, set[int]()
    with part("dispatcher", environment):
        with part("worker", environment):
            first = run_round(sessions, people, name="undisturbed")
            wait_for(lambda: status_of(sessions, first) == "proposed")
        while killed < KILLS:
            one = run_round(sessions, people, name="disturbed")
            for _ in range(KILLS_PER_ROUND):
                with part("worker", environment) as worker:
                    wait_for(
                        lambda worker=worker, one=one: children_of(worker) or status_of(sessions, one) == "proposed"
                    )
                    time.sleep(draw.uniform(0, 3))
                    searches.update(children_of(worker))
                    worker.send_signal(signal.SIGKILL)
                    worker.wait(timeout=20)
                killed += 1
                if status_of(sessions, one) == "proposed":
                    break
            with part("worker", environment):
                wait_for(lambda one=one: status_of(sessions, one) == "proposed")
            print(f"{killed} kills, {time.monotonic() - begun:.0f} s")
    wait_for(lambda: not any(running(pid) for pid in searches), seconds=10)
    with sessions() as session:
        rounds = session.scalars(sa.select(MatchRound)).all()
        assert {one.status for one in rounds} == {"proposed"}
        assert len({one.result_sha256 for one in rounds}) == 1
        lines = session.scalars(sa.select(sa.func.count(Allocation.id)).group_by(Allocation.round_id)).all()
        assert len(lines) == len(rounds) and set(lines) == {lines[0]}
        proposals = session.scalars(
            sa.select(sa.func.count()).where(RoundEvent.to_status == "proposed").group_by(RoundEvent.round_id)
        ).all()
        assert set(proposals) == {1}
        assert (
            session.scalar(
                sa.select(sa.func.count()).where(OutboxItem.topic == SOLVE_TOPIC, OutboxItem.done_at.is_(None))
            )
            == 0
        )
        assert list(verify_chain(session)) == []
    print(f"{killed} kills over {len(rounds) - 1} rounds: one result, nothing lost, nothing doubled")
