"""What makes a lead's entry right, whose it is and until when, when it is late, and how two of them may be one. Pure functions."""

import base64
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from households.leads.models import CLOSINGS
from households.policy.monitoring import CHANNELS, LEVELS, LeadTerms
from households.rules import LONGEST_ADDRESS, LONGEST_NAME, text_fault
from kernel.errors import InvalidFields, InvalidInput
from kernel.identity import parse_phone, parse_resident_id

LONGEST_TOLD = 1_000
LONGEST_TELLER = 100
LONGEST_REASON = 500
COUNTY_DIGITS = LEVELS["county"]
STRENGTH = {"resident_id": 8, "phone": 4, "name": 2, "same_sound": 2, "alike": 1}
"""Reasons why two may be one, and how much each says"""


@dataclass(frozen=True)
class LeadEntry:
    """A lead as handed in. `told` says what is known of the household; `teller` who told it and how that person is reached.

    `reference` is the number of the hotline's work order; one order is one lead.
    """

    region_code: str
    channel: str
    told: str
    name: str | None = None
    phone: str | None = None
    resident_id: str | None = None
    address: str | None = None
    teller: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class CheckedLead:
    """A lead whose values hold: `phone` in E.164, `resident_id` normalised."""

    entry: LeadEntry
    name: str | None
    phone: str | None
    resident_id: str | None


def check_lead(entry: LeadEntry, *, today: date) -> CheckedLead:
    """The entry with its numbers checked and normalised. Raises InvalidFields naming every fault."""
    faults: list[InvalidInput] = []
    if not re.fullmatch(r"\d{6}(\d{3}(\d{3})?)?", entry.region_code or ""):
        faults.append(InvalidInput("Choose the village, the township or at least the county", field="region_code"))
    if entry.channel not in CHANNELS:
        faults.append(InvalidInput("Choose one of the list", field="channel"))
    for text, most, field, needed in (
        (entry.told, LONGEST_TOLD, "told", True),
        (entry.name, LONGEST_NAME, "name", False),
        (entry.address, LONGEST_ADDRESS, "address", False),
        (entry.teller, LONGEST_TELLER, "teller", False),
        (entry.reference, 40, "reference", False),
    ):
        fault = text_fault(text, most=most, field=field, needed=needed, lines=field == "told")
        if fault is not None:
            faults.append(fault)
    faults += _number_faults(entry)
    phone = resident_id = None
    try:
        phone = parse_phone(entry.phone) if (entry.phone or "").strip() else None
    except InvalidInput as fault:
        faults.append(fault)
    try:
        if (entry.resident_id or "").strip():
            resident_id = parse_resident_id(entry.resident_id or "", today=today).number
    except InvalidInput as fault:
        faults.append(fault)
    if faults:
        raise InvalidFields(faults)
    return CheckedLead(entry, (entry.name or "").strip() or None, phone, resident_id)


def _number_faults(entry: LeadEntry) -> list[InvalidInput]:
    """Numbers of people where a text stands in clear: the name, and the number of the work order."""
    faults = []
    if re.search(r"\d[\d\s-]{5,}\d", entry.name or ""):
        faults.append(InvalidInput("A name holds no number; write a telephone at telephone, an ID at resident ID", field="name"))  # fmt: skip
    reference = re.sub(r"\s", "", unicodedata.normalize("NFKC", entry.reference or ""))
    if re.search(r"\d{17}[\dXx]", reference):
        faults.append(
            InvalidInput("This is a resident ID, not the number of a work order; write it at resident ID", field="reference")
        )  # fmt: skip
    elif re.search(r"(?<!\d)1[3-9]\d-?\d{4}-?\d{4}(?!\d)", reference):
        faults.append(
            InvalidInput("This is a telephone, not the number of a work order; write it at telephone", field="reference")
        )  # fmt: skip
    return faults


def check_closing(closing: str, reason: str) -> str:
    """The reason, trimmed. Raises InvalidFields."""
    faults = []
    if closing not in CLOSINGS:
        faults.append(InvalidInput("Choose what came of it", field="closing"))
    fault = text_fault(reason, most=LONGEST_REASON, field="reason", lines=True)
    if fault is not None:
        faults.append(fault)
    if faults:
        raise InvalidFields(faults)
    return reason.strip()


def owner_region_of(region_code: str, channel: str, terms: LeadTerms) -> str:
    """The village, township or county that answers first: of the channel's level, or the nearest above that the lead's place names."""
    return region_code[: LEVELS[terms.of(channel).level]]


def due_day(channel: str, terms: LeadTerms, *, today: date) -> date:
    """The last day, in Shanghai, on which a lead of the channel is to be verified."""
    return today + timedelta(days=terms.of(channel).due_days)


def is_late(due_on: date, *, today: date) -> bool:
    """Late from the midnight, in Shanghai, after its last day."""
    return due_on < today


def county_takes_before(terms: LeadTerms, *, today: date) -> date:
    """Leads of a village or township that were due before this day have been late so long that the county takes them over."""
    return today - timedelta(days=terms.escalate_days)


def receipt_code(secret: bytes) -> str:
    """Twelve letters and digits in groups of four, without those that are taken for each other (Crockford's base 32): 60 bits of the secret."""
    plain = base64.b32encode(secret[:10]).decode().translate(_CROCKFORD)[:12]
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:]}"


def read_receipt_code(typed: str) -> str:
    """A code as it was typed, in its one form. Raises InvalidInput."""
    plain = re.sub(r"[\s-]", "", typed).upper().translate(str.maketrans("OIL", "011"))
    if not re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{12}", plain):
        raise InvalidInput("A receipt code has twelve letters and digits, such as 7KQ2-M4XD-9TRA", field="code")
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:]}"


_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def strength(reasons: tuple[str, ...]) -> int:
    """How much speaks for two being one."""
    return sum(STRENGTH[reason] for reason in reasons)
