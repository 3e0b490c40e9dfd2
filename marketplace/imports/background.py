"""Uploads too large for the time of a page: a worker checks and imports them and tells how far it is; small ones are done at once.

The check and the import are the same as for small files (`operations`), each in one transaction; what is told on the way is written
beside it, in transactions of their own, so that a page sees it while the import is not yet committed.
"""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.accounts.rules import require_scope
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.errors import Conflict, DomainError, InvalidInput
from kernel.regions.queries import get_region
from marketplace.imports.models import ImportBatch, ImportWork
from marketplace.imports.operations import (
    Progress,
    Translate,
    apply_import,
    check_file,
    check_import,
    get_import,
    keep_upload,
    locked_import,
    opened,
    put_report,
    refuse_under_way,
)

TOPIC = "import"
LARGE_BYTES = 200_000
"""From here on a file is checked by a worker: some 2,000 rows, which a page does in two seconds"""
LARGE_ROWS = 2_000
_LOCK_SPACE = 7_461


def receive_upload(
    session: Session,
    *,
    kind: str,
    file_name: str,
    content: bytes,
    region_code: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    chinese: bool,
) -> ImportBatch:
    """Checks a small file at once; keeps a large one with status ``checking`` for a worker. Raises what `check_import` raises; a large file
    that is no table is refused by the worker, and its `ImportWork` says why.
    """
    if len(content) < LARGE_BYTES:
        return check_import(
            session, kind=kind, file_name=file_name, content=content, region_code=region_code, actor=actor, scope=scope, now=now
        )  # fmt: skip
    if actor.id is None:
        raise InvalidInput("An import is made by a person with an account", field="actor")
    require_scope(scope, region_code)
    get_region(session, region_code)
    batch = keep_upload(
        session, kind=kind, file_name=file_name, content=content, region_code=region_code, actor=actor, now=now
    )
    _ask(session, batch, step="check", partial=False, chinese=chinese, now=now)
    return batch


def request_import(
    session: Session,
    *,
    batch_id: uuid.UUID,
    partial: bool,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    translate: Translate,
    chinese: bool,
) -> ImportBatch:
    """Imports a small upload at once; a large one gets status ``importing`` for a worker. Raises what `apply_import` raises."""
    batch = get_import(session, batch_id, actor=actor, scope=scope)
    refuse_under_way(batch)
    if batch.report["rows"] < LARGE_ROWS:
        return apply_import(
            session, batch_id=batch_id, partial=partial, actor=actor, scope=scope, now=now, translate=translate, chinese=chinese
        ).batch  # fmt: skip
    batch = locked_import(session, batch_id, actor=actor, scope=scope)
    refuse_under_way(batch)
    if batch.status != "checked" or batch.file_sealed is None:
        raise Conflict("This import is done or discarded already; upload the file again")
    if batch.report["faults"] and not partial:
        raise Conflict(
            "The file has %(count)s faults; mend them and upload it again, or import only the good rows",
            count=len(batch.report["faults"]),
        )
    batch.status = "importing"
    _ask(session, batch, step="import", partial=partial, chinese=chinese, now=now)
    return batch


def _ask(session: Session, batch: ImportBatch, *, step: str, partial: bool, chinese: bool, now: datetime) -> None:
    work = session.get(ImportWork, batch.id) or ImportWork(batch_id=batch.id)
    work.step, work.partial, work.chinese, work.asked_at = step, partial, chinese, now
    work.stage, work.done, work.total, work.refusal, work.ended_at = None, 0, 0, None, None
    session.add(work)
    session.flush()
    outbox.enqueue(session, topic=TOPIC, now=now, batch_id=batch.id)


def work_of(session: Session, batch: ImportBatch) -> ImportWork | None:
    """What a worker does, or did, for the upload; None where it was small."""
    return session.get(ImportWork, batch.id, populate_existing=True)


def take_work(session: Session, batch_id: uuid.UUID) -> tuple[ImportBatch, ImportWork] | None:
    """The upload and its open work, held by this transaction alone; None where another worker has it. Its row stays free to be told in."""
    key = int.from_bytes(batch_id.bytes[:4], signed=True)
    if not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK_SPACE, key))):
        return None
    return session.get_one(ImportBatch, batch_id), session.get_one(ImportWork, batch_id)


def carry_out(
    session: Session,
    batch: ImportBatch,
    work: ImportWork,
    *,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    translate: Translate,
    progress: Progress,
) -> None:
    """Does the step that was asked; `scope` is where the person may do so now. Raises DomainError where it is refused: roll back and
    `put_refusal`."""
    require_scope(scope, batch.region_code)
    if work.step == "check" and batch.status == "checking":
        content = opened(session, batch)
        checked = check_file(
            session, kind=batch.kind, content=content, region_code=batch.region_code, scope=scope, today=day_of(now), progress=progress
        )  # fmt: skip
        put_report(session, batch, checked, actor=actor, now=now)
    elif work.step == "import" and batch.status == "importing":
        apply_import(
            session, batch_id=batch.id, partial=work.partial, actor=actor, scope=scope, now=now,
            translate=translate, chinese=work.chinese, progress=progress,
        )  # fmt: skip
    work.ended_at = now
    session.flush()


def put_refusal(session: Session, batch_id: uuid.UUID, error: DomainError, *, now: datetime) -> None:
    """Keeps why the step was refused. An import can be asked again; a file that could not be read is emptied."""
    batch = session.get_one(ImportBatch, batch_id, populate_existing=True, with_for_update=True)
    work = session.get_one(ImportWork, batch_id, populate_existing=True, with_for_update=True)
    if work.ended_at is not None:
        return
    work.refusal, work.ended_at = _document(error), now
    if batch.status == "importing":
        batch.status = "checked"
    elif batch.status == "checking":
        batch.status, batch.file_sealed, batch.finished_at = "discarded", None, now
    session.flush()


def _document(error: DomainError) -> dict[str, Any]:
    values = {name: value if isinstance(value, (int, str)) else str(value) for name, value in error.values.items()}
    return {"message": error.message, "values": values}


def tell(session: Session, batch_id: uuid.UUID, stage: str, done: int, total: int) -> None:
    """Writes how far the work is, for the page to show."""
    session.execute(
        sa.update(ImportWork)
        .where(ImportWork.batch_id == batch_id, ImportWork.ended_at.is_(None))
        .values(stage=stage, done=min(done, total), total=total)
    )
