"""What makes a household's entry right: members, exactly one head, numbers that hold. Pure functions that report every fault."""

import re
import uuid
from dataclasses import dataclass
from datetime import date

from households.consents.rules import ADULT_FROM, age_on
from households.models import RELATIONS, RISK_TIERS, STATUS_CATEGORIES
from kernel.catalogue.models import HOUSEHOLD_TYPES
from kernel.checking import checked_point, checked_text, plain
from kernel.errors import InvalidFields, InvalidInput
from kernel.identity import ResidentID, parse_phone, parse_resident_id

SEXES = ("female", "male")
MOST_MEMBERS = 30
MOST_CAP_FEN = 1_000_000_000_000
LONGEST_NAME = 50
LONGEST_ADDRESS = 200
LONGEST_PURPOSE = 200
TOWNSHIP_DIGITS = 9


@dataclass(frozen=True)
class MemberEntry:
    """One person as handed in. With a resident ID, sex and date of birth follow from it and may be left out.

    `id` names a member who is registered already; then None for `resident_id` and `diagnosis` keeps what is sealed and "" removes it.
    """

    name: str
    relation: str
    resident_id: str | None = None
    sex: str | None = None
    born_on: date | None = None
    disability_grade: int | None = None
    diagnosis: str | None = None
    able_to_work: bool = False
    in_school: bool = False
    id: uuid.UUID | None = None


@dataclass(frozen=True)
class HouseholdEntry:
    """A household as handed in; `cap_fen` bounds what one round may give it. In a change, `phone` None keeps it and "" removes it."""

    region_code: str
    members: tuple[MemberEntry, ...]
    status_category: str
    main_type: str
    risk_tier: str = "general"
    address: str | None = None
    phone: str | None = None
    lat: float | None = None
    lon: float | None = None
    cap_fen: int | None = None
    consented: bool = False


@dataclass(frozen=True)
class CheckedMember:
    """A member whose values hold: the checked resident ID (None: none, or kept), sex and date of birth."""

    entry: MemberEntry
    resident_id: ResidentID | None
    sex: str
    born_on: date


@dataclass(frozen=True)
class CheckedHousehold:
    """A household whose values hold; `phone` is in E.164."""

    entry: HouseholdEntry
    members: tuple[CheckedMember, ...]
    phone: str | None

    @property
    def head(self) -> CheckedMember:
        """The head of the household."""
        return next(member for member in self.members if member.entry.relation == "head")


def check_household(entry: HouseholdEntry, *, today: date) -> CheckedHousehold:
    """The entry with its numbers checked and normalised. Raises InvalidFields naming every fault (``members.0.resident_id`` …)."""
    faults: list[InvalidInput] = []
    faults += _place_faults(entry)
    faults += _choice_faults(entry)
    phone = None
    if entry.phone:
        try:
            phone = parse_phone(entry.phone)
        except InvalidInput as fault:
            faults.append(fault)
    members = []
    for position, member in enumerate(entry.members):
        checked, wrong = check_member(member, field=f"members.{position}", today=today)
        faults += wrong
        if checked is not None:
            members.append(checked)
    faults += _together_faults(entry, members)
    heads = (member for member in members if member.entry.relation == "head")
    if entry.consented and any(age_on(head.born_on, today) < ADULT_FROM for head in heads):
        faults.append(
            InvalidInput(
                "The head is a minor: register the household without consent, then record what a guardian agrees to",
                field="consented",
            )
        )
    if faults:
        raise InvalidFields(faults)
    return CheckedHousehold(entry, tuple(members), phone)


def check_member(entry: MemberEntry, *, field: str, today: date) -> tuple[CheckedMember | None, list[InvalidInput]]:
    """The member checked, or None, and the faults; fields are named ``<field>.name`` and so on."""
    faults: list[InvalidInput] = []
    name_fault = text_fault(entry.name, most=LONGEST_NAME, field=f"{field}.name")
    if name_fault is not None:
        faults.append(name_fault)
    if entry.relation not in RELATIONS:
        faults.append(_choice_fault(f"{field}.relation"))
    if entry.disability_grade is not None and not 1 <= entry.disability_grade <= 4:
        faults.append(
            InvalidInput("A disability grade is 1 (most severe) to 4, or empty", field=f"{field}.disability_grade")
        )
    if entry.diagnosis and len(entry.diagnosis) > 500:
        faults.append(InvalidInput("Write at most %(most)s characters", field=f"{field}.diagnosis", most=500))
    number: ResidentID | None = None
    if entry.resident_id:
        try:
            number = parse_resident_id(entry.resident_id, today=today, field=f"{field}.resident_id")
        except InvalidInput as fault:
            return None, [*faults, fault]
    sex, born_on = entry.sex or None, entry.born_on
    if number is not None:
        if sex is not None and sex != number.sex:
            faults.append(InvalidInput("The sex does not fit the resident ID", field=f"{field}.sex"))
        if born_on is not None and born_on != number.born_on:
            faults.append(InvalidInput("The date of birth does not fit the resident ID", field=f"{field}.born_on"))
        sex, born_on = number.sex, number.born_on
    else:
        if sex not in SEXES:
            faults.append(
                InvalidInput("Without a resident ID the sex must be given: female or male", field=f"{field}.sex")
            )
        if born_on is None:
            faults.append(
                InvalidInput("Without a resident ID the date of birth must be given", field=f"{field}.born_on")
            )
        elif born_on > today or born_on.year < today.year - 130:
            faults.append(
                InvalidInput(
                    "The date of birth lies in the future or more than 130 years back", field=f"{field}.born_on"
                )
            )
    if faults or sex is None or born_on is None:
        return None, faults
    return CheckedMember(entry, number, sex, born_on), []


