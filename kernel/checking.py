"""Checking what people hand in: all faults are gathered and reported at once, each at its field, with the mend."""

import math
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from kernel.errors import InvalidFields, InvalidInput

MOST_UNITS = 1_000_000_000  # keeps every sum of units within the database's integers
MOST_FEN = 100_000_000_000_000  # a million million yuan
MOST_METRES = 1_000_000


class Faults:
    """Gathers InvalidInput errors; `raise_any` reports them together."""

    def __init__(self) -> None:
        self.found: list[InvalidInput] = []

    def add(self, fault: InvalidInput) -> None:
        """Notes one fault."""
        self.found.append(fault)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Turns an InvalidInput or InvalidFields raised inside into noted faults; the code after the block goes on."""
        try:
            yield
        except InvalidInput as fault:
            self.found.append(fault)
        except InvalidFields as several:
            self.found.extend(several.faults)

    def raise_any(self) -> None:
        """Raises InvalidFields when anything was noted."""
        if self.found:
            raise InvalidFields(self.found)


def checked_text(text: str | None, *, field: str, most: int, required: bool = True, lines: bool = False) -> str | None:
    """`text` in NFC without spaces around it; None where it is empty and not required. Raises InvalidInput.

    Control characters are refused, apart from line breaks where `lines`.
    """
    cleaned = unicodedata.normalize("NFC", text or "").replace("\r\n", "\n").strip()
    if not cleaned:
        if required:
            raise InvalidInput("Fill this in", field=field)
        return None
    if len(cleaned) > most:
        raise InvalidInput("Write at most %(most)s characters", field=field, most=most)
    return plain(cleaned, field=field, lines=lines)


def plain(text: str, *, field: str, lines: bool = False) -> str:
    """`text` as it is. Raises InvalidInput for control characters, apart from line breaks where `lines`."""
    looked_at = text.replace("\r\n", "\n").replace("\n", "") if lines else text
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in looked_at):
        raise InvalidInput("This text holds control characters; type it again without them", field=field)
    return text


def checked_whole(value: int | None, *, field: str, least: int, most: int, required: bool = True) -> int | None:
    """A whole number from `least` to `most`. Raises InvalidInput."""
    if value is None:
        if required:
            raise InvalidInput("Fill this in", field=field)
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput("This must be a whole number", field=field)
    if not least <= value <= most:
        raise InvalidInput(
            "This must be a whole number from %(least)s to %(most)s", field=field, least=least, most=most
        )
    return value


def checked_point(lat: float | None, lon: float | None) -> tuple[float | None, float | None]:
    """A WGS-84 point in degrees, both or neither. Raises InvalidInput."""
    if (lat is None) != (lon is None):
        raise InvalidInput("Give both latitude and longitude, or leave both out", field="lat" if lat is None else "lon")
    if lat is None or lon is None:
        return None, None
    if not (math.isfinite(lat) and -90 <= lat <= 90):
        raise InvalidInput("Latitude lies between -90 and 90 degrees", field="lat")
    if not (math.isfinite(lon) and -180 <= lon <= 180):
        raise InvalidInput("Longitude lies between -180 and 180 degrees", field="lon")
    return float(lat), float(lon)


def checked_period(
    start: date | None, end: date | None, *, start_field: str = "starts_on", end_field: str = "ends_on"
) -> None:
    """Raises InvalidInput when the end lies before the start, or a year is not one people mean."""
    for day, field in ((start, start_field), (end, end_field)):
        if day is not None and not 1990 <= day.year <= 2100:
            raise InvalidInput("The year lies outside 1990 to 2100; check the date", field=field)
    if start is not None and end is not None and end < start:
        raise InvalidInput("The end lies before the start; swap or correct the dates", field=end_field)
