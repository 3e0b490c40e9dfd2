"""Synthetic prefectures and provinces: county after county of `matching.generator`, and what counties share; written as files.

Every county has its own townships, households, supply and money. On top come offerings for the whole prefecture or province, volunteers and
stores whose radius crosses a border, funds that any county may draw on, one budget over all, and limits on what is bought by government
over several counties. Rows are written as they are drawn, so a province needs little memory. Nothing in it describes real people or places:
the region codes are not in use.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matching import generator
from matching.fields import FORMAT, TYPES


@dataclass(frozen=True, slots=True)
class RegionalScale:
    root: str
    prefectures: int
    """Between the root and the counties; 0: the root is the prefecture"""
    counties: int
    townships: int
    """Per county"""
    villages: int
    """Per township"""
    needs: int
    offerings: int
    shared: float
    """Part of the offerings that serves a whole prefecture"""
    everywhere: float
    """Part of the offerings that serves the whole province"""
    grow: float
    """Capacities, as a multiple of a county's: supply stays as scarce as there, with fewer and larger offerings"""


REGIONAL_SCALES = {
    "prefecture": RegionalScale("3399", 0, 10, 22, 14, 60_000, 20_000, 0.02, 0.0, 1.25),
    "province": RegionalScale("98", 9, 90, 22, 14, 1_500_000, 150_000, 0.015, 0.002, 4.2),
}
_GOODS, _HOURS = 21, 9
_WIDE, _HIGH = 0.98, 0.86
"""Degrees of longitude and latitude from county to county: about 30 km lie between the settled parts, so some radii cross"""


def write_region(scale: str | RegionalScale, seed: int, folder: Path) -> dict[str, int]:
    """Writes `problem.json`, `needs.jsonl.gz` and `offerings.jsonl.gz` into `folder` (made where missing); returns how many rows.

    Equal seeds give equal files, to the byte.
    """
    size = REGIONAL_SCALES[scale] if isinstance(scale, str) else scale
    name = scale if isinstance(scale, str) else "region"
    folder.mkdir(parents=True, exist_ok=True)
    region = _Region(size, seed)
    with _table(folder / "needs.jsonl.gz") as needs, _table(folder / "offerings.jsonl.gz") as offerings:
        for number in range(size.counties):
            region.county(number, needs, offerings)
        region.shared_offerings(offerings)
    document = region.document(f"synthetic {name} {seed}")
    (folder / "problem.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return {"needs": size.needs, "offerings": size.offerings, "counties": size.counties}


class _table:  # noqa: N801 - used like a function
    """A JSON-lines table, gzipped without the time of day in it."""

    def __init__(self, path: Path):
        self._raw = path.open("wb")
        self._packed = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=4, mtime=0)

    def __enter__(self) -> "_table":
        return self

    def write(self, row: dict[str, Any]) -> None:
        self._packed.write((json.dumps(row, ensure_ascii=False) + "\n").encode())

    def __exit__(self, *_: object) -> None:
        self._packed.close()
        self._raw.close()


