"""Rules of rounds: what makes an entry right, how the public seed is made, how long things last, and the policy in words. Pure."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from households.needs.rules import WEIGHTS
from kernel.checking import MOST_FEN, Faults, checked_text, checked_whole
from kernel.errors import InvalidInput
from kernel.money import yuan_text
from matching.waiting import STANDARD, WaitingRule, rounds_to_outrank

LEASE = timedelta(seconds=15)
"""How long a worker may be silent before another takes its round over"""
KEEPS = timedelta(days=14)
"""A frozen, proposed or approved round older than this is expired: its pool no longer describes the county"""
MOST_ATTEMPTS = 20
"""A round whose worker died this often fails instead of being tried for ever"""
MOST_LIMITS = 50


@dataclass(frozen=True)
class LimitEntry:
    """The cost of all allocations that match every given filter is at most `max_fen`; regions and categories are the need's."""

    max_fen: int
    regions: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    government_bought: bool | None = None


@dataclass(frozen=True)
class RoundEntry:
    """What is handed in about a round. None means no restriction; an empty list is a fault, because it would mean "none".

    `seed_source` names, before the freeze, the public value that will decide what is left equal (a lottery's draw, a closing
    index), known only later. `time_limit_s` in seconds, caps and limits in fen; `waiting_step` and `waiting_most` in points of weight
    (`matching.waiting.WaitingRule`).
    """

    name: str
    region_code: str
    seed_source: str
    categories: tuple[str, ...] | None = None
    project_id: uuid.UUID | None = None
    fund_ids: tuple[uuid.UUID, ...] | None = None
    limits: tuple[LimitEntry, ...] = ()
    floor_percent: int = 90
    tolerance_permille: int = 1
    household_cap_fen: int | None = None
    time_limit_s: int = 45
    waiting_step: int = STANDARD.step
    waiting_most: int = STANDARD.most


def checked_round(entry: RoundEntry) -> RoundEntry:
    """The entry, normalised. Raises InvalidFields with every fault."""
    faults = Faults()
    given: dict[str, Any] = {}
    with faults.gathering():
        given["name"] = checked_text(entry.name, field="name", most=120)
    with faults.gathering():
        given["seed_source"] = checked_text(entry.seed_source, field="seed_source", most=200)
    with faults.gathering():
        checked_whole(entry.floor_percent, field="floor_percent", least=0, most=100)
    with faults.gathering():
        checked_whole(entry.tolerance_permille, field="tolerance_permille", least=0, most=1000)
    with faults.gathering():
        checked_whole(entry.household_cap_fen, field="household_cap_fen", least=0, most=MOST_FEN, required=False)
    with faults.gathering():
        checked_whole(entry.time_limit_s, field="time_limit_s", least=5, most=3600)
    for field in ("waiting_step", "waiting_most"):
        with faults.gathering():
            checked_whole(getattr(entry, field), field=field, least=0, most=1000)
    for field in ("categories", "fund_ids"):
        given[field] = _list_of(getattr(entry, field), field, faults)
    if len(entry.limits) > MOST_LIMITS:
        faults.add(InvalidInput("A round has at most %(most)s limits", field="limits", most=MOST_LIMITS))
    limits = []
    for place, limit in enumerate(entry.limits):
        with faults.gathering():
            checked_whole(limit.max_fen, field=f"limits.{place}.max_fen", least=0, most=MOST_FEN)
        regions = _list_of(limit.regions, f"limits.{place}.regions", faults)
        categories = _list_of(limit.categories, f"limits.{place}.categories", faults)
        limits.append(replace(limit, regions=regions, categories=categories))
    faults.raise_any()
    return replace(entry, limits=tuple(limits), **given)


def _list_of(values: tuple[Any, ...] | None, field: str, faults: Faults) -> tuple[Any, ...] | None:
    if values is not None and not values:
        faults.add(InvalidInput("An empty list would mean none; leave it out to mean any", field=field))
    return tuple(sorted(set(values), key=str)) if values else None


def limit_rows(limits: tuple[LimitEntry, ...]) -> list[dict[str, Any]]:
    """The limits as the problem file states them, with ids by their place."""
    rows = []
    for place, limit in enumerate(limits, start=1):
        row: dict[str, Any] = {"id": f"limit-{place}", "max_fen": limit.max_fen}
        if limit.regions:
            row["regions"] = list(limit.regions)
        if limit.categories:
            row["categories"] = list(limit.categories)
        if limit.government_bought is not None:
            row["government_bought"] = limit.government_bought
        rows.append(row)
    return rows


def checked_seed_value(value: str) -> str:
    """The public value as it is hashed and shown: NFC, no spaces around it. Raises InvalidInput."""
    return checked_text(value, field="value", most=200) or ""


def seed_from(pool_sha256: str, value: str) -> int:
    """The first 4 bytes, big-endian, of SHA-256(pool hash + public value), both as UTF-8 text (promise 26)."""
    return int.from_bytes(hashlib.sha256((pool_sha256 + value).encode()).digest()[:4], "big")


@dataclass(frozen=True)
class Sentence:
    """One sentence of the policy: an English text that is its own translation key, and what fills its places."""

    message: str
    values: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The English sentence, filled in."""
        return self.message % self.values if self.values else self.message


def waiting_in_words(rule: WaitingRule) -> list[Sentence]:
    """The rule of waiting and its bound, for the widest gap between the weights that needs are given by status category."""
    if rule.step == 0 or rule.most == 0:
        return [Sentence("Waiting adds nothing in this round", {})]
    said = [
        Sentence(
            "A need gains %(step)s points of weight for each committed round that held it and gave it nothing, in proportion where it gave a part, at most %(most)s points; its tier never changes",
            {"step": rule.step, "most": rule.most},
        )
    ]
    low, high = min(WEIGHTS.values()), max(WEIGHTS.values())
    rounds = rounds_to_outrank(rule, low, high)
    if rounds is not None:
        said.append(
            Sentence(
                "So a need of weight %(low)s comes before a new one of its tier with weight %(high)s, for as many units, after %(rounds)s rounds without help at the latest",
                {"low": low, "high": high, "rounds": rounds},
            )
        )
    return said


def policy_in_words(
    *,
    floor_percent: int,
    tolerance_permille: int,
    household_cap_fen: int | None,
    limits: int,
    seed_source: str | None,
    waiting: WaitingRule = STANDARD,
) -> list[Sentence]:
    """The rules of a round as people read them, in the order in which they decide."""
    sentences = [
        Sentence("The most urgent needs come first: nothing is taken from tier 1 to serve tier 2 or 3", {}),
        Sentence("Within a tier, needs with more weight per unit come first", {}),
        *waiting_in_words(waiting),
        Sentence(
            "Each township gets at least %(percent)s%% of its share by need; for this, a tier gives up at most %(permille)s per mille of its points",
            {"percent": floor_percent, "permille": tolerance_permille},
        ),
        Sentence("What fairness leaves free is used again, so that nothing useful stays idle", {}),
        Sentence("Only then does the cheaper help decide, and after that the nearer help", {}),
        Sentence("What is still equal is decided by a public draw: %(source)s", {"source": seed_source or "—"}),
        Sentence(
            "Supply from the county, from above it, or given for an area in it takes part; another county's does not",
            {},
        ),
    ]
    if household_cap_fen is not None:
        sentences.append(
            Sentence(
                "No household receives more than %(yuan)s yuan in this round, unless its own cap says otherwise",
                {"yuan": yuan_text(household_cap_fen)},
            )
        )
    if limits:
        sentences.append(Sentence("%(count)s spending limits hold", {"count": limits}))
    return sentences
