"""Rows into donors and offerings: the same rules and operations as the forms, references fetched for all rows at once."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.models import Donor
from donors.offerings.models import Offering
from donors.offerings.operations import register_offering
from donors.offerings.rules import OfferingEntry, checked_offering
from donors.operations import register_donor
from donors.rules import DonorEntry, checked_donor
from kernel.audit import Actor
from kernel.crypto import vault_of
from kernel.database import within
from kernel.errors import InvalidFields, InvalidInput
from kernel.identity import parse_uscc
from marketplace.imports.demand import CHUNK, Draft, region_of
from marketplace.imports.references import References
from marketplace.imports.rules import SourceRow, note_twice, require_filled

_KNOWN = "A donor with this number is registered already; open that entry instead"


def check_donors(
    session: Session, rows: list[SourceRow], *, references: References, scope: tuple[str, ...], today: date
) -> list[Draft]:
    """Donors whose rows hold; the faults are noted on the rows."""
    drafts = []
    for row in rows:
        require_filled("donors", row)
        region = region_of(row, references, scope) if row.values.get("region") else None
        entry = _donor_entry(row, region or references.root)
        if entry is None:
            continue
        try:
            checked = checked_donor(entry, today=today)
        except InvalidFields as error:
            _add_new(row, error, {"region_code": "region"})
            continue
        if row.good:
            drafts.append(Draft((row,), checked))
    vault = vault_of(session)
    rows_left = [draft.rows[0] for draft in drafts]
    codes = [draft.checked.uscc for draft in drafts]
    people = [
        vault.blind_index("resident_id", draft.checked.resident_id) if draft.checked.resident_id else None
        for draft in drafts
    ]
    _note_known(session, rows_left, codes, "uscc", Donor.uscc)
    _note_known(session, rows_left, people, "resident_id", Donor.resident_id_index)
    return [draft for draft in drafts if draft.rows[0].good]


def _donor_entry(row: SourceRow, region: str) -> DonorEntry | None:
    """The entry, or None where the kind cannot be read: what else is needed depends on it."""
    value = row.values.get
    if value("kind") is None:
        return None
    return DonorEntry(
        kind=value("kind"),
        name=value("name") or "—",
        region_code=region,
        uscc=value("uscc"),
        contact_name=value("contact_name"),
        phone=value("phone"),
        resident_id=value("resident_id"),
        skills=value("skills") or (),
        reach_m=value("reach_m"),
        max_households=value("max_households"),
        consent_public=bool(value("consent_public")),
    )


def _add_new(row: SourceRow, error: InvalidFields, keys: dict[str, str]) -> None:
    """Notes what the rules refused, but not again at a column whose cell could not be read."""
    faulty = {fault.column for fault in row.faults}
    fresh = [
        fault
        for fault in error.faults
        if row.headings.get(keys.get(fault.field or "", fault.field or "")) not in faulty
    ]
    if fresh:
        row.add_error(InvalidFields(fresh), keys)


def _note_known(session: Session, rows: list[SourceRow], keys: list[Any], key: str, column: Any) -> None:
    note_twice(rows, keys, key, "The same number stands in row %(other)s (%(sheet)s) as well")
    wanted = [one for one in keys if one is not None]
    known: set[Any] = set()
    for start in range(0, len(wanted), CHUNK):
        known |= set(session.scalars(sa.select(column).where(column.in_(wanted[start : start + CHUNK]))))
    for row, one in zip(rows, keys, strict=True):
        if one is not None and one in known:
            row.add(key, _KNOWN)


def write_donors(
    session: Session, drafts: Sequence[Draft], *, actor: Actor, scope: tuple[str, ...], now: datetime
) -> int:
    """Registers the donors one by one, as the form does; returns how many."""
    for draft in drafts:
        register_donor(session, entry=draft.checked, actor=actor, scope=scope, now=now)
    return len(drafts)


@dataclass(frozen=True)
class _Known:
    """A donor an offering may refer to."""

    id: uuid.UUID
    kind: str
    status: str


def check_offerings(
    session: Session, rows: list[SourceRow], *, references: References, scope: tuple[str, ...], today: date
) -> list[Draft]:
    """Offerings whose rows hold; the faults are noted on the rows."""
    by_code, by_name = _donors_of(session, rows, scope=scope)
    drafts = []
    for row in rows:
        require_filled("offerings", row)
        donor = _donor_of(row, by_code, by_name)
        region = region_of(row, references, scope) if row.values.get("region") else None
        if donor is None or region is None or not row.good:
            continue
        try:
            checked = checked_offering(_offering_entry(row, donor.id, region, references))
        except InvalidFields as error:
            row.add_error(error, {"region_code": "region", "category_code": "category"})
            continue
        if checked.ends_on is not None and checked.ends_on < today:
            row.add("ends_on", "The last day has passed; choose a later one")
            continue
        drafts.append(Draft((row,), checked))
    _note_standing(session, drafts)
    return [draft for draft in drafts if draft.rows[0].good]


def _offering_entry(row: SourceRow, donor_id: uuid.UUID, region: str, references: References) -> OfferingEntry:
    value = row.values.get
    return OfferingEntry(
        donor_id=donor_id,
        category_code=value("category") or "",
        title=value("title") or references.titles.get(value("category") or "", ""),
        quantity=value("quantity"),
        region_code=region,
        unit_cost_fen=value("unit_cost_fen") or 0,
        government_bought=bool(value("government_bought")),
        areas=value("areas"),
        radius_m=value("radius_m"),
        provides=value("provides") or (),
        starts_on=value("starts_on"),
        ends_on=value("ends_on"),
        max_needs=value("max_needs"),
        types=value("types"),
    )


def _donors_of(
    session: Session, rows: list[SourceRow], *, scope: tuple[str, ...]
) -> tuple[dict[str, _Known], dict[str, list[_Known]]]:
    """The donors that the rows name, by code and by name, within the asker's regions."""
    codes, names = set(), set()
    for row in rows:
        if text := row.values.get("donor_uscc"):
            try:
                row.values["donor_uscc"] = parse_uscc(text)
                codes.add(row.values["donor_uscc"])
            except InvalidInput as fault:
                row.add("donor_uscc", fault.message, **fault.values)
        if text := row.values.get("donor_name"):
            names.add(text)
    by_code: dict[str, _Known] = {}
    by_name: dict[str, list[_Known]] = defaultdict(list)
    found = session.execute(
        sa.select(Donor.uscc, Donor.name, Donor.id, Donor.kind, Donor.status).where(
            within(Donor.region_code, scope), sa.or_(Donor.uscc.in_(codes), Donor.name.in_(names))
        )
    )
    for uscc, name, *rest in found:
        known = _Known(*rest)
        if uscc:
            by_code[uscc] = known
        by_name[name].append(known)
    return by_code, by_name


