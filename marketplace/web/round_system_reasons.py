"""Reasons that the system wrote beside a step or a question, in the reader's language; what a person wrote stays as it is.

They are kept as English sentences, because whoever reads the database must understand them too. A sentence that is known here is read
back into its message and its values; ids become the numbers that the pages show.
"""

import re
import uuid
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from flask_babel import gettext as _

from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from marketplace.security.access import db
from marketplace.web.formatting import fen

STEPS = (
    "Frozen anew as round %(number)s",
    "Nobody took it further within %(days)s days; freeze it anew",
    "Tried %(count)s times; each time the worker ended before the solve did. Is there enough memory?",
)
SEARCHES = (
    "Tried %(count)s times; each time the worker ended before the answer came",
    "The search did not end in its time; it was stopped",
    "The search did not end in twice its time; it was stopped",
    "The search was killed %(count)s times (signal %(signal)s); is there enough memory for this pool?",
    "The search ended with code %(code)s: %(said)s",
    "it said nothing",
    "The plan breaks %(count)s rules and is not stored; the first: %(first)s",
    "The certificate of the plan cannot be read, and the plan is not stored; the first fault: %(first)s",
    "The certificate of the plan proves at most %(bound)s for %(level)s, but the plan states %(value)s; it is not stored",
    "The answer speaks of another need and is not stored",
)
PINS = (
    "offering %(offering)s has capacity %(capacity)s, the pins take %(used)s",
    "offering %(offering)s may serve %(most)s needs (max_needs), the pins ask %(used)s",
    "need %(need)s takes all from one offering, the pins name %(used)s",
    "need %(need)s asks %(asked)s, the pins deliver %(used)s",
    "household %(household)s has a cap of %(cap_fen)s, the pins are worth %(used_fen)s",
    "limit %(limit)s allows %(most_fen)s, the pins cost %(used_fen)s",
    "the funds that may pay do not suffice for %(used_fen)s",
    "the rest of a need that takes all or nothing cannot be delivered beside the pins",
    "is asked of a pair that is not compatible",
    "of a need that takes all %(quantity)s from one offering or nothing",
)
"""What `matching.solver.pins` says of pins that cannot all be kept, after it has named them"""

_PLACE = re.compile(r"%\((\w+)\)s")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBERED: dict[str, type[Need] | type[Offering] | type[Household]] = {
    "need": Need, "offering": Offering, "household": Household,
}  # fmt: skip
_NAMED_PINS = re.compile(r"(?:pin [^,]+, [^:]+: quantity \d+(?:; )?)+:? ")


def _pattern(message: str) -> re.Pattern[str]:
    """A message as the pattern of the sentences it makes."""
    parts = _PLACE.split(message)
    return re.compile(
        "".join(re.escape(part) if place % 2 == 0 else _group(part) for place, part in enumerate(parts)) + r"\Z",
        re.DOTALL,
    )


def _group(name: str) -> str:
    """Amounts are kept as “1500 fen” and shown as money."""
    return rf"(?P<{name}>\d+) fen" if name.endswith("_fen") else f"(?P<{name}>.+?)"


_KNOWN = {message: _pattern(message) for message in (*STEPS, *SEARCHES)}
_KNOWN_OF_PINS = {message: _pattern(message) for message in PINS}


def told_system_reason(text: str | None) -> str:
    """The reason kept with a step: what a person wrote as it is, what the system wrote in the reader's language."""
    return _told(text or "") or text or ""


def told_failure(text: str | None) -> str:
    """Why a question has no answer: always the system's words; those that are not known are quoted."""
    if not text:
        return "—"
    return _told(text) or _("The search failed and said: %(words)s", words=text)


def _told(text: str) -> str | None:
    named = _NAMED_PINS.match(text)
    if named is not None:
        why = _read(text[named.end() :], _KNOWN_OF_PINS, _number_of)
        return None if why is None else _("The pins cannot all be kept: %(why)s", why=why)
    return _read(text, _KNOWN, _as_it_is)


def _read(
    text: str, known: Mapping[str, re.Pattern[str]], value: Callable[[str, Mapping[str, str]], str]
) -> str | None:
    for message, pattern in known.items():
        found = pattern.match(text)
        if found is not None:
            given = found.groupdict()
            return _(message) % {name: value(name, given) for name in given} if given else _(message)
    return None


def _as_it_is(name: str, given: Mapping[str, str]) -> str:
    return told_system_reason(given[name]) if name == "said" else given[name]


def _number_of(name: str, given: Mapping[str, str]) -> str:
    """Ids of rows by their numbers, amounts as money."""
    text = given[name]
    if name.endswith("_fen"):
        return fen(int(text))
    model = _NUMBERED.get(name)
    if model is None or not _ID.fullmatch(text):
        return text
    number = db().scalar(sa.select(model.number).where(model.id == uuid.UUID(text)))
    return text if number is None else str(number)
