"""Rows into households and needs: the same rules as the forms, the database's answers fetched for all rows at once."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from households.models import Member
from households.needs.models import Need
from households.needs.operations import add_needs
from households.needs.queries import catalogue_of, facts_by_number, facts_of_heads
from households.needs.rules import CheckedNeed, HouseholdFacts, NeedEntry, check_need
from households.operations import add_households
from households.rules import CheckedHousehold, HouseholdEntry, MemberEntry, check_household
from kernel.accounts.rules import covers
from kernel.audit import Actor
from kernel.crypto import vault_of
from kernel.errors import InvalidFields, InvalidInput
from kernel.identity import parse_resident_id
from marketplace.imports.columns import COLUMNS
from marketplace.imports.references import References
from marketplace.imports.rules import SourceRow, note_twice, require_filled

CHUNK = 5_000
_SHARED = tuple(column.key for column in COLUMNS["households"] if column.shared and column.key != "household")


@dataclass(frozen=True)
class Draft:
    """Something that would be written: the rows it stands in and what the rules made of them."""

    rows: tuple[SourceRow, ...]
    checked: Any


def check_households(
    session: Session, rows: list[SourceRow], *, references: References, scope: tuple[str, ...], today: date
) -> list[Draft]:
    """Households whose rows all hold, one per household key; the faults are noted on the rows."""
    groups: dict[str, list[SourceRow]] = defaultdict(list)
    for row in rows:
        _fill_from_group(row, groups)
    firsts = {id(group[0]) for group in groups.values()}
    for row in rows:
        in_group = row.values.get("household") is not None
        require_filled("households", row, but=_SHARED if in_group and id(row) not in firsts else ())
    drafts = []
    for group in groups.values():
        checked = _check_group(group, references, scope, today)
        if checked is not None:
            drafts.append(Draft(tuple(group), checked))
    _note_known_people(session, drafts)
    return [draft for draft in drafts if all(row.good for row in draft.rows)]


def _fill_from_group(row: SourceRow, groups: dict[str, list[SourceRow]]) -> None:
    """What belongs to the household may stand in its first row alone; a later row that says otherwise is a fault."""
    key = row.values.get("household")
    if key is None:
        return
    if groups[key]:
        first = groups[key][0]
        for name in _SHARED:
            said, before = row.values.get(name), first.values.get(name)
            if said is None:
                row.values[name] = before
            elif before is not None and said != before:
                row.add(name, "This differs from row %(other)s of the same household", other=first.number)
            elif before is None and name in first.headings:
                first.values[name] = said
    groups[key].append(row)


def _check_group(
    group: list[SourceRow], references: References, scope: tuple[str, ...], today: date
) -> CheckedHousehold | None:
    first = group[0]
    region = region_of(first, references, scope) if first.values.get("region") else None
    value = first.values.get
    entry = HouseholdEntry(
        region_code=region or "",
        members=tuple(_member(row) for row in group),
        status_category=value("status_category") or "",
        main_type=value("main_type") or "",
        risk_tier=value("risk_tier") or "general",
        address=value("address"),
        phone=value("phone"),
        cap_fen=value("cap_fen"),
        consented=bool(value("consented")),
    )
    # A row that could not be read in full is judged all the same, so that one upload names every fault of it.
    try:
        checked = check_household(entry, today=today)
    except InvalidFields as error:
        _place_faults(group, error)
        return None
    return checked if all(row.good for row in group) else None


def _member(row: SourceRow) -> MemberEntry:
    value = row.values.get
    return MemberEntry(
        name=value("name") or "",
        relation=value("relation") or "",
        resident_id=value("resident_id"),
        sex=value("sex"),
        born_on=value("born_on"),
        disability_grade=value("disability_grade"),
        diagnosis=value("diagnosis"),
        able_to_work=bool(value("able_to_work")),
        in_school=bool(value("in_school")),
    )


def _place_faults(group: list[SourceRow], error: InvalidFields) -> None:
    """``members.2.born_on`` stands in the third row of the household; what belongs to all of it in the first.

    A column whose cell could not be read has its fault already; what follows from that is not told again.
    """
    faulty = [{fault.column for fault in row.faults} for row in group]
    village = group[0].headings.get("village")
    for fault in error.faults:
        parts = (fault.field or "").split(".")
        at, key = 0, {"region_code": "region", "members": "relation"}.get(parts[0], parts[0])
        if parts[0] == "members" and len(parts) == 3:
            at, key = int(parts[1]), parts[2]
        follows = key == "region" and village is not None and village in faulty[at]
        follows = follows or (
            parts[0] == "members"
            and len(parts) == 1
            and any(group[0].headings.get("relation") in one for one in faulty)
        )
        # Without a number that can be read, sex and date of birth do not follow from it.
        follows = follows or (key in ("sex", "born_on") and group[at].headings.get("resident_id") in faulty[at])
        if not follows and group[at].headings.get(key) not in faulty[at]:
            group[at].add(key, fault.message, **fault.values)


def region_of(row: SourceRow, references: References, scope: tuple[str, ...]) -> str | None:
    """The code of the row's place: the village where one is given, else the region; None with a fault noted."""
    region: str = row.values["region"]
    key = "region"
    if row.values.get("village"):
        key = "village"
        try:
            region = references.village(region, row.values["village"])
        except InvalidInput as fault:
            row.add(key, fault.message, **fault.values)
            return None
    if not covers(scope, region):
        row.add(key, "The region lies outside the regions you work in")
        return None
    return region


