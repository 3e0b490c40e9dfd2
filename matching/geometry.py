"""Places of a problem: the tree of regions as ranges, points with their fallback, and whole-metre distances.

Distance is `round(2·R·asin(√h))` with the haversine h and R = 6,371,008.8 m (mean Earth radius, IUGG), to the metre.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.spatial import KDTree

from matching.problem import Need, Offering, Region

EARTH_M = 6_371_008.8
_NEARLY_OPPOSITE_M = 1.9e7
_NEARLY_A_TIE = 1e-6


class RegionRanges:
    """The regions in depth-first order, so that a region with all below it is the range [first, last) of places."""

    def __init__(self, regions: Sequence[Region]):
        below: dict[str, list[int]] = {}
        for index in sorted(range(len(regions)), key=lambda i: regions[i].code):
            below.setdefault(regions[index].parent, []).append(index)
        count = len(regions)
        self.count = count
        self.index = {row.code: i for i, row in enumerate(regions)}
        self.first = np.zeros(count, np.int64)
        self.last = np.zeros(count, np.int64)
        self.lat = np.full(count, np.nan)
        self.lon = np.full(count, np.nan)
        self.township: list[str] = [""] * count
        """The nearest region at or above with a code of 9 characters, else the region's own code."""
        place = 0
        stack: list[tuple[int, int | None, bool]] = [(i, None, False) for i in reversed(below.get("", ()))]
        while stack:
            index, parent, left = stack.pop()
            if left:
                self.last[index] = place
                continue
            self.first[index] = place
            place += 1
            row = regions[index]
            if row.lat is not None and row.lon is not None:
                self.lat[index], self.lon[index] = row.lat, row.lon
            elif parent is not None:
                self.lat[index], self.lon[index] = self.lat[parent], self.lon[parent]
            above = self.township[parent] if parent is not None else ""
            self.township[index] = row.code if len(row.code) == 9 or len(above) != 9 else above
            stack.append((index, parent, True))
            stack.extend((i, index, False) for i in reversed(below.get(row.code, ())))

    def inside(self, codes: Iterable[str]) -> np.ndarray:
        """Bool per region index: is it one of `codes` or below one."""
        mask = np.zeros(self.count, bool)
        for code in codes:
            at = self.index[code]
            mask |= (self.first >= self.first[at]) & (self.first < self.last[at])
        return mask

    def points(self, rows: Sequence[Need | Offering]) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude of each row in degrees: its own, else its region's or nearest ancestor's, else NaN."""
        lat, lon = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        for i, row in enumerate(rows):
            if row.lat is not None and row.lon is not None:
                lat[i], lon[i] = row.lat, row.lon
            elif row.region is not None:
                at = self.index[row.region]
                lat[i], lon[i] = self.lat[at], self.lon[at]
        return lat, lon


def metres_between(lat1: float, lon1: float, lat2: float, lon2: float) -> int:
    """Whole metres between two points in degrees, exactly as the contract writes it."""
    p1, p2 = math.radians(lat1), math.radians(lat2)
    h = math.sin((p2 - p1) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return round(2 * EARTH_M * math.asin(math.sqrt(min(1.0, h))))


def metres(lat1: np.ndarray, lon1: np.ndarray, lat2: np.ndarray, lon2: np.ndarray) -> np.ndarray:
    """Whole metres (int64) between points in degrees; -1 where a point is missing (NaN).

    Equal to `metres_between` to the metre: numpy's sine and Python's may differ in the last bit, so values close to a
    half metre, and nearly opposite points, where the formula loses digits, are computed again with `math`.
    """
    p1, p2 = np.radians(lat1), np.radians(lat2)
    h = np.sin((p2 - p1) / 2) ** 2 + np.cos(p1) * np.cos(p2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    exact = 2 * EARTH_M * np.arcsin(np.sqrt(np.minimum(1.0, h)))
    known = ~np.isnan(exact)
    whole = np.where(known, np.rint(np.where(known, exact, 0.0)), -1).astype(np.int64)
    with np.errstate(invalid="ignore"):
        doubtful = (np.abs(exact - np.floor(exact) - 0.5) < _NEARLY_A_TIE) | (exact > _NEARLY_OPPOSITE_M)
    for i in np.flatnonzero(doubtful & known):
        whole[i] = metres_between(float(lat1[i]), float(lon1[i]), float(lat2[i]), float(lon2[i]))
    return whole


def near(
    lat: np.ndarray, lon: np.ndarray, centre_lat: np.ndarray, centre_lon: np.ndarray, radius_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(centre, point) index pairs that may lie within the radius: a superset by a metre, to be filtered exactly."""
    none = np.zeros(0, np.int64)
    if not len(lat) or not len(centre_lat):
        return none, none
    angle = np.minimum((radius_m + 1.0) / EARTH_M, math.pi)
    found = KDTree(_on_sphere(lat, lon)).query_ball_point(
        _on_sphere(centre_lat, centre_lon), 2 * np.sin(angle / 2) + 1e-9, return_sorted=False
    )
    counts = np.fromiter(map(len, found), np.int64, len(found))
    if not counts.sum():
        return none, none
    return np.repeat(np.arange(len(found)), counts), np.concatenate([np.asarray(one, np.int64) for one in found if one])


def _on_sphere(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    p, q = np.radians(lat), np.radians(lon)
    return np.column_stack((np.cos(p) * np.cos(q), np.cos(p) * np.sin(q), np.sin(p)))
