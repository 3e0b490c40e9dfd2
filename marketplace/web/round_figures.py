"""The figures of a round's page, from what the round stores: coverage by tier and place, the eight levels, groups with flags. Pure.

Points count as in the plan format: a need's weight is 1,000 points when all of it is served; pages show weights (points / 1,000).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from marketplace.web.figures import Place, PointMap, place_points
from marketplace.web.formatting import distance, fen, number, percent
from marketplace.web.words import WORDS, word
from matching.rounds.queries import LevelView

POINTS = 1000

LEVEL_WORDS = {
    "tier1": (_l("Most urgent needs"), _l("as much of tier 1 as can be served, by weight")),
    "tier2": (_l("Urgent needs"), _l("then as much of tier 2, without taking from tier 1")),
    "tier3": (_l("General needs"), _l("then as much of tier 3, without taking from the tiers before")),
    "fairness": (_l("Fairness between townships"), _l("what townships lack to their floor, in all; less is better")),
    "coverage": (
        _l("Nothing useful stays idle"),
        _l("what fairness left free is used again; urgent needs count a hundredfold each tier"),
    ),
    "cost": (_l("Cost"), _l("the cheapest way to give the same help")),
    "distance": (_l("Distance"), _l("the shortest way to give the same help at that cost")),
    "lottery": (_l("Public draw"), _l("what is still equal is decided by the drawn numbers; less is better")),
}

GROUP_WORDS = {
    "sex": {
        "female": _l("With a woman or girl"),
        "male": _l("With a man or boy"),
        "only_female": _l("Only women and girls"),
        "only_male": _l("Only men and boys"),
    },
    "head": {"female": _l("Head is a woman"), "male": _l("Head is a man")},
    "age": {
        "under_18": _l("With somebody under 18"),
        "18_59": _l("With somebody aged 18 to 59"),
        "60_79": _l("With somebody aged 60 to 79"),
        "80_over": _l("With somebody aged 80 or more"),
        "only_60_over": _l("Everybody is 60 or older"),
    },
    "disability": {
        "disabled": _l("Somebody with a disability"),
        "severely_disabled": _l("Somebody with a severe disability (grade 1 or 2)"),
        "not_disabled": _l("Nobody with a disability"),
    },
}
GROUP_ORDER: Mapping[str, Sequence[str]] = {
    **{name: tuple(words) for name, words in GROUP_WORDS.items()},
    "type": tuple(WORDS["type"]),
}
DIMENSIONS = {
    "type": _l("By household type"),
    "head": _l("By sex of the head"),
    "age": _l("By age of the household's members"),
    "disability": _l("By disability in the household"),
}
"""The dimensions on the round's own page; the page of fairness shows all"""


@dataclass(frozen=True)
class TierFigure:
    """Coverage of one tier: the plan's and, where known, first come's; shares from 0 to 1, None where the tier is empty."""

    tier: int
    needs: int
    needs_reached: int
    needs_met: int
    share: float | None
    first_come_reached: int | None
    first_come_share: float | None


@dataclass(frozen=True)
class LevelFigure:
    """One level in words: what it is about, the plan's value, the bound, the gap (by the solver; `certified_gap`: by the certificate, None
    without one), and what first come, first served reached. `for_deliveries`: bound and gap are those for the help that is given."""

    name: str
    title: str
    meaning: str
    value: str
    delivered: str | None
    bound: str
    gap: str
    certified_gap: str | None
    for_deliveries: bool
    proven: bool
    first_come: str | None
    seconds: float


@dataclass(frozen=True)
class GroupFigure:
    """Coverage of one group. `ratio` is what it got over what its urgency lets expect; `flag` where that is under 0.8."""

    code: str
    name: str
    needs: int
    needs_reached: int
    households: int
    households_reached: int
    share: float | None
    ratio: float | None
    flag: bool
    first_come_share: float | None = None
    weight: float = 0.0


