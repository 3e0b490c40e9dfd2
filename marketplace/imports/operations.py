"""Imports in two steps: a dry run that names every fault and keeps the file sealed, then all of it, or only the good rows, in one go."""

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import audit
from kernel.accounts.rules import require_scope
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import vault_of
from kernel.errors import Conflict, DomainError, InvalidInput, NotFound
from kernel.regions.queries import get_region
from marketplace.imports import demand, monitoring, supply
from marketplace.imports.demand import CHUNK, Draft
from marketplace.imports.models import ImportBatch
from marketplace.imports.references import References, load_references
from marketplace.imports.rules import RowFault, SourceRow, bind
from marketplace.imports.tables import read_tables
from marketplace.imports.templates import rejected_workbook

Translate = Callable[[str, Mapping[str, Any]], str]
Progress = Callable[[str, int, int], None]
"""Told as the work goes on: the stage (``read``, ``checked``, ``written``), how many rows or entries are done, and of how many"""
PERMISSIONS = {
    "donors": "donor.write",
    "offerings": "offering.write",
    "households": "household.write",
    "needs": "need.write",
    "monitoring": "monitoring.import",
}


class _Check(Protocol):
    def __call__(
        self, session: Session, rows: list[SourceRow], *, references: References, scope: tuple[str, ...], today: date
    ) -> list[Draft]: ...


class _Write(Protocol):
    def __call__(
        self, session: Session, drafts: Sequence[Draft], *, actor: Actor, scope: tuple[str, ...], now: datetime
    ) -> int: ...


_KINDS: Mapping[str, tuple[_Check, _Write]] = {
    "donors": (supply.check_donors, supply.write_donors),
    "offerings": (supply.check_offerings, supply.write_offerings),
    "households": (demand.check_households, demand.write_households),
    "needs": (demand.check_needs, demand.write_needs),
    "monitoring": (monitoring.check_records, monitoring.write_drafts),
}


@dataclass(frozen=True)
class Checked:
    """What a dry run found: all rows, the drafts that hold, the faults by place, and the report for people."""

    rows: list[SourceRow]
    drafts: list[Draft]
    faults: list[RowFault]
    report: dict[str, Any]


@dataclass(frozen=True)
class Applied:
    """A finished import; `rejected` is the workbook of the rows left out (XLSX), None where none were."""

    batch: ImportBatch
    rejected: bytes | None


def check_file(
    session: Session,
    *,
    kind: str,
    content: bytes,
    region_code: str,
    scope: tuple[str, ...],
    today: date,
    progress: Progress = lambda stage, done, total: None,
) -> Checked:
    """The dry run alone: reads and judges, writes nothing. Raises InvalidInput where the file itself is refused."""
    if kind not in _KINDS:
        raise InvalidInput("Choose one of the list", field="kind")
    references = load_references(session, region_code=region_code)
    bound = bind(kind, read_tables(content), references.readers())
    check, _ = _KINDS[kind]
    progress("read", len(bound.rows), len(bound.rows))
    drafts = check(session, bound.rows, references=references, scope=scope, today=today)
    progress("checked", len(bound.rows), len(bound.rows))
    in_draft = {id(row) for draft in drafts for row in draft.rows}
    faults = list(bound.faults) + [fault for row in bound.rows for fault in row.faults]
    faults.sort(key=lambda fault: (fault.sheet, fault.row or 0))
    if not bound.rows and not faults:
        faults.append(RowFault("", None, None, "The file has no rows below its headings", {}))
    bad = sum(1 for row in bound.rows if id(row) not in in_draft)
    report = {
        "rows": len(bound.rows),
        "good": len(bound.rows) - bad,
        "bad": bad,
        "entries": len(drafts),
        "examples": bound.examples,
        "ignored_columns": bound.ignored_columns,
        "ignored_sheets": bound.ignored_sheets,
        "faults": [fault.document() for fault in faults],
    }
    return Checked(bound.rows, drafts, faults, report)


def check_import(
    session: Session,
    *,
    kind: str,
    file_name: str,
    content: bytes,
    region_code: str,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
) -> ImportBatch:
    """The dry run, kept: the file is sealed until it is imported or discarded.

    Raises InvalidInput (the file is refused), OutsideScope, NotFound (region), Conflict (this very file was imported before).
    """
    if actor.id is None:
        raise InvalidInput("An import is made by a person with an account", field="actor")
    require_scope(scope, region_code)
    get_region(session, region_code)
    checked = check_file(session, kind=kind, content=content, region_code=region_code, scope=scope, today=day_of(now))
    batch = keep_upload(
        session, kind=kind, file_name=file_name, content=content, region_code=region_code, actor=actor, now=now
    )
    put_report(session, batch, checked, actor=actor, now=now)
    return batch


