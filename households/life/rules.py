"""What makes a change in the life of a household right. Pure functions."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from households.models import RELATIONS
from households.rules import LONGEST_ADDRESS, point_fault, text_fault
from kernel.accounts.rules import covers
from kernel.errors import InvalidFields, InvalidInput, OutsideScope

COUNTY_DIGITS = 6


@dataclass(frozen=True)
class Place:
    """Where a household lives from now on: region (9 or 12 digits), address, and a point (WGS-84 degrees) where it is known."""

    region_code: str
    address: str | None = None
    lat: float | None = None
    lon: float | None = None


def check_place(place: Place, *, region_before: str, scope: tuple[str, ...]) -> None:
    """Raises InvalidFields, or OutsideScope: whoever works in the old place hands a household over within its county; further away takes
    a right in both places."""
    faults = []
    if len(place.region_code) not in (9, 12):
        faults.append(
            InvalidInput(
                "A household lives in a township or village: choose a region with a code of 9 or 12 digits",
                field="region_code",
            )
        )
    for fault in (
        text_fault(place.address, most=LONGEST_ADDRESS, field="address", needed=False),
        point_fault(place.lat, place.lon),
    ):
        if fault is not None:
            faults.append(fault)
    if faults:
        raise InvalidFields(faults)
    same_county = place.region_code[:COUNTY_DIGITS] == region_before[:COUNTY_DIGITS]
    if not same_county and not covers(scope, place.region_code):
        raise OutsideScope(
            "Region %(region)s lies in another county; somebody who works in both counties moves the household",
            field="region_code",
            region=place.region_code,
        )


def check_day(day: date | None, *, today: date, field: str = "happened_on") -> date:
    """The day. Raises InvalidInput where it is missing, to come, or more than 130 years back."""
    if day is None:
        raise InvalidInput("Say on which day it happened", field=field)
    if day > today or day.year < today.year - 130:
        raise InvalidInput("The day lies in the future or too far back", field=field)
    return day


def relations_after(
    members: Mapping[uuid.UUID, str], said: Mapping[uuid.UUID, str], *, field: str = "relations"
) -> dict[uuid.UUID, str]:
    """The relation of each member (id → relation) once what was said replaces what stood there. Raises InvalidInput unless one is the head."""
    after = {member: said.get(member, before) for member, before in members.items()}
    if any(relation not in RELATIONS for relation in after.values()):
        raise InvalidInput("Choose one of the list", field=field)
    heads = sum(relation == "head" for relation in after.values())
    if after and heads != 1:
        raise InvalidInput(
            "Name the head: exactly one member of each household is its head; here it would have %(heads)s",
            field=field,
            heads=heads,
        )
    return after


def named(numbers: Iterable[int]) -> str:
    """``3, 7, 12``: the numbers as an error names them."""
    return ", ".join(str(number) for number in sorted(numbers))
