"""Taking in departments' records: each once by its source, county and number, sealed, then compared in the same transaction."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.monitoring.comparing import compare_households, compare_unknown, lock_comparison
from households.monitoring.models import DepartmentRecord
from households.monitoring.rules import CheckedRecord, RecordEntry, check_record, folded_address
from kernel import audit
from kernel.accounts.rules import covers
from kernel.audit import Actor
from kernel.clock import day_of
from kernel.crypto import Vault, vault_of
from kernel.database import new_id, within
from kernel.errors import InvalidFields, InvalidInput
from kernel.regions.models import Region

CHUNK = 5_000
MOST_AT_ONCE = 100_000
CHANGED = "This record number stands on file with other values; give the correction a number of its own"


@dataclass(frozen=True)
class Added:
    """What taking records in did: `new` ones, `repeated` ones that were on file, warnings raised for households within the regions of whoever
    handed them in, and leads made."""

    new: int
    repeated: int
    warnings: int
    leads: int


def add_records(
    session: Session, *, entries: Sequence[RecordEntry], actor: Actor, scope: tuple[str, ...], now: datetime
) -> Added:
    """Takes records in, all or none. A record that is on file with the same values changes nothing.

    Raises InvalidFields naming every fault (``records.3.resident_id`` …).
    """
    faults: list[InvalidInput] = []
    checked: list[CheckedRecord | None] = []
    for place, entry in enumerate(entries):
        try:
            if not covers(scope, entry.region_code):
                raise InvalidInput("The region lies outside the regions you work in", field="region_code")
            checked.append(check_record(entry, today=day_of(now)))
        except (InvalidFields, InvalidInput) as error:
            checked.append(None)
            for fault in error.faults if isinstance(error, InvalidFields) else [error]:
                faults.append(InvalidInput(fault.message, field=f"records.{place}.{fault.field}", **fault.values))
    known = set(session.scalars(sa.select(Region.code).where(Region.code.in_({one.region_code for one in entries}))))
    for place, entry in enumerate(entries):
        if entry.region_code not in known and covers(scope, entry.region_code):
            faults.append(InvalidInput("There is no region with this code; look the code up by name", field=f"records.{place}.region_code"))  # fmt: skip
    good = [one for one in checked if one is not None]
    for one, standing in zip(good, standing_of(session, good), strict=True):
        if standing == "changed":
            faults.append(InvalidInput(CHANGED, field=f"records.{checked.index(one)}.number"))
    if faults:
        raise InvalidFields(faults)
    return write_records(session, checked=good, actor=actor, scope=scope, now=now)


def standing_of(session: Session, checked: Sequence[CheckedRecord]) -> list[str]:
    """For each record ``new``, ``same`` (on file, or before in the list, with the same values) or ``changed`` (with others)."""
    vault = vault_of(session)
    keys = [(one.entry.source, _record_index(vault, one)) for one in checked]
    on_file: dict[tuple[str, bytes], tuple[object, ...]] = {}
    indexes = sorted({index for _, index in keys})
    for start in range(0, len(indexes), CHUNK):
        rows = session.execute(
            sa.select(
                DepartmentRecord.source, DepartmentRecord.record_index, DepartmentRecord.kind, DepartmentRecord.state,
                DepartmentRecord.happened_on, DepartmentRecord.amount_fen, DepartmentRecord.grade, DepartmentRecord.person_index,
            ).where(DepartmentRecord.record_index.in_(indexes[start : start + CHUNK]))
        )  # fmt: skip
        on_file |= {(row[0], bytes(row[1])): (*row[2:7], bytes(row[7]) if row[7] is not None else None) for row in rows}
    found = []
    for one, key in zip(checked, keys, strict=True):
        values = _values(vault, one)
        if key not in on_file:
            on_file[key] = values
            found.append("new")
        else:
            found.append("same" if on_file[key] == values else "changed")
    return found


def write_records(
    session: Session, *, checked: Sequence[CheckedRecord], actor: Actor, scope: tuple[str, ...], now: datetime
) -> Added:
    """Writes checked records that are new, compares whoever they speak of wherever they live, and says what came of it within `scope`."""
    lock_comparison(session)
    vault = vault_of(session)
    fresh = [one for one, standing in zip(checked, standing_of(session, checked), strict=True) if standing == "new"]
    at_home = _households_at(session, fresh)
    rows = [_row(vault, one, at_home.get(place), actor, now) for place, one in enumerate(fresh)]
    for start in range(0, len(rows), CHUNK):
        session.execute(sa.insert(DepartmentRecord), rows[start : start + CHUNK])
    people = {row["person_index"] for row in rows if row["person_index"] is not None}
    homes = {home for home in at_home.values()}
    ids = [row["id"] for row in rows if row["person_index"] is None and row["household_id"] is None]
    warnings, unknown = compare_households(session, people=people, homes=homes, scope=scope, now=now)
    leads = compare_unknown(session, people=unknown, records=ids, now=now)
    added = Added(len(fresh), len(checked) - len(fresh), warnings, leads)
    if fresh:
        regions = sorted({one.entry.region_code[:6] for one in fresh})
        audit.record(
            session, actor=actor, action="monitoring.records_added", subject_type="monitoring", subject_id=regions[0], now=now,
            region_code=regions[0], new=added.new, repeated=added.repeated, warnings=warnings, leads=leads,
        )  # fmt: skip
    return added


def _households_at(session: Session, checked: Sequence[CheckedRecord]) -> dict[int, uuid.UUID]:
    """Place in the list → the household at the record's address, for records of no person; an address that two households share is none's."""
    wanted = [(place, one) for place, one in enumerate(checked) if one.resident_id is None]
    found: dict[int, uuid.UUID] = {}
    for region in {one.entry.region_code for _, one in wanted}:
        homes: dict[str, list[uuid.UUID]] = {}
        rows = session.execute(
            sa.select(Household.id, Household.address).where(
                within(Household.region_code, (region,)), Household.address.is_not(None), Household.status == "active"
            )
        )
        for key, address in rows:
            homes.setdefault(folded_address(address), []).append(key)
        for place, one in wanted:
            same = homes.get(folded_address(one.entry.address or ""), []) if one.entry.region_code == region else []
            if len(same) == 1:
                found[place] = same[0]
    return found


def _record_index(vault: Vault, one: CheckedRecord) -> bytes:
    """Each county's department counts by itself, and one disaster, under one number, befalls many addresses."""
    entry = one.entry
    address = folded_address(entry.address or "") if one.resident_id is None else ""
    return vault.blind_index("record", f"{entry.source}|{entry.region_code[:6]}|{one.number}|{address}")


