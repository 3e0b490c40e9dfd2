"""The progress of a running round as people read it; the worker writes it into the round's row every second."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from marketplace.web.formatting import percent
from marketplace.web.round_figures import LEVEL_WORDS, level_value
from matching.rounds.models import MatchRound

STAGES = {
    "starting": _l("A worker has taken the round up"),
    "reading": _l("Reading the pool"),
    "first plan": _l("A first plan stands"),
}


@dataclass(frozen=True)
class LevelProgress:
    """One level on its way."""

    name: str
    title: str
    value: str
    bound: str
    gap: str
    proven: bool


@dataclass(frozen=True)
class ProgressFigure:
    """How a running round stands: what it works on, percent of the allowed time, seconds since it was taken up."""

    stage: str
    percent: float
    seconds: int
    limit: int
    levels: tuple[LevelProgress, ...]
    waiting: bool
    attempt: int = 1


def progress_figure(match_round: MatchRound, *, now: datetime) -> ProgressFigure:
    """What the page shows while the round waits or is computed."""
    told: Mapping[str, Any] = match_round.progress or {}
    limit = match_round.time_limit_s
    seconds = float(told.get("elapsed_s") or 0)
    started = told.get("started_at")
    if started and not seconds:
        seconds = max(0.0, (now - datetime.fromisoformat(str(started))).total_seconds())
    waiting = match_round.status == "queued"
    return ProgressFigure(
        stage=_("Waiting for a free worker") if waiting else stage_text(told, seconds, limit),
        percent=0.0 if waiting else min(99.0, 100 * seconds / max(1, limit)),
        seconds=int(seconds),
        limit=limit,
        levels=tuple(level_progress(row) for row in told.get("levels") or ()),
        waiting=waiting,
        attempt=int(told.get("attempt") or 1),
    )


def stage_text(told: Mapping[str, Any], seconds: float, limit: int) -> str:
    """What the worker does, in words: a level by its title; past the time of the search, the checks that follow it."""
    latest: Mapping[str, Any] = told.get("latest") or {}
    if seconds > limit:
        return _("Checking the plan, finding the reason for each unmet need")
    for stage in (told.get("stage"), latest.get("stage")):
        if stage in STAGES:
            return str(STAGES[str(stage)])
    if latest.get("level") in LEVEL_WORDS:
        return _("Searching: %(level)s", level=LEVEL_WORDS[str(latest["level"])][0])
    return _("Computing")


def level_progress(row: Mapping[str, Any]) -> LevelProgress:
    """One level with its gap so far."""
    name, value, bound = str(row.get("level")), row.get("value"), row.get("bound")
    gap = row.get("gap")
    if gap is None and value is not None and bound is not None:
        gap = 0.0 if value == bound else abs(bound - value) / max(abs(bound), abs(value), 1)
    return LevelProgress(
        name=name,
        title=str(LEVEL_WORDS.get(name, (name, ""))[0]),
        value=level_value(name, value),
        bound=level_value(name, bound),
        gap="—" if gap is None else percent(gap, 2 if 0 < gap < 0.1 else 0),
        proven=bool(row.get("proven", gap == 0)),
    )