def text_fault(
    text: str | None, *, most: int, field: str, needed: bool = True, lines: bool = False
) -> InvalidInput | None:
    """What is wrong with a text: missing, too long, or with control characters (line breaks count unless `lines`)."""
    try:
        checked_text(text, field=field, most=most, required=needed, lines=lines)
    except InvalidInput as fault:
        return fault
    return None


def check_purpose(purpose: str) -> str:
    """The purpose for which sealed numbers are opened, trimmed. Raises InvalidInput; long digit runs would put a number on the trail."""
    text = purpose.strip()
    if len(text) < 4 or len(text) > LONGEST_PURPOSE:
        raise InvalidInput(
            "Say in 4 to 200 characters what you need the numbers for; the household can read it", field="purpose"
        )
    if re.search(r"\d[\d\s-]{5,}\d", text):
        raise InvalidInput(
            "Do not write telephone or ID numbers into the purpose; say what you need them for", field="purpose"
        )
    return plain(text, field="purpose")


def _place_faults(entry: HouseholdEntry) -> list[InvalidInput]:
    faults = []
    if not re.fullmatch(r"\d{9}(\d{3})?", entry.region_code or ""):
        faults.append(
            InvalidInput(
                "A household lives in a township or village: choose a region with a code of 9 or 12 digits",
                field="region_code",
            )
        )
    address = text_fault(entry.address, most=LONGEST_ADDRESS, field="address", needed=False)
    if address is not None:
        faults.append(address)
    fault = point_fault(entry.lat, entry.lon)
    if fault is not None:
        faults.append(fault)
    return faults


def point_fault(lat: float | None, lon: float | None) -> InvalidInput | None:
    """What is wrong with a point (WGS-84 degrees): half of it missing, or outside China."""
    try:
        checked_point(lat, lon)
    except InvalidInput as fault:
        return fault
    if lat is not None and lon is not None and not (3 <= lat <= 54 and 73 <= lon <= 136):
        return InvalidInput("The point lies outside China; check latitude and longitude", field="lat")
    return None


def _choice_faults(entry: HouseholdEntry) -> list[InvalidInput]:
    faults = [
        _choice_fault(field)
        for value, allowed, field in (
            (entry.status_category, STATUS_CATEGORIES, "status_category"),
            (entry.main_type, HOUSEHOLD_TYPES, "main_type"),
            (entry.risk_tier, RISK_TIERS, "risk_tier"),
        )
        if value not in allowed
    ]
    if entry.cap_fen is not None and not 0 <= entry.cap_fen <= MOST_CAP_FEN:
        faults.append(InvalidInput("An amount of zero or more, in fen", field="cap_fen"))
    return faults


def _choice_fault(field: str) -> InvalidInput:
    return InvalidInput("Choose one of the list", field=field)


def _together_faults(entry: HouseholdEntry, members: list[CheckedMember]) -> list[InvalidInput]:
    """What the members must be together: somebody, not a crowd, one head, nobody twice."""
    faults = []
    if not entry.members:
        faults.append(InvalidInput("A household has at least one member", field="members"))
    elif len(entry.members) > MOST_MEMBERS:
        faults.append(InvalidInput("At most %(most)s members", field="members", most=MOST_MEMBERS))
    elif (heads := sum(member.relation == "head" for member in entry.members)) != 1:
        faults.append(
            InvalidInput("A household has exactly one head; here it has %(heads)s", field="members", heads=heads)
        )
    seen: dict[str, int] = {}
    for position, member in enumerate(entry.members):
        number = next((one.resident_id.number for one in members if one.entry is member and one.resident_id), None)
        if number is not None and number in seen:
            faults.append(
                InvalidInput(
                    "The same resident ID stands at member %(other)s as well",
                    field=f"members.{position}.resident_id",
                    other=seen[number] + 1,
                )
            )
        elif number is not None:
            seen[number] = position
    return faults
