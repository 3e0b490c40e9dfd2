"""The words of each consent, by purpose and version. A version never changes; other words are a new version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class ConsentText:
    """What is agreed to, in both languages of the pages."""

    purpose: str
    version: str
    zh: str
    en: str


@cache
def _all() -> tuple[ConsentText, ...]:
    text = resources.files("households.consents").joinpath("data/texts.json").read_text(encoding="utf-8")
    return tuple(ConsentText(**row) for row in json.loads(text))


def texts_in_force() -> Mapping[str, ConsentText]:
    """Purpose → the words that are agreed to from now on: the last version of each."""
    return {one.purpose: one for one in _all()}


def text_of(purpose: str, version: str) -> ConsentText | None:
    """The words of a version; None where it came from another installation."""
    return next((one for one in _all() if (one.purpose, one.version) == (purpose, version)), None)


def versions_of(purpose: str) -> tuple[str, ...]:
    """Every version of the words of a purpose, the oldest first."""
    return tuple(one.version for one in _all() if one.purpose == purpose)


def is_newer(purpose: str, version: str, *, than: str) -> bool:
    """Whether `version` of the words came after `than`; one of another installation is older than all of ours."""
    order = versions_of(purpose)
    return than not in order or order.index(version) > order.index(than)
