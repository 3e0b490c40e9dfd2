"""Positions of a chart of ratios: one row per group, a bar for all tiers together, a numbered mark for each tier. Pure.

The chart is drawn twice, for a screen and for a phone, each about as wide as it is shown, so that letters keep their size.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MOST = 1.5
"""The scale ends here; a greater ratio stands at its end with a sign"""
LINES = (0.0, 0.5, 0.8, 1.0, 1.5)
MARK = 8
FONT = 14
SMALL_FONT = 11


@dataclass(frozen=True)
class Paper:
    """The paper a chart is drawn on, in the units of its view box. `beside`: names stand left of the scale, else above it."""

    width: float
    left: float
    right: float
    row: float
    beside: bool


SCREEN = Paper(width=760, left=215, right=728, row=46, beside=True)
PHONE = Paper(width=330, left=12, right=306, row=72, beside=False)


@dataclass(frozen=True)
class Group:
    """What is drawn of one group: its name, its ratio over all tiers, whether that is flagged, and (tier, ratio, flagged)."""

    name: str
    ratio: float | None
    flag: bool
    tiers: tuple[tuple[int, float | None, bool], ...]


@dataclass(frozen=True)
class Mark:
    """One tier of one group; `beyond` where the ratio is greater than the scale."""

    tier: int
    x: float
    y: float
    ratio: float
    flag: bool
    beyond: bool


@dataclass(frozen=True)
class Row:
    """One group drawn; `name_x`, `name_y` is where its name stands, `bar` how long its bar is (None: nothing was expected)."""

    name: str
    name_x: float
    name_y: float
    y: float
    bar: float | None
    ratio: float | None
    flag: bool
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Chart:
    """One layout. `lines` are (x, ratio) of the scale."""

    paper: Paper
    height: float
    top: float
    bottom: float
    rows: tuple[Row, ...]
    lines: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RatioChart:
    """What the macro `ratio_chart` draws."""

    screen: Chart
    phone: Chart
    font: int = FONT
    small_font: int = SMALL_FONT
    mark: int = MARK
    limit: float = 0.8


def ratio_chart(groups: Iterable[Group]) -> RatioChart:
    """Both layouts of the same groups."""
    rows = tuple(groups)
    return RatioChart(_draw(rows, SCREEN), _draw(rows, PHONE))


def _draw(groups: tuple[Group, ...], paper: Paper) -> Chart:
    top = 22.0
    bottom = top + paper.row * len(groups)

    def at(ratio: float) -> float:
        return round(paper.left + (paper.right - paper.left) * min(ratio, MOST) / MOST, 1)

    rows = []
    for place, group in enumerate(groups):
        y = top + paper.row * place + (paper.row / 2 if paper.beside else paper.row - 24)
        marks = tuple(
            # Each tier has its own height in the row, so that marks of equal ratios do not cover each other.
            Mark(tier, at(ratio), round(y + (tier - 2) * (MARK + 5), 1), ratio, flag, ratio > MOST)
            for tier, ratio, flag in group.tiers
            if ratio is not None
        )
        rows.append(
            Row(
                name=group.name,
                name_x=paper.left - 12 if paper.beside else paper.left,
                name_y=round(y + FONT * 0.35 if paper.beside else y - 27, 1),
                y=round(y, 1),
                bar=None if group.ratio is None else round(at(group.ratio) - paper.left, 1),
                ratio=group.ratio,
                flag=group.flag,
                marks=marks,
            )
        )
    return Chart(paper, round(bottom + 8, 1), top, bottom, tuple(rows), tuple((at(line), line) for line in LINES))