def tier_figures(coverage: Mapping[str, Any], comparison: Mapping[str, Any] | None) -> list[TierFigure]:
    """One figure per tier that has needs."""
    comparison = comparison or {}
    plan, other = comparison.get("plan", {}).get("tiers", {}), comparison.get("first_come", {}).get("tiers", {})
    figures = []
    for tier in (1, 2, 3):
        key = str(tier)
        row = coverage["tiers"][key]
        if not row["possible"]:
            continue
        mine, theirs = plan.get(key, {}), other.get(key)
        figures.append(
            TierFigure(
                tier=tier,
                needs=mine.get("needs", 0),
                needs_reached=mine.get("needs_reached", 0),
                needs_met=mine.get("needs_met", 0),
                share=row["points"] / row["possible"],
                first_come_reached=theirs["needs_reached"] if theirs else None,
                first_come_share=theirs["points"] / row["possible"] if theirs else None,
            )
        )
    return figures


def level_value(name: str, value: float | None) -> str:
    """A level's value in the unit people know: weights, fen as yuan, metres as kilometres."""
    if value is None:
        return "—"
    if name == "cost":
        return fen(int(value))
    if name == "distance":
        return distance(value)
    if name == "lottery":
        return number(value)
    return number(value / POINTS)


def level_figures(levels: Sequence[LevelView], comparison: Mapping[str, Any] | None) -> list[LevelFigure]:
    """The eight levels in their order."""
    other = (comparison or {}).get("first_come", {}).get("levels", {})
    figures = []
    for level in levels:
        title, meaning = LEVEL_WORDS.get(level.name, (level.name, ""))
        given = level.bound is None and level.bound_deliveries is not None
        moved = level.achieved is not None and level.achieved != level.value
        figures.append(
            LevelFigure(
                name=level.name,
                title=str(title),
                meaning=str(meaning),
                value=level_value(level.name, level.value),
                delivered=level_value(level.name, level.achieved) if moved else None,
                bound=level_value(level.name, level.bound_deliveries if given else level.bound),
                gap=gap_text(level),
                certified_gap=None if level.certified_gap is None else share_text(level.certified_gap),
                for_deliveries=given,
                proven=level.proven,
                first_come=level_value(level.name, other[level.name]) if level.name in other else None,
                seconds=level.seconds,
            )
        )
    return figures


def gap_text(level: LevelView) -> str:
    """“0%”, “0.34%”, or that there is no bound: to all plans, or else to those that give the same help.

    Nothing is a share of a bound of 0, which only says that less than nothing cannot be.
    """
    gap = level.deliveries_gap if level.gap is None else level.gap
    if level.bound == 0 and level.value:
        return _("cannot be told")
    if gap is None:
        return _("no bound")
    return share_text(0.0 if level.proven else gap)


def share_text(gap: float) -> str:
    """A gap in percent, finely where it is small."""
    return percent(gap, 2 if 0 < gap < 0.1 else 0)


def group_figures(
    dimension: str,
    rows: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    first_come: Mapping[str, int] | None = None,
) -> list[GroupFigure]:
    """The groups of one dimension. `names` names regions; `first_come` holds points of first come, first served by group."""
    order = list(GROUP_ORDER.get(dimension, ()))
    return [
        GroupFigure(
            code=row["group"],
            name=group_name(dimension, row["group"], names),
            needs=row["needs"],
            needs_reached=row["needs_reached"],
            households=row["households"],
            households_reached=row["households_reached"],
            share=row["points"] / row["possible"] if row["possible"] else None,
            ratio=row["ratio"],
            flag=row["flag"],
            first_come_share=_share(first_come, row),
            weight=row["possible"] / POINTS,
        )
        for row in sorted(rows, key=lambda row: order.index(row["group"]) if row["group"] in order else len(order))
    ]


def _share(first_come: Mapping[str, int] | None, row: Mapping[str, Any]) -> float | None:
    if first_come is None or row["group"] not in first_come or not row["possible"]:
        return None
    return first_come[row["group"]] / row["possible"]


def group_name(dimension: str, code: str, names: Mapping[str, str]) -> str:
    """What people call a group."""
    if dimension == "township":
        return names.get(code, code)
    if code == "unknown":
        return _("Not recorded")
    if dimension == "type":
        return word("type", code)
    return str(GROUP_WORDS[dimension].get(code, code))


def township_map(figures: Sequence[GroupFigure], points: Mapping[str, tuple[float | None, float | None]]) -> PointMap:
    """The townships as points: sized by the weight wanted there, coloured by coverage; without a point only in the table."""
    return place_points(
        Place(figure.name, *points.get(figure.code, (None, None)), round(figure.weight), figure.share)
        for figure in figures
    )