def _values(vault: Vault, one: CheckedRecord) -> tuple[object, ...]:
    entry = one.entry
    return (entry.kind, entry.state, one.happened_on, entry.amount_fen, entry.grade, _person_index(vault, one))


def _person_index(vault: Vault, one: CheckedRecord) -> bytes | None:
    return vault.blind_index("resident_id", one.resident_id) if one.resident_id is not None else None


def _row(vault: Vault, one: CheckedRecord, home: uuid.UUID | None, actor: Actor, now: datetime) -> dict[str, object]:
    entry, key = one.entry, new_id()

    def sealed(column: str, text: str | None) -> bytes | None:
        cleaned = (text or "").strip()
        return vault.seal(cleaned, table="department_records", row=key, column=column) if cleaned else None

    person = None
    if one.resident_id is not None:
        person = json.dumps({"resident_id": one.resident_id, "name": (entry.name or "").strip() or None, "born_on": _iso(one.born_on)})  # fmt: skip
    return {
        "id": key, "source": entry.source, "record_index": _record_index(vault, one), "record_sealed": sealed("record", one.number),
        "region_code": entry.region_code, "kind": entry.kind, "state": entry.state, "happened_on": one.happened_on,
        "amount_fen": entry.amount_fen, "grade": entry.grade, "person_index": _person_index(vault, one),
        "person_sealed": sealed("person", person), "address_sealed": sealed("address", entry.address),
        "detail_sealed": sealed("detail", entry.detail), "household_id": home, "created_by": actor.id, "created_at": now,
    }  # fmt: skip


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
