"""A real worker and a real dispatcher, processes of their own, over the test's database."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.clock import utc_now
from kernel.outbox import OutboxItem
from marketplace.config import settings_from
from marketplace.tasks.handlers import Ground, handle
from matching.rounds.commit import commit_round
from matching.rounds.models import Allocation, MatchRound, RoundEvent
from matching.rounds.operations import (
    SOLVE_TOPIC,
    approve_round,
    cancel_round,
    create_round,
    draw_seed,
    freeze_round,
    press_run,
)
from matching.rounds.whatif_jobs import WHAT_IF_TOPIC
from matching.rounds.whatif_models import WhatIf
from tests import factories_rounds as make
from tests.factories_rounds import SCOPE

ROOT = Path(__file__).resolve().parents[3]
LONG_S = 120


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """What `zhongfu serve` hands to its parts."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url.replace("+psycopg", "", 1),
        "ZHONGFU_HOME": str(tmp_path / "home"),
        "ZHONGFU_THREADS": "1",
    }


@contextmanager
def part(name: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`worker` or `dispatcher` as a process; gone at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"marketplace.tasks.{name}"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=20)


def wait_for(met: Callable[[], object], *, seconds: float = LONG_S) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.1)


def run_round(sessions: sessionmaker[Session], people: make.People, **values: object) -> MatchRound:
    """A round pressed to run on the real clock, which the worker reads."""
    with sessions() as session:
        now, creator = utc_now(), people.creator.actor
        one = create_round(session, entry=make.round_entry(**values), actor=creator, scope=SCOPE, now=now)
        freeze_round(session, round_id=one.id, actor=creator, scope=SCOPE, now=now)
        if one.seed is None:
            draw_seed(
                session, round_id=one.id, value="04 11", actor=creator, scope=SCOPE, now=now + timedelta(seconds=1)
            )
        press_run(session, round_id=one.id, actor=creator, scope=SCOPE, now=now)
        session.commit()
        return one


