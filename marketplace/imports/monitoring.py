"""Rows into departments' records: the same rules as the API, what is on file asked for all rows at once."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from households.monitoring.records import CHANGED, standing_of, write_records
from households.monitoring.rules import RecordEntry, check_record
from kernel.audit import Actor
from kernel.errors import InvalidFields
from marketplace.imports.demand import Draft, region_of
from marketplace.imports.references import References
from marketplace.imports.rules import SourceRow, require_filled

KIND = "monitoring"


def check_records(
    session: Session, rows: list[SourceRow], *, references: References, scope: tuple[str, ...], today: date
) -> list[Draft]:
    """Records whose rows hold; the faults are noted on the rows. A record that is on file with the same values is no fault: it counts once."""
    drafts = []
    for row in rows:
        require_filled(KIND, row)
        if not row.values.get("region"):
            row.values["region"] = references.root
        region = region_of(row, references, scope)
        try:
            checked = check_record(_entry(row, region or ""), today=today)
        except InvalidFields as error:
            _add_faults(row, error)
            continue
        if row.good:
            drafts.append(Draft((row,), checked))
    for draft, standing in zip(drafts, standing_of(session, [draft.checked for draft in drafts]), strict=True):
        if standing == "changed":
            draft.rows[0].add("number", CHANGED)
    return [draft for draft in drafts if draft.rows[0].good]


def _add_faults(row: SourceRow, error: InvalidFields) -> None:
    """What the rules refuse, but not again where a cell is empty or could not be read."""
    faulty = {fault.column for fault in row.faults}
    for fault in error.faults:
        if row.headings.get(fault.field or "") not in faulty or fault.field not in row.headings:
            row.add(fault.field, fault.message, **fault.values)


def _entry(row: SourceRow, region: str) -> RecordEntry:
    value = row.values.get
    kind = value("kind") or ""
    return RecordEntry(
        value("source") or "", value("number") or "", kind, value("state") or ("paid" if kind == "medical_bill" else ""),
        value("happened_on"), region, resident_id=value("resident_id"), name=value("name"), address=value("address"),
        amount_fen=value("amount_fen"), grade=value("grade"), detail=value("detail"),
    )  # fmt: skip


def write_drafts(
    session: Session, drafts: Sequence[Draft], *, actor: Actor, scope: tuple[str, ...], now: datetime
) -> int:
    """Takes the records in; returns how many were new."""
    return write_records(session, checked=[draft.checked for draft in drafts], actor=actor, scope=scope, now=now).new
