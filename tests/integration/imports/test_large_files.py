"""Large files: a worker checks and imports them, tells how far it is, and acts once however often it is called."""

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from households.models import Household
from kernel.accounts.models import User
from kernel.errors import Conflict
from kernel.outbox import OutboxItem
from marketplace.imports import background
from marketplace.imports.background import TOPIC, receive_upload, request_import, take_work, work_of
from marketplace.imports.models import ImportBatch, ImportWork
from marketplace.imports.operations import discard_import
from marketplace.imports.tables import read_tables
from marketplace.tasks.imports import run_import
from tests.browsing import PageClient
from tests.factories import COUNTY, NOW, make_person, make_user
from tests.factories_imports import HOUSEHOLD_HEADS, csv_text, household_row
from tests.integration.conftest import ApiClient

As = Callable[..., ApiClient]


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows are large here."""
    monkeypatch.setattr(background, "LARGE_BYTES", 300)
    monkeypatch.setattr(background, "LARGE_ROWS", 4)


def file_of(count: int, **last: Any) -> bytes:
    """So many households of one person; the last with these cells."""
    rows = [household_row(number) for number in range(1, count)] + [household_row(count, **last)]
    return csv_text([HOUSEHOLD_HEADS, *rows]).encode()


@dataclass
class Queue:
    """The worker's side: does every open item of imports; keeps what was told."""

    sessions: sessionmaker[Session]
    told: list[tuple[str, int, int]] = field(default_factory=list)

    def items(self) -> list[OutboxItem]:
        with self.sessions() as session:
            query = sa.select(OutboxItem).where(OutboxItem.topic == TOPIC, OutboxItem.done_at.is_(None))
            return list(session.scalars(query))

    def work_off(self) -> None:
        for item in self.items():
            run_import(self.sessions, item_id=item.id, batch_id=uuid.UUID(item.payload["batch_id"]))


@pytest.fixture
def sessions(app_sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    """The worker holds the keys of the application."""
    return app_sessions


@pytest.fixture
def queue(sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue(sessions)
    tell = background.tell

    def listening(session: Session, batch_id: uuid.UUID, stage: str, done: int, total: int) -> None:
        made.told.append((stage, done, total))
        tell(session, batch_id, stage, done, total)

    monkeypatch.setattr("marketplace.tasks.imports.tell", listening)
    return made


def upload(api: ApiClient, content: bytes):
    data = {"kind": "households", "region_code": COUNTY, "file": (io.BytesIO(content), "x.csv")}
    return api.post("/imports", data=data, content_type="multipart/form-data")


def test_a_large_file_is_checked_and_imported_by_a_worker(api_as: As, queue: Queue) -> None:
    api = api_as("coordinator")
    asked = upload(api, file_of(6))
    assert (asked.status_code, asked.json["status"], asked.json["rows"]) == (201, "checking", 0), asked.text
    path = f"/imports/{asked.json['id']}"
    assert api.post(f"{path}/apply", {}).status_code == 409  # nothing is imported before it is checked
    queue.work_off()
    checked = api.get(path).json
    assert (checked["status"], checked["rows"], checked["faults"]) == ("checked", 6, [])
    assert api.post(f"{path}/apply", {}).json["status"] == "importing"
    assert api.post(f"{path}/apply", {}).status_code == 409
    assert api.delete(path).status_code == 409
    assert api.get("/households").json["items"] == []
    queue.work_off()
    done = api.get(path).json
    assert (done["status"], done["written"], done["progress"]["refusal"]) == ("imported", 6, None)
    assert len(api.get("/households").json["items"]) == 6
    assert [stage for stage, *_ in queue.told] == ["read", "checked", "read", "checked", "written"]
    assert queue.told[-1] == ("written", 6, 6)
    assert queue.items() == []


def test_rows_left_out_of_a_large_file_come_back_with_reasons_in_the_importers_language(api_as: As, queue: Queue):
    api = api_as("coordinator")
    path = f"/imports/{upload(api, file_of(6, 身份证号='1')).json['id']}"
    queue.work_off()
    assert api.get(path).json["bad"] == 1
    assert api.post(f"{path}/apply", {}).status_code == 409
    api.post(f"{path}/apply", {"partial": True})
    queue.work_off()
    done = api.get(path).json
    assert (done["status"], done["written"], done["has_rejected_rows"]) == ("imported", 5, True)
    [table] = read_tables(api.get(f"{path}/rejected").data)
    assert table.rows[0][0] == "原因"
    assert "身份证号" in table.rows[1][0] and "17 digits" not in table.rows[1][0], table.rows[1]


def test_a_large_file_that_is_no_table_is_refused_with_the_reason(api_as: As, queue: Queue) -> None:
    api = api_as("coordinator")
    path = f"/imports/{upload(api, b'PK' + bytes(400)).json['id']}"
    queue.work_off()
    refused = api.get(path).json
    assert refused["status"] == "discarded" and refused["progress"]["refusal"]
    assert api.post(f"{path}/apply", {}).status_code == 409
    assert queue.items() == []


def test_the_page_shows_how_far_it_is_and_loads_anew_when_it_is_done(
    app: Flask, sessions: sessionmaker[Session], queue: Queue
) -> None:
    with sessions.begin() as session:
        make_user(session, "clerk", ("coordinator", COUNTY))
    browser = PageClient(app)
    browser.sign_in("clerk")
    page = browser.post(
        "/imports",
        {"kind": "households", "region_code": COUNTY, "file": (io.BytesIO(file_of(6)), "x.csv")},
        on="/imports",
        content_type="multipart/form-data",
    )
    place = page.headers["Location"]
    waiting = browser.get(place).text
    assert "检查中" in waiting and "排队中" in waiting and f'hx-get="{place}/progress"' in waiting
    assert (
        "htmx.min.js" in waiting and 'http-equiv="refresh"' in waiting
    )  # it moves by itself, with JavaScript and without
    with sessions.begin() as session:
        background.tell(session, uuid.UUID(place.rsplit("/", 1)[1]), "read", 6, 6)
    assert "已读取 6 行" in browser.get(f"{place}/progress").text
    queue.work_off()
    assert browser.get(f"{place}/progress").headers["HX-Refresh"] == "true"
    checked = browser.get(place).text
    assert "未发现问题" in checked and 'http-equiv="refresh"' not in checked
    browser.post(f"{place}/apply", {}, on=place)
    with sessions.begin() as session:
        background.tell(session, uuid.UUID(place.rsplit("/", 1)[1]), "written", 3, 6)
    assert "已写入 3 条，共 6 条" in browser.get(f"{place}/progress").text
    queue.work_off()
    assert "已全部导入" in browser.get(place).text


def right(session: Session, name: str = "importer") -> dict[str, Any]:
    person = make_person(session, name, ("coordinator", COUNTY))
    return {"actor": person.actor, "scope": (COUNTY,), "now": NOW}


def receive(session: Session, given: dict[str, Any], content: bytes) -> ImportBatch:
    return receive_upload(
        session, kind="households", file_name="x.csv", content=content, region_code=COUNTY, chinese=True, **given
    )


def ask(session: Session, given: dict[str, Any], batch_id: uuid.UUID) -> None:
    request_import(
        session, batch_id=batch_id, partial=False, translate=lambda text, values: text, chinese=True, **given
    )


def checked_file(sessions: sessionmaker[Session], queue: Queue) -> tuple[dict[str, Any], uuid.UUID]:
    with sessions.begin() as session:
        given = right(session)
        batch_id = receive(session, given, file_of(6)).id
    queue.work_off()
    return given, batch_id


def test_an_import_done_twice_is_done_once(sessions: sessionmaker[Session], queue: Queue) -> None:  # promise 4
    given, batch_id = checked_file(sessions, queue)
    with sessions.begin() as session:
        ask(session, given, batch_id)
    [item] = queue.items()
    for _ in range(3):
        run_import(sessions, item_id=item.id, batch_id=batch_id)
    with sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Household)) == 6