def _donor_of(row: SourceRow, by_code: dict[str, _Known], by_name: dict[str, list[_Known]]) -> _Known | None:
    """The donor the row names; None with a fault noted."""
    code, name, kind = (row.values.get(key) for key in ("donor_uscc", "donor_name", "donor_kind"))
    if code:
        found = [by_code[code]] if code in by_code else []
        key = "donor_uscc"
    elif name:
        found = [one for one in by_name.get(name, []) if kind is None or one.kind == kind]
        key = "donor_name"
    else:
        if row.good:
            row.add("donor_uscc", "Name the donor by its unified social credit code or by its name")
        return None
    if not found:
        if row.good or code in by_code:
            row.add(key, "There is no such donor in the regions you work in; register the donor first")
        return None
    if len(found) > 1:
        row.add(
            key, "%(count)s donors have this name; give the kind or the unified social credit code", count=len(found)
        )
        return None
    if found[0].status != "active":
        row.add(key, "The donor is not active; resume it before offering more")
        return None
    return found[0]


def _note_standing(session: Session, drafts: list[Draft]) -> None:
    """The same offering twice in the file, or standing in the database already: same donor, category, title and dates."""
    rows = [draft.rows[0] for draft in drafts]
    keys = [_key(draft.checked) for draft in drafts]
    note_twice(rows, keys, "category", "The same offering of this donor stands in row %(other)s (%(sheet)s)")
    found = session.execute(
        sa.select(
            Offering.number,
            Offering.donor_id,
            Offering.category_code,
            Offering.title,
            Offering.starts_on,
            Offering.ends_on,
        ).where(Offering.status != "withdrawn", Offering.donor_id.in_({key[0] for key in keys}))
    )
    standing = {tuple(row[1:]): row[0] for row in found}
    for row, key in zip(rows, keys, strict=True):
        if key in standing:
            row.add(
                "category",
                "This donor has the same offering as no. %(number)s; change that one instead",
                number=standing[key],
            )


def _key(entry: OfferingEntry) -> tuple[uuid.UUID, str, str, date | None, date | None]:
    return entry.donor_id, entry.category_code, entry.title, entry.starts_on, entry.ends_on


def write_offerings(
    session: Session, drafts: Sequence[Draft], *, actor: Actor, scope: tuple[str, ...], now: datetime
) -> int:
    """Registers the offerings one by one, as the form does; returns how many."""
    for draft in drafts:
        register_offering(session, entry=draft.checked, actor=actor, scope=scope, now=now)
    return len(drafts)
