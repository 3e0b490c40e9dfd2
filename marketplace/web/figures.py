"""Positions of places on a drawn map: points sized by a number and coloured by coverage, on a plain ground without borders."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

FONT = 15


@dataclass(frozen=True)
class Sheet:
    """The paper a map is drawn on, in the units of its view box: about as wide as it is shown, so that letters keep their size."""

    width: float
    tallest: float
    margin: float
    largest: float
    with_share: bool


SCREEN = Sheet(width=760, tallest=600, margin=70, largest=22, with_share=True)
PHONE = Sheet(width=330, tallest=520, margin=40, largest=15, with_share=False)
_SMALLEST = 4.5
MOST_COVERED = 0.15  # of a label's own area; beyond that the name stands in the table only


@dataclass(frozen=True)
class Place:
    """One place: `size` is what is counted there, `share` (0 to 1) how much of it is covered, None where nothing is known."""

    name: str
    lat: float | None
    lon: float | None
    size: float
    share: float | None = None


@dataclass(frozen=True)
class Point:
    """A place drawn: centre, radius and label in the units of the map's view box; `named` is False where a label would cover others."""

    name: str
    size: float
    share: float | None
    level: str
    x: float
    y: float
    radius: float
    label_x: float
    label_y: float
    anchor: str
    named: bool


@dataclass(frozen=True)
class Drawing:
    """One layout of the points, on one sheet."""

    width: float
    height: float
    points: list[Point]
    with_share: bool


@dataclass(frozen=True)
class PointMap:
    """What the macro `point_map` draws: a layout for a screen and one for a phone. `rows` holds every place, also those without a
    point; `levels` are the colours in use."""

    screen: Drawing
    phone: Drawing
    font: int
    rows: list[Place]
    levels: set[str]


def level_of(share: float | None) -> str:
    """``low`` under one half, ``middle`` under four fifths (the ratio that raises a flag), else ``high``; ``none`` when not known."""
    if share is None:
        return "none"
    return "low" if share < 0.5 else "middle" if share < 0.8 else "high"


def place_points(places: Iterable[Place]) -> PointMap:
    """Lays the places out in an equirectangular projection around their middle latitude, north up.

    Areas, not radii, grow with the size, so that twice the number looks like twice as much.
    """
    rows = list(places)
    levels = {level_of(row.share) for row in rows if row.lat is not None}
    return PointMap(_draw(rows, SCREEN), _draw(rows, PHONE), FONT, rows, levels)


def _draw(rows: list[Place], sheet: Sheet) -> Drawing:
    known = [(row, row.lat, row.lon) for row in rows if row.lat is not None and row.lon is not None]
    if not known:
        return Drawing(sheet.width, 0, [], sheet.with_share)
    south, north = min(lat for _, lat, _ in known), max(lat for _, lat, _ in known)
    west, east = min(lon for _, _, lon in known), max(lon for _, _, lon in known)
    squeeze = math.cos(math.radians((south + north) / 2))
    span_x, span_y = (east - west) * squeeze, north - south
    edge = sheet.largest + FONT
    scales = [(sheet.width - 2 * sheet.margin) / span_x] if span_x else []
    scales += [(sheet.tallest - 2 * edge - FONT / 2) / span_y] if span_y else []
    scale = min(scales, default=0.0)
    height = round(span_y * scale + 2 * edge + FONT / 2, 1)
    shift = (sheet.width - span_x * scale) / 2
    most = max(row.size for row, _, _ in known) or 1
    circles = []
    # Large points first, so that small ones stay visible on top.
    for row, lat, lon in sorted(known, key=lambda item: (-item[0].size, item[0].name)):
        x = round((lon - west) * squeeze * scale + shift, 1)
        y = round((north - lat) * scale + edge, 1)
        radius = round(max(_SMALLEST, sheet.largest * math.sqrt(max(row.size, 0) / most)), 1)
        circles.append((row, x, y, radius))
    taken = [(x - r, y - r, x + r, y + r) for _, x, y, r in circles]
    points = []
    for row, x, y, radius in circles:
        label = _label_spot(row, x, y, radius, sheet.width, height, sheet.with_share, taken)
        points.append(Point(row.name, row.size, row.share, level_of(row.share), x, y, radius, *label))
    return Drawing(sheet.width, height, points, sheet.with_share)


def _label_spot(
    row: Place,
    x: float,
    y: float,
    radius: float,
    width: float,
    height: float,
    with_share: bool,
    taken: list[tuple[float, float, float, float]],
) -> tuple[float, float, str, bool]:
    """Around the point: the first spot that covers least of what stands there already; no label where each covers too much."""
    text = row.name + (" 100%" if with_share and row.share is not None else "")
    length = sum(1.0 if ord(letter) > 0x2E7F else 0.58 for letter in text) * FONT
    gap = 4.0
    below, above, level = y + radius + FONT, y - radius - gap, y + FONT * 0.35
    right, left = x + radius + gap, x - radius - gap
    spots = [
        (x, below, "middle", x - length / 2),
        (right, level, "start", right),
        (left, level, "end", left - length),
        (x, above, "middle", x - length / 2),
        *((right - gap, height_, "start", right - gap) for height_ in (below - gap, above + gap)),
        *((left + gap, height_, "end", left + gap - length) for height_ in (below - gap, above + gap)),
        (x, below + FONT * 1.1, "middle", x - length / 2),
        (x, above - FONT * 1.1, "middle", x - length / 2),
    ]

    reach_x, reach_y = radius + gap + length, radius + gap + 3 * FONT
    near = [
        box
        for box in taken
        if box[0] < x + reach_x and box[2] > x - reach_x and box[1] < y + reach_y and box[3] > y - reach_y
    ]

    def cost(spot: tuple[float, float, str, float]) -> float:
        start, top, end, bottom = spot[3], spot[1] - FONT, spot[3] + length, spot[1] + FONT * 0.25
        total = 1000 * (max(0.0, -start) + max(0.0, end - width) + max(0.0, -top) + max(0.0, bottom - height))
        for left_, top_, right_, bottom_ in near:
            if left_ < end and right_ > start and top_ < bottom and bottom_ > top:
                total += (min(end, right_) - max(start, left_)) * (min(bottom, bottom_) - max(top, top_))
        return total

    best = min(spots, key=cost)
    named = cost(best) <= MOST_COVERED * length * FONT
    if named:
        taken.append((best[3], best[1] - FONT, best[3] + length, best[1] + FONT * 0.25))
    return round(best[0], 1), round(best[1], 1), best[2], named