def test_while_one_worker_has_it_another_leaves_it(sessions: sessionmaker[Session], queue: Queue) -> None:
    given, batch_id = checked_file(sessions, queue)
    with sessions.begin() as session:
        ask(session, given, batch_id)
    [item] = queue.items()
    with sessions() as first:
        assert take_work(first, batch_id) is not None
        run_import(sessions, item_id=item.id, batch_id=batch_id)
        first.rollback()
    with sessions() as session:
        assert session.get_one(ImportBatch, batch_id).status == "importing"
        assert session.get_one(OutboxItem, item.id).done_at is None
    queue.work_off()
    with sessions() as session:
        assert session.get_one(ImportBatch, batch_id).status == "imported"


def test_a_change_in_between_refuses_the_import_and_it_can_be_asked_again(
    sessions: sessionmaker[Session], queue: Queue
) -> None:
    given, batch_id = checked_file(sessions, queue)
    with sessions.begin() as session:
        ask(session, given, batch_id)
        session.execute(sa.update(User).where(User.id == given["actor"].id).values(active=False))
    queue.work_off()
    with sessions() as session:
        batch = session.get_one(ImportBatch, batch_id)
        work = work_of(session, batch)
        assert batch.status == "checked" and work and work.refusal
        assert session.scalar(sa.select(sa.func.count()).select_from(Household)) == 0
    with sessions.begin() as session:
        session.execute(sa.update(User).where(User.id == given["actor"].id).values(active=True))
        ask(session, given, batch_id)
    queue.work_off()
    with sessions() as session:
        assert session.get_one(ImportBatch, batch_id).status == "imported"
        assert session.get_one(ImportWork, batch_id).refusal is None


def test_a_file_being_checked_can_be_discarded(sessions: sessionmaker[Session], queue: Queue) -> None:
    with sessions.begin() as session:
        given = right(session)
        batch_id = receive(session, given, file_of(6)).id
        discard_import(session, batch_id=batch_id, **given)
        with pytest.raises(Conflict, match="done or discarded"):
            ask_large(session, given, batch_id)
    queue.work_off()
    with sessions() as session:
        batch = session.get_one(ImportBatch, batch_id)
        assert (batch.status, batch.file_sealed) == ("discarded", None)
    assert queue.items() == []


def ask_large(session: Session, given: dict[str, Any], batch_id: uuid.UUID) -> None:
    batch = session.get_one(ImportBatch, batch_id)
    batch.report = {**batch.report, "rows": 10}
    ask(session, given, batch_id)
