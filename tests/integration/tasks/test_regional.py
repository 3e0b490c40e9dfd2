"""One task per county: handed out through the outbox, done once however often it comes."""

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kernel import outbox
from kernel.clock import utc_now
from kernel.outbox import OutboxItem
from marketplace.config import settings_from
from marketplace.tasks.handlers import Ground, handle
from marketplace.tasks.regional import PIECE_TOPIC, regions_folder
from matching.regional.partition import partition
from matching.regional.pieces import result
from tests.unit.matching.regional.regions import small_region


@pytest.fixture
def ground(database_url: str, sessions: sessionmaker[Session], tmp_path: Path) -> Ground:
    environment = {"DATABASE_URL": database_url.replace("+psycopg", "", 1), "ZHONGFU_HOME": str(tmp_path / "home")}
    return Ground(settings_from(environment), sessions)


def offer(ground: Ground, work: Path, stage: str, part: str) -> OutboxItem:
    with ground.sessions() as session:
        item_id = outbox.enqueue(session, topic=PIECE_TOPIC, now=utc_now(), work=str(work), stage=stage, part=part)
        session.commit()
    handle(ground, item_id)
    return read(ground, item_id)


def read(ground: Ground, item_id) -> OutboxItem:
    with ground.sessions() as session:
        item = session.get(OutboxItem, item_id)
        assert item is not None
        return item


def test_a_county_is_done_by_a_worker_once_however_often_it_is_offered(ground, tmp_path):  # promise 5
    work = regions_folder(ground.settings.home) / "trial"
    work.mkdir(parents=True)
    cut = partition(small_region(tmp_path / "region"), work)
    part = cut.parts[0]
    shared = {"offerings": list(cut.offerings), "funds": list(cut.funds), "limits": list(cut.limits)}
    free = {"offerings": {}, "funds": {}, "limits": {}, "tiers": []}
    (work / "stages").mkdir()
    common = {"shared": shared, "prices": {"0": free}, "tighten": True, "earlier": None}
    question = {"kind": "price", "common": common, "parts": {part: {"near": False}}}
    (work / "stages" / "price-1.json").write_text(json.dumps(question))
    first = offer(ground, work, "price-1", part)
    assert (first.done_at is not None, first.last_error) == (True, None)
    found = result(work, "price-1", part)
    written = (work / "results" / "price-1" / f"{part}.json").stat().st_mtime_ns
    assert found is not None and found["responses"]["0"]["bound"] > 0
    handle(ground, first.id)
    again = offer(ground, work, "price-1", part)
    assert again.done_at is not None
    assert (work / "results" / "price-1" / f"{part}.json").stat().st_mtime_ns == written


def test_a_failed_county_keeps_its_reason_and_comes_again(ground, tmp_path):
    work = regions_folder(ground.settings.home) / "trial"
    (work / "stages").mkdir(parents=True)
    partition(small_region(tmp_path / "region"), work)
    (work / "stages" / "odd.json").write_text(json.dumps({"kind": "price", "common": {}, "parts": {}}))
    item = offer(ground, work, "odd", "part-0000")
    assert item.done_at is None
    assert "odd part-0000: KeyError" in item.last_error


def test_a_folder_outside_the_home_is_not_touched(ground, tmp_path):
    item = offer(ground, tmp_path / "elsewhere", "price-1", "part-0000")
    assert item.done_at is None
    assert "OutsideHome" in item.last_error