def _note_known_people(session: Session, drafts: list[Draft]) -> None:
    """People who stand in two households of the file, or in one of the database."""
    vault = vault_of(session)
    rows: list[SourceRow] = []
    indexes: list[bytes] = []
    for draft in drafts:
        for row, member in zip(draft.rows, draft.checked.members, strict=True):
            if member.resident_id is not None:
                rows.append(row)
                indexes.append(vault.blind_index("resident_id", member.resident_id.number))
    note_twice(
        rows, indexes, "resident_id", "The person with this resident ID stands in row %(other)s (%(sheet)s) as well"
    )
    known: set[bytes | None] = set()
    for start in range(0, len(indexes), CHUNK):
        # one array and not a list of parameters, which takes longer to write than the search
        part = sa.cast(indexes[start : start + CHUNK], ARRAY(sa.LargeBinary))
        known |= set(
            session.scalars(sa.select(Member.resident_id_index).where(Member.resident_id_index == sa.any_(part)))
        )
    for row, index in zip(rows, indexes, strict=True):
        if index in known:
            row.add(
                "resident_id",
                "A person with this resident ID is registered in a household already; ask the county to look it up",
            )


def write_households(
    session: Session, drafts: Sequence[Draft], *, actor: Actor, scope: tuple[str, ...], now: datetime
) -> int:
    """Writes the households; returns how many."""
    checked = [draft.checked for draft in drafts]
    for start in range(0, len(checked), CHUNK):
        add_households(session, checked=checked[start : start + CHUNK], actor=actor, now=now)
    return len(checked)


def check_needs(
    session: Session, rows: list[SourceRow], *, references: References, scope: tuple[str, ...], today: date
) -> list[Draft]:
    """Needs whose rows hold; the faults are noted on the rows."""
    facts = _households_of_needs(session, rows, scope=(references.root,), today=today)
    catalogue = catalogue_of(session)
    drafts = []
    for row, household in zip(rows, facts, strict=True):
        require_filled("needs", row)
        if household is not None and not covers(scope, household.region_code):
            row.add("household_number", "The household lies outside the regions you work in")
        if household is None or not row.good:
            continue
        try:
            checked = check_need(_need_entry(row, household), household=household, catalogue=catalogue, today=today)
        except InvalidFields as error:
            row.add_error(error, {"category_code": "category", "household_id": "household_number"})
            continue
        drafts.append(Draft((row,), checked))
    _note_standing_needs(session, drafts)
    return [draft for draft in drafts if draft.rows[0].good]


