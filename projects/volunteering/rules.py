"""Rules of volunteer shifts. Pure."""

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kernel.checking import Faults, checked_point, checked_text, checked_whole
from kernel.errors import Conflict, InvalidInput

EARTH_M = 6_371_008.8  # mean radius, IUGG
LONGEST = timedelta(hours=24)
MOST_PLACES = 10_000


@dataclass(frozen=True)
class ShiftEntry:
    """A shift: when (UTC), where, how many volunteers, and the skills each must have."""

    project_id: uuid.UUID
    title: str
    place: str
    region_code: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    lat: float | None = None
    lon: float | None = None
    requires: tuple[str, ...] = ()


def checked_shift(entry: ShiftEntry, *, now: datetime) -> ShiftEntry:
    """The entry, normalised. Raises InvalidFields with every fault."""
    faults = Faults()
    given: dict[str, object] = {}
    with faults.gathering():
        given["title"] = checked_text(entry.title, field="title", most=120)
    with faults.gathering():
        given["place"] = checked_text(entry.place, field="place", most=200)
    with faults.gathering():
        checked_text(entry.region_code, field="region_code", most=60)
    with faults.gathering():
        checked_whole(entry.capacity, field="capacity", least=1, most=MOST_PLACES)
    with faults.gathering():
        given["lat"], given["lon"] = checked_point(entry.lat, entry.lon)
    missing = [field for field in ("starts_at", "ends_at") if getattr(entry, field) is None]
    for field in missing:
        faults.add(InvalidInput("Fill this in", field=field))
    if not missing:
        _check_times(entry, faults, now=now)
    given["requires"] = tuple(dict.fromkeys(entry.requires))
    faults.raise_any()
    return replace(entry, **given)  # type: ignore[arg-type]


def _check_times(entry: ShiftEntry, faults: Faults, *, now: datetime) -> None:
    if entry.starts_at.tzinfo is None or entry.ends_at.tzinfo is None:
        faults.add(InvalidInput("A moment carries its time zone", field="starts_at"))
    elif entry.ends_at <= entry.starts_at:
        faults.add(InvalidInput("The end lies before the start; swap or correct the times", field="ends_at"))
    elif entry.ends_at - entry.starts_at > LONGEST:
        faults.add(InvalidInput("A shift lasts at most 24 hours; split it into days", field="ends_at"))
    elif entry.starts_at <= now:
        faults.add(InvalidInput("A shift starts in the future; check date and time", field="starts_at"))
    elif entry.starts_at.year > 2100:
        faults.add(InvalidInput("The year lies outside 1990 to 2100; check the date", field="starts_at"))


def missing_skills(required: Iterable[str], has: Iterable[str]) -> tuple[str, ...]:
    """Required skills that are not there, in the order they are asked for."""
    known = set(has)
    return tuple(code for code in required if code not in known)


def distance_m(one: tuple[float, float] | None, other: tuple[float, float] | None) -> int | None:
    """Great-circle distance in whole metres by the haversine formula; None where a point is missing."""
    if one is None or other is None:
        return None
    lat1, lon1, lat2, lon2 = map(math.radians, (*one, *other))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return round(2 * EARTH_M * math.asin(min(1.0, math.sqrt(h))))


class ShiftFull(Conflict):
    """Every place of the shift is taken (HTTP 409)."""

    code = "shift_full"


class ShiftsOverlap(Conflict):
    """The volunteer is signed up elsewhere at the same time (HTTP 409)."""

    code = "shifts_overlap"


class SkillMissing(Conflict):
    """The shift needs a skill that the volunteer's entry does not name (HTTP 409)."""

    code = "skill_missing"


class ShiftOver(Conflict):
    """The shift has started, was cancelled, or its project is not listed (HTTP 409)."""

    code = "shift_over"
