"""Reading a document value by value, so that every fault is found in one reading, with its place and its mend, in words that can be translated."""

import re
from collections.abc import Callable
from dataclasses import MISSING as DATACLASS_MISSING
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar

from households.policy.document import Name, Words

Made = TypeVar("Made")
CODE = re.compile(r"[a-z][a-z0-9_-]{1,60}")
CODE_MEND = "Use 2 to 61 small letters, digits, hyphens and underscores, a letter first"
_DAY = re.compile(r"20\d\d-\d\d-\d\d")
_UNSTORED = re.compile("[\x00\ud800-\udfff]")
MOST_ENTRIES = 500
MISSING = "This is missing; add it"


class Reader:
    """Reads value after value; what cannot be read is None and leaves a fault, so that all are found in one reading."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, Words]] = []

    def fault(self, place: str, message: str, **values: Any) -> None:
        self.faults.append((place, Words(message, **values)))

    def object(
        self, place: str, value: Any, *, optional: tuple[str, ...] = (), **readers: Callable[[str, Any], Any]
    ) -> dict[str, Any] | None:
        """The entries of an object, each read by its reader."""
        if not isinstance(value, dict):
            self.fault(place, "This must be an object: names with their values, in braces")
            return None
        for name in list(value)[:MOST_ENTRIES]:
            if name not in readers:
                self.fault(join(place, str(name)), "There is no such entry here; take it out, or mend its name")
        read = {}
        for name, reader in readers.items():
            if name in value:
                read[name] = reader(join(place, name), value[name])
            elif name not in optional:
                self.fault(join(place, name), MISSING)
        return read

    def list_of(self, reader: Callable[[str, Any], Any], *, least: int = 0) -> Callable[[str, Any], tuple[Any, ...]]:
        def read(place: str, value: Any) -> tuple[Any, ...]:
            if not isinstance(value, list):
                self.fault(place, "This must be a list, in brackets")
                return ()
            if len(value) > MOST_ENTRIES:
                self.fault(place, "At most %(most)s entries may stand here", most=MOST_ENTRIES)
                return ()
            if len(value) < least:
                self.fault(place, "At least %(least)s entry is needed here", least=least)
            return tuple(reader(f"{place}[{k}]", one) for k, one in enumerate(value))

        return read

    def whole(self, least: int, most: int) -> Callable[[str, Any], int]:
        def read(place: str, value: Any) -> int:
            if type(value) is not int or not least <= value <= most:
                self.fault(place, "This must be a whole number from %(least)s to %(most)s", least=least, most=most)
                return least
            return value

        return read

    def text(self, most: int) -> Callable[[str, Any], str]:
        def read(place: str, value: Any) -> str:
            if not isinstance(value, str) or not value.strip() or len(value) > most or _UNSTORED.search(value):
                self.fault(place, "Write 1 to %(most)s characters here", most=most)
                return ""
            return value

        return read

    def matching(self, pattern: re.Pattern[str], mend: str) -> Callable[[str, Any], str]:
        def read(place: str, value: Any) -> str:
            if not isinstance(value, str) or not pattern.fullmatch(value):
                self.fault(place, mend)
                return ""
            return value

        return read

    def one_of(self, known: tuple[str, ...]) -> Callable[[str, Any], str]:
        def read(place: str, value: Any) -> str:
            if value not in known:
                self.fault(place, "This must be one of %(known)s", known=", ".join(known))
                return known[0]
            return str(value)

        return read

    def day(self, place: str, value: Any) -> date | None:
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.fault(place, "Write the day as 2027-03-05")
        return None

    def day_or_none(self, place: str, value: Any) -> date | None:
        return None if value is None else self.day(place, value)

    def name(self, place: str, value: Any) -> Name:
        read = self.object(place, value, zh=self.text(60), en=self.text(120)) or {}
        return Name(read.get("zh", ""), read.get("en", ""))


def made(kind: type[Made], read: dict[str, Any] | None) -> Made | None:
    """The value, or None where an entry is missing: its fault is noted already."""
    needed = {one.name for one in fields(kind) if one.default is DATACLASS_MISSING}  # type: ignore[arg-type]
    return kind(**read) if read is not None and needed <= set(read) else None


def join(place: str, name: str) -> str:
    word = shown(name)
    return f"{place}.{word}" if place else word


def shown(text: object) -> str:
    """A part of the document inside a fault: short, and writable whatever was typed."""
    return str(text)[:60].replace("\x00", "").encode("utf-8", "backslashreplace").decode()
