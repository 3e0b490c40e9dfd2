"""A portrait as a record: the facts and results that are kept, and the mark by which a change is seen. Pure functions."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from households.portrait.facts import EVENTS, INDICATORS, TYPES, Known
from households.portrait.portrait import Portrait


@dataclass(frozen=True)
class Result:
    """What a record keeps of a portrait; `scores` in the order of TYPES, `suggested` measure → quantity."""

    category: str
    main_type: str | None
    secondary: tuple[str, ...]
    scores: tuple[int, ...]
    risk_tier: str
    suggested: dict[str, int]


def result_of(portrait: Portrait) -> Result:
    """The results of one portrait."""
    return Result(
        portrait.category.name, portrait.main, portrait.secondary, tuple(portrait.scores[kind] for kind in TYPES),
        portrait.risk.name, {one.code: one.quantity for one in portrait.suggested},
    )  # fmt: skip


def facts_document(members: int, indicators: dict[str, int], happened: dict[str, date]) -> dict[str, Any]:
    """The facts as they are kept: the indicators on file, zero among them, since what nobody recorded is no zero; and the last day of each kind of event; days, not ages, so that a day that
    goes by changes nothing here."""
    return {
        "members": members,
        "indicators": {name: indicators[name] for name in INDICATORS if name in indicators},
        "events": {kind: happened[kind].isoformat() for kind in EVENTS if kind in happened},
    }


def known_from(facts: dict[str, Any], day: date) -> Known:
    """What the kept facts say of the household on `day`. An indicator that the rules no longer know is left out."""
    return Known(
        facts["members"],
        {name: value for name, value in facts["indicators"].items() if name in INDICATORS},
        {
            kind: (day - date.fromisoformat(text)).days
            for kind, text in facts["events"].items()
            if kind in EVENTS and date.fromisoformat(text) <= day
        },
    )


def mark_of(policy_set_id: object, facts: dict[str, Any], result: Result) -> bytes:
    """Sixteen bytes that differ where policy set, facts or results differ."""
    whole = [
        str(policy_set_id), facts, result.category, result.main_type, result.secondary, result.scores, result.risk_tier,
        result.suggested,
    ]  # fmt: skip
    return hashlib.blake2b(json.dumps(whole, separators=(",", ":")).encode(), digest_size=16).digest()