class _Region:
    def __init__(self, size: RegionalScale, seed: int):
        self.size, self.seed = size, seed
        draw = np.random.default_rng([seed, 1_000_000])
        self.goods = [f"goods_{g:02d}" for g in range(_GOODS)]
        self.hours = [f"hours_{h:02d}" for h in range(_HOURS)]
        usual = np.clip(np.exp(draw.normal(np.log(4_000), 1.0, _GOODS)), 300, 80_000).astype(int).tolist()
        self.price = dict(zip(self.goods, usual, strict=True))
        self.regions: list[dict[str, Any]] = [{"code": size.root, "parent": ""}]
        self.prefectures = [f"{size.root}{81 + p}" for p in range(size.prefectures)] or [size.root]
        self.regions += [{"code": code, "parent": size.root} for code in self.prefectures if code != size.root]
        self.counties: list[str] = []
        self.villages: list[str] = []
        self.funds: list[dict[str, Any]] = []
        self.households: dict[str, dict[str, int]] = {}
        self.asked: list[int] = []
        self.shared = round(size.offerings * size.shared)
        self.everywhere = round(size.offerings * size.everywhere)
        self.own_offerings = _even(size.offerings - self.shared - self.everywhere, size.counties)
        self.own_needs = _even(size.needs, size.counties)

    def county(self, number: int, needs: _table, offerings: _table) -> None:
        """Draws one county and writes its rows; a county's draw does not depend on the others'."""
        size, draw = self.size, np.random.default_rng([self.seed, number])
        per = -(-size.counties // len(self.prefectures))
        prefecture = self.prefectures[number // per]
        code = f"{prefecture}{number % per + 1:02d}"
        self.counties.append(code)
        across = int(np.ceil(np.sqrt(size.counties)))
        south, west = 24.0 + number // across * _HIGH, 112.0 + number % across * _WIDE
        towns = [f"{code}{100 + t}" for t in range(size.townships)]
        self.regions.append({"code": code, "parent": prefecture, "lat": round(south + 0.3, 6), "lon": round(west + 0.35, 6)})  # fmt: skip
        centres = np.column_stack((draw.uniform(south, south + 0.6, len(towns)), draw.uniform(west, west + 0.7, len(towns))))  # fmt: skip
        villages: list[tuple[str, str]] = []
        for town, (lat, lon) in zip(towns, centres.tolist(), strict=True):
            self.regions.append({"code": town, "parent": code, "lat": round(lat, 6), "lon": round(lon, 6)})
            for v in range(size.villages):
                dy, dx = draw.normal(0, 0.02, 2).tolist()
                villages.append((f"{town}{200 + v}", town))
                self.regions.append({"code": villages[-1][0], "parent": town, "lat": round(lat + dy, 6), "lon": round(lon + dx, 6)})  # fmt: skip
        self.villages += [village for village, _ in villages]
        crowd = draw.dirichlet(np.full(len(towns), generator._UNEVEN))
        supply = draw.dirichlet(np.full(len(towns), generator._UNEVEN))
        count = self.own_needs[number]
        homes = max(1, int(count * 0.4))
        home = draw.choice(len(towns), homes, p=crowd) * size.villages + draw.integers(0, size.villages, homes)
        asked = 0
        for index in range(count):
            row = generator._need(draw, index, villages, home, self.goods, self.hours, self.price)
            row |= {"id": f"N{code}-{index:05d}", "household": f"H{code}-{row['household'][1:]}"}
            asked += row["quantity"] * self.price.get(row["category"], 0)
            needs.write(row)
        for index in range(self.own_offerings[number]):
            row = generator._offering(draw, index, size, towns, villages, supply, self.goods, self.hours, self.price)
            row |= {"id": f"O{code}-{index:05d}", "donor": f"D{code}-{index // 2:05d}"}
            offerings.write(_grown(row, size.grow))
        self.asked.append(asked)
        self.households |= {f"H{code}-{h:05d}": {"cap_fen": 900_000} for h in range(0, homes, 50)}
        own = int(asked * generator._MONEY)
        self.funds.append({"id": f"F{code}-general", "amount_fen": int(own * 0.4), "regions": [code]})
        for place, town in enumerate(towns[:6]):
            self.funds.append({"id": f"F{code}-reserve-{place}", "amount_fen": own // 60, "regions": [town]})

    def shared_offerings(self, offerings: _table) -> None:
        """Offerings for all counties of a prefecture or of the province, from anywhere in it."""
        size, draw = self.size, np.random.default_rng([self.seed, 2_000_000])
        villages = [(village, "") for village in self.villages]
        towns = sorted({village[:9] for village in self.villages})
        supply = np.full(len(towns), 1 / len(towns))
        for index in range(self.shared + self.everywhere):
            row = generator._offering(draw, index, size, towns, villages, supply, self.goods, self.hours, self.price)
            row.pop("radius_m", None)
            wide = index >= self.shared
            area = size.root if wide else row["region"][: len(self.prefectures[0])]
            row |= {"id": f"Oshared-{index:05d}", "donor": f"Dshared-{index:05d}", "areas": [area]}
            offerings.write(_grown(row, size.grow * (6 if wide else 2)))

    def document(self, name: str) -> dict[str, Any]:
        """All but the two tables."""
        money, draw = int(sum(self.asked) * generator._MONEY), np.random.default_rng([self.seed, 3_000_000])
        funds = self.funds
        for number, kind in enumerate(TYPES):
            funds.append({"id": f"F-type-{number}", "amount_fen": money // 20, "types": [kind]})
        for number in range(6):
            chosen = sorted({str(c) for c in draw.choice(self.goods, 4)})
            funds.append({"id": f"F-trust-{number}", "amount_fen": money // 24, "categories": chosen})
        limits: list[dict[str, Any]] = [{"id": "budget", "max_fen": int(money * 0.9)}]
        for group in range(0, len(self.counties), 5 if len(self.prefectures) == 1 else 10):
            members = self.counties[group : group + (5 if len(self.prefectures) == 1 else 10)]
            own = sum(self.asked[group : group + len(members)]) * generator._MONEY
            limits.append({"id": f"government_bought-{members[0]}", "max_fen": int(own * 0.1), "government_bought": True, "regions": members})  # fmt: skip
        return {
            "format": FORMAT,
            "name": name,
            "seed": self.seed,
            "regions": self.regions,
            "needs": [],
            "offerings": [],
            "funds": funds,
            "limits": limits,
            "households": self.households,
            "policy": {"floor_percent": 90, "tolerance_permille": 1, "household_cap_fen": 300_000},
        }


def _even(total: int, parts: int) -> list[int]:
    return [total // parts + (number < total % parts) for number in range(parts)]


def _grown(row: dict[str, Any], factor: float) -> dict[str, Any]:
    row["capacity"] = int(np.ceil(row["capacity"] * factor))
    if "max_needs" in row:
        row["max_needs"] = int(np.ceil(row["max_needs"] * factor))
    return row
