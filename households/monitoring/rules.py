"""What makes a department's record right, and what the records of one household show under the policy's comparison rules. Pure functions."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from households.monitoring.models import SOURCES
from households.policy.monitoring import RECORD_STATES, Comparison
from households.rules import LONGEST_ADDRESS, LONGEST_NAME, text_fault
from kernel.checking import MOST_FEN
from kernel.errors import InvalidFields, InvalidInput
from kernel.identity import parse_resident_id

SUPERSEDED = ("employment", "school", "disability")
"""Kinds whose newest record of a person tells how things are; the earlier ones no longer count"""
LONGEST_DETAIL = 500


@dataclass(frozen=True)
class RecordEntry:
    """A record as handed in: of a person by `resident_id`, or of an `address` (disasters); `amount_fen` is the part of a bill paid by the family."""

    source: str
    number: str
    kind: str
    state: str
    happened_on: date | None
    region_code: str
    resident_id: str | None = None
    name: str | None = None
    address: str | None = None
    amount_fen: int | None = None
    grade: int | None = None
    detail: str | None = None


@dataclass(frozen=True)
class CheckedRecord:
    """A record whose values hold."""

    entry: RecordEntry
    number: str
    happened_on: date
    resident_id: str | None
    born_on: date | None


@dataclass(frozen=True)
class Seen:
    """A record as the rules see it. `number` grows with each record; `person` tells people apart, None for a record of an address."""

    number: int
    kind: str
    state: str
    happened_on: date
    amount_fen: int = 0
    grade: int | None = None
    person: object = None
    born_on: date | None = None


@dataclass(frozen=True)
class Finding:
    """A rule held: `value` (records, or fen per head) reached `at_least`; `records` of them, the last on `last_on`, up to number `counted_to`."""

    rule: Comparison
    value: int
    at_least: int
    records: int
    last_on: date
    counted_to: int

    def facts(self) -> dict[str, object]:
        """As kept beside a warning: figures and days, nobody's number."""
        return {
            "rule": self.rule.id, "measure": self.rule.measure, "value": self.value, "at_least": self.at_least,
            "records": self.records, "within_days": self.rule.within_days, "last_on": self.last_on.isoformat(),
            "name_zh": self.rule.name_zh, "name_en": self.rule.name_en,
        }  # fmt: skip


def check_record(entry: RecordEntry, *, today: date) -> CheckedRecord:
    """The entry with its number checked. Raises InvalidFields with every fault."""
    faults: list[InvalidInput] = []
    for value, allowed, field in ((entry.source, SOURCES, "source"), (entry.kind, tuple(RECORD_STATES), "kind")):
        if value not in allowed:
            faults.append(InvalidInput("Choose one of the list", field=field))
    if entry.kind in RECORD_STATES and entry.state not in RECORD_STATES[entry.kind]:
        faults.append(InvalidInput("This state does not go with this kind of data", field="state"))
    for text, most, field, needed in (
        (entry.number, 60, "number", True),
        (entry.name, LONGEST_NAME, "name", False),
        (entry.address, LONGEST_ADDRESS, "address", False),
        (entry.detail, LONGEST_DETAIL, "detail", False),
    ):
        fault = text_fault(text, most=most, field=field, needed=needed)
        if fault is not None:
            faults.append(fault)
    if entry.happened_on is None:
        faults.append(InvalidInput("Fill this in", field="happened_on"))
    elif entry.happened_on > today or entry.happened_on.year < 2000:
        faults.append(InvalidInput("The day lies in the future or before the year 2000", field="happened_on"))
    faults += _value_faults(entry)
    number = None
    if (entry.resident_id or "").strip():
        try:
            number = parse_resident_id(entry.resident_id or "", today=today)
        except InvalidInput as fault:
            faults.append(fault)
    elif entry.kind != "disaster" or not (entry.address or "").strip():
        faults.append(
            InvalidInput("Give the person's resident ID; only a disaster may name an address instead", field="resident_id")
        )  # fmt: skip
    if faults or entry.happened_on is None:
        raise InvalidFields(faults)
    return CheckedRecord(
        entry, entry.number.strip(), entry.happened_on, number.number if number else None, number.born_on if number else None
    )  # fmt: skip


def _value_faults(entry: RecordEntry) -> list[InvalidInput]:
    faults = []
    if entry.kind == "medical_bill":
        if entry.amount_fen is None or not 0 < entry.amount_fen <= MOST_FEN:
            faults.append(
                InvalidInput("A bill has the amount above zero that the family paid itself", field="amount_fen")
            )
    elif entry.amount_fen is not None:
        faults.append(InvalidInput("Only medical bills have an amount; leave it empty", field="amount_fen"))
    if entry.grade is not None and not 1 <= entry.grade <= 4:
        faults.append(InvalidInput("A disability grade is 1 (most severe) to 4, or empty", field="grade"))
    if entry.kind == "disability" and entry.state != "withdrawn" and entry.grade is None:
        faults.append(InvalidInput("A disability certificate has a grade from 1 to 4", field="grade"))
    return faults


def findings(
    seen: Iterable[Seen],
    rules: Iterable[Comparison],
    *,
    day: date,
    heads: int | None,
    counted: Mapping[str, int] | None = None,
) -> list[Finding]:
    """What the records of one household of `heads` people show on `day`; `heads` None: of a person of no known household, by the thresholds
    for such. Records up to `counted[rule id]` were handled before and do not count again."""
    current = _current(seen)
    found = []
    for rule in rules:
        least = rule.at_least if heads is not None else rule.unknown_at_least
        if least is None:
            continue
        after = (counted or {}).get(rule.id, 0)
        fits = [one for one in current if one.number > after and _fits(one, rule, day)]
        if not fits:
            continue
        value = len(fits)
        if rule.measure == "amount_per_head":
            value = sum(one.amount_fen for one in fits) // max(1, heads or 1)
        if value >= least:
            last = max(one.happened_on for one in fits)
            found.append(Finding(rule, value, least, len(fits), last, max(one.number for one in fits)))
    return found


def _current(seen: Iterable[Seen]) -> list[Seen]:
    """Without the records that a newer one of the same person and kind supersedes."""
    kept: list[Seen] = []
    newest: dict[tuple[object, str], Seen] = {}
    for one in seen:
        if one.kind not in SUPERSEDED or one.person is None:
            kept.append(one)
            continue
        key = (one.person, one.kind)
        if key not in newest or (newest[key].happened_on, newest[key].number) < (one.happened_on, one.number):
            newest[key] = one
    return kept + list(newest.values())


def _fits(one: Seen, rule: Comparison, day: date) -> bool:
    if one.kind != rule.record or one.state not in rule.states:
        return False
    if not day - timedelta(days=rule.within_days) <= one.happened_on <= day:
        return False
    if one.grade is not None and one.grade > rule.grade_to:
        return False
    if one.born_on is None:
        return True
    return rule.age_from <= age_on(one.born_on, one.happened_on) <= rule.age_to


def age_on(born_on: date, day: date) -> int:
    """Whole years on `day`."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def folded_address(text: str) -> str:
    """What two ways of writing an address share: full-width made plain, no spaces and signs."""
    return re.sub(r"[\s,，.。·\-－—()（）]+", "", unicodedata.normalize("NFKC", text)).lower()
