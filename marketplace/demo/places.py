"""Where the people of the demonstration live: townships with their weights, villages with derived points."""

import math
from dataclasses import dataclass
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.regions.models import LEVELS, Region
from kernel.regions.queries import point_of, subtree_of
from marketplace.demo.reference import COUNTY

POINT_SOURCE = "derived for the demonstration"
KM_PER_DEGREE = 111.195
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))

# (code, households per mille, supply per mille). Assumption: the order of size of the townships, with more need than supply in
# the mountains of the north and west and more supply than need along the Ou river; no census was consulted.
TOWNSHIPS = (
    ("330324001", 52, 80), ("330324002", 44, 60), ("330324003", 40, 50), ("330324006", 26, 45), ("330324007", 36, 70),
    ("330324008", 52, 85), ("330324009", 118, 215), ("330324102", 62, 95), ("330324104", 70, 90), ("330324105", 34, 16),
    ("330324106", 52, 26), ("330324107", 47, 12), ("330324108", 72, 40), ("330324109", 42, 20), ("330324110", 74, 22),
    ("330324111", 54, 30), ("330324112", 36, 14), ("330324113", 25, 10), ("330324226", 16, 5), ("330324227", 17, 5),
    ("330324228", 13, 4), ("330324229", 12, 3), ("330324400", 2, 1), ("330324401", 2, 1), ("330324402", 2, 1),
)  # fmt: skip
FARM_AREAS = (
    "330324400",
    "330324401",
    "330324402",
)  # areas of farms and forests that count as townships in the statistics
# How far a township's villages lie around its point, in km. Assumption.
TOWN_RADIUS_KM = 2.5
COUNTRY_RADIUS_KM = 5.0


@dataclass(frozen=True)
class Village:
    """A village or community, with the point given to it here (WGS-84 degrees)."""

    code: str
    name: str
    township: str
    township_name: str
    lat: float
    lon: float


def villages_of_county(session: Session) -> list[Village]:
    """All villages of the county by code, their points on a spiral around the township's (a township without one: the county's)."""
    tree = subtree_of(session, COUNTY)
    by_code = {region.code: region for region in tree}
    members: dict[str, list[Region]] = {}
    for region in tree:
        if region.level == LEVELS["village"]:
            members.setdefault(region.parent_code or "", []).append(region)
    villages = []
    for township_code, rows in sorted(members.items()):
        township = by_code[township_code]
        centre = point_of(township, by_code)
        if centre is None:
            raise LookupError("the county has no point: load the reference data first")
        radius = TOWN_RADIUS_KM if township_code < f"{COUNTY}100" else COUNTRY_RADIUS_KM
        for position, region in enumerate(rows):
            lat, lon = _on_spiral(centre, radius, position, len(rows))
            villages.append(Village(region.code, region.name, township_code, township.name, lat, lon))
    return villages


def mark_points(session: Session, villages: list[Village]) -> None:
    """Writes the derived points to the villages, marked as derived."""
    session.execute(
        sa.update(Region),
        [{"code": v.code, "lat": v.lat, "lon": v.lon, "point_source": POINT_SOURCE} for v in villages],
    )


class Places:
    """Draws villages by the townships' weights."""

    def __init__(self, villages: list[Village]) -> None:
        self.villages = villages
        self._within: dict[str, list[Village]] = {}
        for village in villages:
            self._within.setdefault(village.township, []).append(village)

    def of_households(self, draw: Random, count: int) -> list[Village]:
        """`count` villages; every township gets at least two, the rest by its weight, in shuffled order."""
        total = sum(row[1] for row in TOWNSHIPS)
        shares = {code: max(2, count * weight // total) for code, weight, _ in TOWNSHIPS}
        largest = max(shares, key=shares.__getitem__)
        shares[largest] += count - sum(shares.values())
        drawn = [draw.choice(self._within[code]) for code, number in shares.items() for _ in range(number)]
        draw.shuffle(drawn)
        return drawn

    def of_supply(self, draw: Random, count: int) -> list[Village]:
        """`count` villages by the townships' weights of supply."""
        codes = draw.choices([row[0] for row in TOWNSHIPS], [row[2] for row in TOWNSHIPS], k=count)
        return [draw.choice(self._within[code]) for code in codes]

    def within(self, township: str) -> list[Village]:
        """The villages of one township, by code."""
        return self._within[township]


def jittered(draw: Random, village: Village) -> tuple[float, float]:
    """A house's point, up to about 400 m from its village's."""
    return round(village.lat + draw.uniform(-0.0035, 0.0035), 6), round(village.lon + draw.uniform(-0.004, 0.004), 6)


def _on_spiral(centre: tuple[float, float], radius_km: float, position: int, count: int) -> tuple[float, float]:
    """Point `position` of `count` spread evenly over a disc: the golden-angle spiral, no chance in it."""
    distance = radius_km * math.sqrt((position + 0.5) / count)
    angle = position * _GOLDEN_ANGLE
    lat = centre[0] + distance * math.sin(angle) / KM_PER_DEGREE
    lon = centre[1] + distance * math.cos(angle) / (KM_PER_DEGREE * math.cos(math.radians(centre[0])))
    return round(lat, 6), round(lon, 6)