def keep_upload(
    session: Session, *, kind: str, file_name: str, content: bytes, region_code: str, actor: Actor, now: datetime
) -> ImportBatch:
    """The upload, sealed, before anybody looked into it. Raises Conflict: this very file was imported before."""
    assert actor.id is not None
    digest = hashlib.sha256(content).hexdigest()
    _refuse_imported(session, kind, digest)
    batch = ImportBatch(
        id=uuid.uuid4(),
        kind=kind,
        file_name=safe_name(file_name),
        file_sha256=digest,
        region_code=region_code,
        status="checking",
        report={
            "rows": 0,
            "good": 0,
            "bad": 0,
            "entries": 0,
            "examples": 0,
            "ignored_columns": [],
            "ignored_sheets": [],
            "faults": [],
        },
        created_by=actor.id,
        created_at=now,
    )
    _seal(session, batch, content)
    session.add(batch)
    session.flush()
    return batch


def put_report(session: Session, batch: ImportBatch, checked: Checked, *, actor: Actor, now: datetime) -> None:
    """Keeps what the dry run found; the upload can be imported now."""
    batch.status, batch.report = "checked", checked.report
    session.flush()
    _record(session, batch, "import.checked", actor, now, rows=checked.report["rows"], bad=checked.report["bad"])


def opened(session: Session, batch: ImportBatch) -> bytes:
    """The file of an upload that is neither imported nor discarded. Raises Conflict."""
    if batch.file_sealed is None:
        raise Conflict("This import is done or discarded already; upload the file again")
    return vault_of(session).open_bytes(batch.file_sealed, table="import_batches", row=batch.id, column="file")


def apply_import(
    session: Session,
    *,
    batch_id: uuid.UUID,
    partial: bool = False,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    translate: Translate = lambda message, values: message % values if values else message,
    chinese: bool = True,
    progress: Progress = lambda stage, done, total: None,
) -> Applied:
    """Imports a checked file in the caller's transaction: every row, or with `partial` the rows that hold.

    The file is judged again against the database as it is now. Raises Conflict (faults while not `partial`, nothing to import,
    imported before), NotFound. After a raise nothing of it may be committed.
    """
    batch = locked_import(session, batch_id, actor=actor, scope=scope)
    if batch.status not in ("checked", "importing"):
        raise Conflict("This import is done or discarded already; upload the file again")
    content = opened(session, batch)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(int(batch.file_sha256[:15], 16))))
    _refuse_imported(session, batch.kind, batch.file_sha256)
    checked = check_file(
        session,
        kind=batch.kind,
        content=content,
        region_code=batch.region_code,
        scope=scope,
        today=day_of(now),
        progress=progress,
    )
    if checked.faults and not partial:
        raise Conflict(
            "The file has %(count)s faults; mend them and upload it again, or import only the good rows",
            count=len(checked.faults),
        )
    if not checked.drafts:
        raise Conflict("No row of the file can be imported; mend the faults and upload it again")
    written = _write(session, batch.kind, checked.drafts, actor=actor, scope=scope, now=now, progress=progress)
    kept = {id(row) for draft in checked.drafts for row in draft.rows}
    left = [row for row in checked.rows if id(row) not in kept]
    rejected = rejected_workbook(batch.kind, left, translate=translate, chinese=chinese) if left else None
    batch.status, batch.finished_at = "imported", now
    batch.report = {**checked.report, "written": written, "partial": bool(left)}
    # What was imported is emptied; only the rows left out stay, sealed, until they are fetched and discarded.
    batch.file_sealed = None
    if rejected is not None:
        _seal(session, batch, rejected)
    session.flush()
    _record(session, batch, "import.imported", actor, now, written=written, left_out=len(left))
    return Applied(batch, rejected)


def _write(
    session: Session,
    kind: str,
    drafts: list[Draft],
    *,
    actor: Actor,
    scope: tuple[str, ...],
    now: datetime,
    progress: Progress,
) -> int:
    """Writes what was judged good a moment ago; whatever still refuses came in between, and then nothing is imported."""
    _, write = _KINDS[kind]
    written = 0
    try:
        for start in range(0, len(drafts), CHUNK):
            written += write(session, drafts[start : start + CHUNK], actor=actor, scope=scope, now=now)
            progress("written", written, len(drafts))
    except DomainError as error:
        raise Conflict("Something changed while the file was imported; nothing was imported, check it again") from error
    return written


