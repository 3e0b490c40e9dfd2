"""Positions of places on a drawn map: points sized by a number and coloured by coverage, on a plain ground without borders."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 640.0
_MARGIN_X, _MARGIN_Y = 70.0, 30.0
_SMALLEST, _LARGEST = 5.0, 20.0
_TALLEST = 560.0
FONT = 15


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
    """A place drawn: centre, radius and label in the units of the map's view box."""

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


@dataclass(frozen=True)
class PointMap:
    """What the macro `point_map` draws. `rows` holds every place, also those without a point."""

    width: float
    height: float
    font: int
    points: list[Point]
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
    known = [(row, row.lat, row.lon) for row in rows if row.lat is not None and row.lon is not None]
    if not known:
        return PointMap(WIDTH, 0, FONT, [], rows, set())
    south, north = min(lat for _, lat, _ in known), max(lat for _, lat, _ in known)
    west, east = min(lon for _, _, lon in known), max(lon for _, _, lon in known)
    squeeze = math.cos(math.radians((south + north) / 2))
    span_x, span_y = (east - west) * squeeze, north - south
    scale = (WIDTH - 2 * _MARGIN_X) / span_x if span_x else math.inf
    if span_y:
        scale = min(scale, (_TALLEST - 2 * _MARGIN_Y) / span_y)
    if math.isinf(scale):
        scale = 0.0
    height = round(span_y * scale + 2 * _MARGIN_Y + FONT, 1)
    shift = (WIDTH - span_x * scale) / 2
    most = max(row.size for row, _, _ in known) or 1
    # Large points first, so that small ones stay visible on top.
    ordered = sorted(known, key=lambda item: (-item[0].size, item[0].name))
    circles = []
    for row, lat, lon in ordered:
        x = round((lon - west) * squeeze * scale + shift, 1)
        y = round((north - lat) * scale + _MARGIN_Y, 1)
        radius = round(max(_SMALLEST, _LARGEST * math.sqrt(max(row.size, 0) / most)), 1)
        circles.append((row, x, y, radius))
    points = []
    taken = [(x - r, y - r, x + r, y + r) for _, x, y, r in circles]
    for row, x, y, radius in circles:
        label = _label_spot(row, x, y, radius, height, taken)
        points.append(Point(row.name, row.size, row.share, level_of(row.share), x, y, radius, *label))
    return PointMap(WIDTH, height, FONT, points, rows, {point.level for point in points})


def _label_spot(
    row: Place, x: float, y: float, radius: float, height: float, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float, str]:
    """Below, right, left or above the point: the first spot that covers least of what stands there already."""
    text = row.name + (" 100%" if row.share is not None else "")
    length = sum(1.0 if ord(letter) > 0x2E7F else 0.58 for letter in text) * FONT
    gap = 4.0
    spots = (
        (x, y + radius + FONT, "middle", x - length / 2),
        (x + radius + gap, y + FONT * 0.35, "start", x + radius + gap),
        (x - radius - gap, y + FONT * 0.35, "end", x - radius - gap - length),
        (x, y - radius - gap, "middle", x - length / 2),
    )

    def cost(spot: tuple[float, float, str, float]) -> float:
        left, top, right, bottom = spot[3], spot[1] - FONT, spot[3] + length, spot[1] + FONT * 0.25
        outside = max(0.0, -left) + max(0.0, right - WIDTH) + max(0.0, -top) + max(0.0, bottom - height)
        covered = sum(
            max(0.0, min(right, r) - max(left, lft)) * max(0.0, min(bottom, b) - max(top, t)) for lft, t, r, b in taken
        )
        return outside * 1000 + covered

    best = min(spots, key=cost)
    taken.append((best[3], best[1] - FONT, best[3] + length, best[1] + FONT * 0.25))
    return round(best[0], 1), round(best[1], 1), best[2]