def status_of(sessions: sessionmaker[Session], one: MatchRound) -> str:
    with sessions() as session:
        return session.scalars(sa.select(MatchRound.status).where(MatchRound.id == one.id)).one()


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The searches a worker runs."""
    found = []
    for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
        found += [int(pid) for pid in task.read_text().split()]
    return found


@pytest.fixture
def people(sessions: sessionmaker[Session]) -> make.People:
    with sessions() as session:
        made = make.make_people(session)
        make.make_pool(session)
        session.commit()
    return made


def test_a_round_that_is_run_is_proposed_and_can_be_committed(
    sessions: sessionmaker[Session], people: make.People, environment: dict[str, str]
) -> None:
    with part("worker", environment), part("dispatcher", environment):
        one = run_round(sessions, people)
        wait_for(lambda: status_of(sessions, one) not in ("queued", "solving"))
        wait_for(lambda: not items_of(sessions, WHAT_IF_TOPIC))  # the prices of its plan
    with sessions() as session:
        session.add(one)
        session.refresh(one)
        assert one.status == "proposed", one.status_reason
        assert one.plan_status == "optimal" and all(level["proven"] for level in one.levels)
        assert session.scalars(sa.select(OutboxItem.done_at).where(OutboxItem.topic == SOLVE_TOPIC)).one() is not None
        now = utc_now()
        approve_round(session, round_id=one.id, reason="好", actor=people.reviewer.actor, scope=SCOPE, now=now)
        commit_round(session, round_id=one.id, actor=people.committer.actor, scope=SCOPE, now=now)
        session.commit()
    assert list((Path(environment["ZHONGFU_HOME"]) / "work").iterdir()) == []


def test_a_worker_killed_at_work_loses_nothing_and_the_result_is_the_same(
    sessions: sessionmaker[Session], people: make.People, environment: dict[str, str]
) -> None:  # promise 3
    with part("dispatcher", environment):
        with part("worker", environment):
            undisturbed = run_round(sessions, people, name="undisturbed")
            wait_for(lambda: status_of(sessions, undisturbed) == "proposed")
        disturbed = run_round(sessions, people, name="disturbed")
        searches: list[int] = []
        for number, pause in enumerate((0.0, 0.4, 0.9)):
            with part("worker", environment) as worker:
                wait_for(lambda: status_of(sessions, disturbed) != "queued" and held(sessions, disturbed, worker))
                time.sleep(pause)
                searches += children_of(worker)
                worker.send_signal(signal.SIGKILL)
                worker.wait(timeout=20)
                if status_of(sessions, disturbed) == "proposed":
                    break
            if number:  # the first takeover waits for the lease to end as it will; the others need not prove it again
                with sessions.begin() as session:
                    session.execute(
                        sa.update(MatchRound)
                        .where(MatchRound.id == disturbed.id, MatchRound.status == "solving")
                        .values(lease_until=utc_now())
                    )
        wait_for(lambda: not any(running(pid) for pid in searches), seconds=10)
        with part("worker", environment):
            wait_for(lambda: status_of(sessions, disturbed) == "proposed")
    with sessions() as session:
        hashes = dict(session.execute(sa.select(MatchRound.name, MatchRound.result_sha256)).all())
        assert hashes["disturbed"] == hashes["undisturbed"]
        counts = session.execute(sa.select(Allocation.round_id, sa.func.count()).group_by(Allocation.round_id)).all()
        assert len({count for _, count in counts}) == 1 and len(counts) == 2
        proposals = sa.select(sa.func.count()).where(
            RoundEvent.round_id == disturbed.id, RoundEvent.to_status == "proposed"
        )
        assert session.scalar(proposals) == 1
        assert session.get_one(MatchRound, disturbed.id).attempts >= 2


def running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def held(sessions: sessionmaker[Session], one: MatchRound, worker: subprocess.Popen[bytes]) -> bool:
    """Whether this worker is searching, or the round is done."""
    return bool(children_of(worker)) or status_of(sessions, one) == "proposed"


def test_a_cancelled_round_frees_its_worker_within_seconds(
    sessions: sessionmaker[Session], people: make.People, environment: dict[str, str]
) -> None:
    with part("worker", environment) as worker, part("dispatcher", environment):
        one = run_round(sessions, people)
        wait_for(lambda: children_of(worker))
        with sessions() as session:
            cancel_round(
                session, round_id=one.id, reason="数据有误", actor=people.creator.actor, scope=SCOPE, now=utc_now()
            )
            session.commit()
        wait_for(lambda: not children_of(worker), seconds=10)
    assert status_of(sessions, one) == "cancelled"
    with sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Allocation)) == 0


def test_a_worker_asked_to_stop_gives_its_round_back_at_once(
    sessions: sessionmaker[Session], people: make.People, environment: dict[str, str]
) -> None:
    with part("dispatcher", environment):
        with part("worker", environment) as worker:
            one = run_round(sessions, people)
            wait_for(lambda: children_of(worker))
            worker.send_signal(signal.SIGTERM)
            worker.wait(timeout=15)
        with sessions() as session:
            now = session.get_one(MatchRound, one.id)
            assert now.status in ("solving", "proposed") and now.lease_until is None


def test_a_task_delivered_three_times_acts_once(
    sessions: sessionmaker[Session], people: make.People, environment: dict[str, str]
) -> None:  # promise 5
    one = run_round(sessions, people)
    ground = Ground(settings_from(environment), sessions)
    with sessions() as session:
        item_id = session.scalars(sa.select(OutboxItem.id)).one()
    for _ in range(3):
        handle(ground, item_id)
    with sessions() as session:
        now = session.get_one(MatchRound, one.id)
        assert (now.status, now.attempts) == ("proposed", 1), now.status_reason
        assert session.scalar(sa.select(sa.func.count()).select_from(Allocation)) == 5
        assert outbox.mark_done(session, item_id, now=utc_now()) is False


def items_of(sessions: sessionmaker[Session], topic: str) -> list[uuid.UUID]:
    """The open items of a topic, the oldest first."""
    with sessions() as session:
        wanted = sa.select(OutboxItem.id).where(OutboxItem.topic == topic, OutboxItem.done_at.is_(None))
        return list(session.scalars(wanted.order_by(OutboxItem.created_at, OutboxItem.id)))


def test_a_proposal_brings_its_prices_which_give_way_to_rounds_that_wait(
    sessions: sessionmaker[Session], people: make.People, environment: dict[str, str]
) -> None:
    ground = Ground(settings_from(environment), sessions)
    first = run_round(sessions, people, name="first")
    handle(ground, items_of(sessions, SOLVE_TOPIC)[0])
    with sessions() as session:
        prices = session.scalars(sa.select(WhatIf)).one()
        assert (prices.round_id, prices.kind, prices.status, prices.creator_id) == (first.id, "prices", "queued", None)
    second = run_round(sessions, people, name="second")
    handle(ground, items_of(sessions, WHAT_IF_TOPIC)[0])
    with sessions() as session:
        assert session.scalars(sa.select(WhatIf.attempts)).one() == 0  # the second round comes first
    handle(ground, items_of(sessions, SOLVE_TOPIC)[0])
    assert (status_of(sessions, first), status_of(sessions, second)) == ("proposed", "proposed")
    for item_id in items_of(sessions, WHAT_IF_TOPIC):
        handle(ground, item_id)
    with sessions() as session:
        assert session.scalars(sa.select(WhatIf.status)).all() == ["done", "done"]
    assert items_of(sessions, WHAT_IF_TOPIC) == []


def test_an_item_that_nobody_handles_keeps_its_fault_and_stays_due(
    sessions: sessionmaker[Session], environment: dict[str, str]
) -> None:
    with sessions() as session:
        item_id = outbox.enqueue(session, topic="thank.you", now=utc_now())
        session.commit()
    handle(Ground(settings_from(environment), sessions), item_id)
    with sessions() as session:
        item = session.get_one(OutboxItem, item_id)
        assert item.done_at is None and "thank.you" in (item.last_error or "")