def rejected_rows(session: Session, *, batch_id: uuid.UUID, actor: Actor, scope: tuple[str, ...]) -> bytes:
    """The workbook of the rows that a partial import left out. Raises NotFound."""
    batch = get_import(session, batch_id, actor=actor, scope=scope)
    if batch.status != "imported" or batch.file_sealed is None:
        raise NotFound("This import left no rows out, or they were discarded")
    return vault_of(session).open_bytes(batch.file_sealed, table="import_batches", row=batch.id, column="file")


def discard_import(
    session: Session, *, batch_id: uuid.UUID, actor: Actor, scope: tuple[str, ...], now: datetime
) -> ImportBatch:
    """Empties the sealed file; a checked import is not done any more. Raises NotFound, Conflict (it is being imported)."""
    refuse_under_way(get_import(session, batch_id, actor=actor, scope=scope))
    batch = locked_import(session, batch_id, actor=actor, scope=scope)
    refuse_under_way(batch)
    if batch.file_sealed is not None:
        batch.file_sealed = None
        if batch.status in ("checking", "checked"):
            batch.status, batch.finished_at = "discarded", now
        session.flush()
        _record(session, batch, "import.discarded", actor, now)
    return batch


def empty_old_imports(session: Session, *, before: datetime, now: datetime) -> int:
    """Empties the sealed files of imports uploaded before this moment; returns how many."""
    old = list(
        session.scalars(
            sa.select(ImportBatch)
            .where(
                ImportBatch.created_at < before, ImportBatch.file_sealed.is_not(None), ImportBatch.status != "importing"
            )
            .with_for_update(skip_locked=True)
        )
    )
    for batch in old:
        batch.file_sealed = None
        if batch.status in ("checking", "checked"):
            batch.status, batch.finished_at = "discarded", now
        _record(session, batch, "import.discarded", audit.SYSTEM, now)
    session.flush()
    return len(old)


def get_import(session: Session, batch_id: uuid.UUID, *, actor: Actor, scope: tuple[str, ...]) -> ImportBatch:
    """One's own upload. Raises NotFound: uploads of others are theirs alone, they hold people's data."""
    batch = session.scalar(sa.select(ImportBatch).where(ImportBatch.id == batch_id, ImportBatch.created_by == actor.id))
    if batch is None:
        raise NotFound("There is no such import of yours")
    require_scope(scope, batch.region_code)
    return batch


def list_imports(session: Session, *, actor: Actor, limit: int = 20) -> list[ImportBatch]:
    """One's own uploads, newest first, without their reports' faults being read by anybody else."""
    return list(
        session.scalars(
            sa.select(ImportBatch)
            .where(ImportBatch.created_by == actor.id)
            .order_by(ImportBatch.created_at.desc(), ImportBatch.id)
            .limit(limit)
        )
    )


def safe_name(file_name: str) -> str:
    """The file's own name without folders, long numbers blotted out: a name must not carry a person's number."""
    name = PurePath(file_name.replace("\\", "/")).name
    name = "".join(character for character in name if character.isprintable())
    return re.sub(r"\d[\d\s-]{8,}[\dXx]", "…", name)[-120:] or "—"


def refuse_under_way(batch: ImportBatch) -> None:
    """Raises Conflict while a worker imports the upload: it holds the row until it is done."""
    if batch.status == "importing":
        raise Conflict("This import is under way; wait for it to end")


def locked_import(session: Session, batch_id: uuid.UUID, *, actor: Actor, scope: tuple[str, ...]) -> ImportBatch:
    get_import(session, batch_id, actor=actor, scope=scope)
    return session.get_one(ImportBatch, batch_id, populate_existing=True, with_for_update=True)


def _refuse_imported(session: Session, kind: str, digest: str) -> None:
    at = session.scalar(
        sa.select(ImportBatch.finished_at).where(
            ImportBatch.kind == kind, ImportBatch.file_sha256 == digest, ImportBatch.status == "imported"
        )
    )
    if at is not None:
        raise Conflict(
            "This very file was imported on %(day)s; nothing is imported twice",
            field="file",
            day=day_of(at).isoformat(),
        )


def _seal(session: Session, batch: ImportBatch, content: bytes) -> None:
    batch.file_sealed = vault_of(session).seal_bytes(content, table="import_batches", row=batch.id, column="file")


def _record(session: Session, batch: ImportBatch, action: str, actor: Actor, now: datetime, **detail: object) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject_type="import",
        subject_id=batch.id,
        now=now,
        region_code=batch.region_code,
        kind=batch.kind,
        **detail,
    )