def _need_entry(row: SourceRow, household: HouseholdFacts) -> NeedEntry:
    value = row.values.get
    tier = value("tier")
    return NeedEntry(
        household_id=household.id,
        category_code=value("category") or "",
        quantity=value("quantity") or 0,
        tier=int(tier) if tier is not None else None,
        weight=value("weight"),
        type=value("type"),
        fill=value("fill"),
        accepts=value("accepts") or (),
        requires=value("requires") or (),
        unit_worth_fen=value("unit_worth_fen") or 0,
        starts_on=value("starts_on"),
        due_on=value("due_on"),
        note=value("note"),
    )


def _households_of_needs(
    session: Session, rows: list[SourceRow], *, scope: tuple[str, ...], today: date
) -> list[HouseholdFacts | None]:
    """The household each row names, by number or by the head's resident ID; a fault where there is none or the two differ."""
    vault = vault_of(session)
    numbers: list[int | None] = []
    indexes: list[bytes | None] = []
    for row in rows:
        numbers.append(_number_of(row))
        index = None
        if text := row.values.get("head_resident_id"):
            try:
                index = vault.blind_index("resident_id", parse_resident_id(text, today=today).number)
            except InvalidInput as fault:
                row.add("head_resident_id", fault.message, **fault.values)
        indexes.append(index)
    by_number = facts_by_number(session, {number for number in numbers if number is not None})
    by_head = facts_of_heads(session, {index for index in indexes if index is not None})
    found: list[HouseholdFacts | None] = []
    for row, number, index in zip(rows, numbers, indexes, strict=True):
        named = [by_number.get(number)] if number is not None else []
        named += [by_head.get(index)] if index is not None else []
        inside = [one if one is not None and covers(scope, one.region_code) else None for one in named]
        found.append(_one_household(row, inside, by_number=number is not None))
    return found


def _number_of(row: SourceRow) -> int | None:
    text = row.values.get("household_number")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        row.add("household_number", "A household's number has digits only")
        return None
    return int(text)


def _one_household(row: SourceRow, named: list[HouseholdFacts | None], *, by_number: bool) -> HouseholdFacts | None:
    if not named:
        if row.good:
            row.add("household_number", "Name the household by its number or by its head's resident ID")
        return None
    if named[0] is None or named[-1] is None:
        row.add(
            "household_number" if by_number and named[0] is None else "head_resident_id",
            "There is no such household in the region of this import",
        )
        return None
    if named[0].id != named[-1].id:
        row.add("head_resident_id", "The number and the head's resident ID belong to two households")
        return None
    return named[0]


def _note_standing_needs(session: Session, drafts: list[Draft]) -> None:
    """The same need twice in the file, or open in the database already: same household, category and dates."""
    rows = [draft.rows[0] for draft in drafts]
    keys = [_key(draft.checked) for draft in drafts]
    note_twice(rows, keys, "category", "The same need of this household stands in row %(other)s (%(sheet)s)")
    homes = sorted({draft.checked.household_id for draft in drafts})
    standing: dict[tuple[Any, ...], int] = {}
    for start in range(0, len(homes), CHUNK):
        found = session.execute(
            sa.select(Need.number, Need.household_id, Need.category_code, Need.starts_on, Need.due_on).where(
                Need.status == "open", Need.household_id.in_(homes[start : start + CHUNK])
            )
        )
        standing |= {tuple(row[1:]): row[0] for row in found}
    for row, key in zip(rows, keys, strict=True):
        if key in standing:
            row.add(
                "category",
                "This household has the same need open as no. %(number)s; change that one instead",
                number=standing[key],
            )


def _key(need: CheckedNeed) -> tuple[uuid.UUID, str, date | None, date | None]:
    return need.household_id, need.category_code, need.starts_on, need.due_on


def write_needs(
    session: Session, drafts: Sequence[Draft], *, actor: Actor, scope: tuple[str, ...], now: datetime
) -> int:
    """Writes the needs; returns how many."""
    checked = [draft.checked for draft in drafts]
    for start in range(0, len(checked), CHUNK):
        add_needs(session, checked=checked[start : start + CHUNK], actor=actor, now=now)
    return len(checked)
