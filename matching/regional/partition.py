"""A large problem cut into counties, each an ordinary `zhongfu-problem/1` folder of its own, and the list of what they share.

A part is a set of households: a household belongs to the county of its needs (should it have needs in several, to the first by code), so
caps never cross a border. An offering, fund or limit stands in every part where it could matter; one that stands in several parts is
*shared* and has its whole amount in each, until shares are allotted. The pairs of the parts are exactly the pairs of the problem.

Needs are read row by row: a province takes some hundred megabytes.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matching.faults import Fault, FaultyProblem, find_faults
from matching.geometry import near
from matching.regional.source import Source, fingerprint_of

Row = dict[str, Any]
_ELSEWHERE = "~elsewhere"
"""A region without needs: the place of a fund that may pay nothing in this part"""
_OF_NEEDS = ("pins", "forbids", "pairs")


@dataclass(frozen=True)
class Partition:
    """The parts by name (`part-0000`, …), the county each stands for, and the shared rows with the parts they stand in."""

    fingerprint: str
    """SHA-256 of the files that were read"""
    problem_sha256: str
    counties: dict[str, str]
    needs: dict[str, int]
    """Part → how many needs"""
    offerings: dict[str, Row]
    """Shared offering → {capacity, max_needs, parts}"""
    funds: dict[str, Row]
    """Shared fund → {amount_fen, parts}"""
    limits: dict[str, Row]
    """Shared limit → {max_fen, parts}"""
    policy: dict[str, int]
    pinned: dict[str, dict[str, list[int]]]
    """Shared offering → part → [units, needs] that its pins ask for"""

    @property
    def parts(self) -> list[str]:
        return list(self.counties)


def partition(source: Path, work: Path) -> Partition:
    """Cuts the problem at `source` (a file or folder) into `work/parts`; found done already, it is only read.

    Raises FaultyProblem with every fault.
    """
    fingerprint = fingerprint_of(source)
    done = work / "partition.json"
    if done.exists():
        known = json.loads(done.read_text(encoding="utf-8"))
        if known.get("fingerprint") == fingerprint:
            return Partition(**known)
    shutil.rmtree(work / "parts", ignore_errors=True)
    (work / "parts").mkdir(parents=True)
    made = _cut(source, work / "parts", fingerprint)
    draft = done.with_suffix(".part")
    draft.write_text(json.dumps(asdict(made), ensure_ascii=False), encoding="utf-8")
    draft.replace(done)
    return made


def county_of(code: str, parent: dict[str, str]) -> str:
    """The nearest region at or above `code` with a code of 6 characters, else the root above it."""
    at = code
    while len(at) != 6 and parent.get(at):
        at = parent[at]
    return at


def _cut(source: Path, target: Path, fingerprint: str) -> Partition:
    read = Source(source)
    head = read.head
    numbers, offerings = [], []
    for number, row in read.rows("offerings"):
        numbers.append(number)
        offerings.append(row)
    light = {name: part for name, part in head.items() if name not in _OF_NEEDS}
    faults = find_faults({**light, "needs": [], "offerings": offerings}, read.places("offerings", numbers))
    if faults:
        raise FaultyProblem(faults)
    parent = {row["code"]: row["parent"] for row in head["regions"]}
    survey = _Survey(read, parent, {row["id"] for row in offerings})
    counties = sorted(set(survey.home.values()))
    name_of = {county: f"part-{number:04d}" for number, county in enumerate(counties)}
    cutter = _Cutter(target, head, parent, offerings, name_of)
    sha = _sha256(head, cutter.taken(survey), offerings)
    shared = cutter.write()
    return Partition(
        fingerprint, sha, {name: county for county, name in name_of.items()}, cutter.count, *shared,
        {"floor_percent": 90, "tolerance_permille": 1} | {k: v for k, v in (head.get("policy") or {}).items() if v is not None},
        cutter.pinned(set(shared[0])),
    )  # fmt: skip


class _Survey:
    """The first reading of the needs: their faults, the home county of every household, whether they stand in the order of their ids."""

    def __init__(self, read: Source, parent: dict[str, str], offering_ids: set[str]):
        self.home: dict[str, str] = {}
        self.read = read
        head, faults, ids = read.head, [], set()
        frame = {"format": head["format"], "regions": [{"code": code, "parent": ""} for code in parent]}
        county = {code: county_of(code, parent) for code in parent}
        last, self.sorted = "", True
        for numbers, rows in read.chunks("needs"):
            found = find_faults({**frame, "needs": rows, "offerings": []}, read.places("needs", numbers))
            faults += found
            if found:
                ids.update(row["id"] for row in rows if type(row) is dict and type(row.get("id")) is str)
                continue
            for number, row in zip(numbers, rows, strict=True):
                code = row["id"]
                if code in ids:
                    file, place = read.places("needs", [number]).of("needs", 0 if "needs" in read.tables else number)
                    faults.append(Fault(file, place, "id", f"{code!r} is given twice"))
                ids.add(code)
                self.sorted &= last <= code
                last = code
                home = county[row["region"]]
                before = self.home.get(row["household"])
                if before is None or home < before:
                    self.home[row["household"]] = home
        for table in _OF_NEEDS:
            for index, row in enumerate(head.get(table) or []):
                if row.get("need") not in ids:
                    faults.append(Fault(read.file.name, f"{table}[{index}]", "need", f"{row.get('need')!r} is not among the needs"))  # fmt: skip
                if row.get("offering") not in offering_ids:
                    faults.append(Fault(read.file.name, f"{table}[{index}]", "offering", f"{row.get('offering')!r} is not among the offerings"))  # fmt: skip
        if faults:
            raise FaultyProblem(faults)


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _sha256(head: Row, needs: Iterator[str], offerings: list[Row]) -> str:
    """The problem's canonical hash, as `matching.problem.problem_sha256` gives it; `needs`: their canonical texts, in the order of their ids."""

    def key(row: Row) -> tuple[str, str, str]:
        return (str(row.get("id", row.get("code", ""))), str(row.get("need", "")), str(row.get("offering", "")))

    digest, first = hashlib.sha256(b"{"), True
    for name in sorted({*head, "needs", "offerings"}):
        digest.update(("" if first else ",").encode() + _canonical(name).encode() + b":")
        first = False
        if name == "needs":
            digest.update(b"[")
            for number, text in enumerate(needs):
                digest.update(f",{text}".encode() if number else text.encode())
            digest.update(b"]")
        else:
            part = offerings if name == "offerings" else head[name]
            digest.update(_canonical(sorted(part, key=key) if isinstance(part, list) else part).encode())
    digest.update(b"}")
    return digest.hexdigest()


class _Cutter:
    def __init__(self, target: Path, head: Row, parent: dict[str, str], offerings: list[Row], name_of: dict[str, str]):
        self.target, self.head, self.parent, self.offerings, self.name_of = target, head, parent, offerings, name_of
        self.names = list(name_of.values())
        self.place = {name: k for k, name in enumerate(self.names)}
        self.count = dict.fromkeys(self.names, 0)
        self.regions: dict[str, set[str]] = {name: set() for name in self.names}
        self.categories: dict[str, set[str]] = {name: set() for name in self.names}
        self.households: dict[str, set[str]] = {name: set() for name in self.names}
        self.points: dict[str, set[tuple[float, float]]] = {name: set() for name in self.names}
        self.of_need = {row["need"]: "" for table in _OF_NEEDS for row in head.get(table) or []}
        self.region_point: dict[str, tuple[float, float] | None] = {}
        rows = {row["code"]: row for row in head["regions"]}
        for code in rows:
            at = code
            while at and rows[at].get("lat") is None:
                at = parent[at]
            self.region_point[code] = (rows[at]["lat"], rows[at]["lon"]) if at else None
        self.capped = set(head.get("households") or {})

    def taken(self, survey: _Survey) -> Iterator[str]:
        """The second reading: every need goes to its part's own file. Yields their canonical texts in the order of their ids."""
        texts = self._take_needs(survey.read, survey.home)
        if survey.sorted:
            yield from (text for _, text in texts)
        else:
            yield from (text for _, text in sorted(texts))

    def _take_needs(self, read: Source, home: dict[str, str]) -> Iterator[tuple[str, str]]:
        for name in self.names:
            (self.target / name).mkdir()
        for _, rows in read.chunks("needs"):
            lines: dict[str, list[str]] = {}
            for row in rows:
                name = self.name_of[home[row["household"]]]
                text = _canonical(row)
                yield row["id"], text
                lines.setdefault(name, []).append(text + "\n")
                self.count[name] += 1
                self.regions[name].add(row["region"])
                self.categories[name].add(row["category"])
                self.categories[name].update(row.get("accepts") or ())
                if row["household"] in self.capped:
                    self.households[name].add(row["household"])
                point = (row["lat"], row["lon"]) if row.get("lat") is not None else self.region_point[row["region"]]
                if point is not None:
                    self.points[name].add(point)
                if row["id"] in self.of_need:
                    self.of_need[row["id"]] = name
            for name, own in lines.items():
                with (self.target / name / "needs.jsonl").open("a", encoding="utf-8") as file:
                    file.writelines(own)

    def write(self) -> tuple[dict[str, Row], dict[str, Row], dict[str, Row]]:
        """Writes the parts' files and returns the shared offerings, funds and limits."""
        for own in self.regions.values():
            for code in list(own):
                at = self.parent[code]
                while at and at not in own:
                    own.add(at)
                    at = self.parent[at]
        member = self._members()
        shared = {
            row["id"]: {"capacity": row["capacity"], "max_needs": row.get("max_needs"), "parts": parts}
            for row, parts in zip(self.offerings, member, strict=True)
            if len(parts) > 1
        }
        funds, fund_rows = self._of_regions("funds")
        limits, limit_rows = self._of_regions("limits")
        within: dict[str, list[int]] = {name: [] for name in self.names}
        for index, parts in enumerate(member):
            for name in parts:
                within[name].append(index)
        for name in self.names:
            self._write_part(name, within[name], funds[name], limits[name])
        return (
            shared,
            {
                row["id"]: {"amount_fen": row["amount_fen"], "parts": parts}
                for row, parts in fund_rows
                if len(parts) > 1
            },
            {row["id"]: {"max_fen": row["max_fen"], "parts": parts} for row, parts in limit_rows if len(parts) > 1},
        )

    def pinned(self, shared: set[str]) -> dict[str, dict[str, list[int]]]:
        """What the pins on shared offerings take, part by part."""
        loads = {(row["need"], row["offering"]): row.get("load") for row in self.head.get("pairs") or []}
        found: dict[str, dict[str, list[int]]] = {}
        for pin in self.head.get("pins") or []:
            if pin["offering"] in shared and pin["quantity"]:
                own = found.setdefault(pin["offering"], {}).setdefault(self.of_need[pin["need"]], [0, 0])
                load = loads.get((pin["need"], pin["offering"]))
                own[0] += pin["quantity"] if load is None else load
                own[1] += 1
        return found

    def _members(self) -> list[list[str]]:
        """Per offering the parts where it could serve somebody, in order."""
        found: list[set[str]] = [set() for _ in self.offerings]
        if self.head.get("pairs"):
            index = {row["id"]: k for k, row in enumerate(self.offerings)}
            for row in self.head["pairs"]:
                found[index[row["offering"]]].add(self.of_need[row["need"]])
        else:
            holders: dict[str, list[str]] = {}
            for name, own in self.regions.items():
                for code in own:
                    holders.setdefault(code, []).append(name)
            for parts, row in zip(found, self.offerings, strict=True):
                if row.get("areas") is None and row.get("radius_m") is None:
                    parts.update(self.names)
                for area in row.get("areas") or ():
                    parts.update(holders.get(area, ()))
            self._by_radius(found)
            for parts, row in zip(found, self.offerings, strict=True):
                parts.difference_update([name for name in parts if row["category"] not in self.categories[name]])
        index = {row["id"]: k for k, row in enumerate(self.offerings)}
        for table in ("pins", "forbids"):
            for row in self.head.get(table) or []:
                found[index[row["offering"]]].add(self.of_need[row["need"]])
        return [sorted(parts) for parts in found]

    def _by_radius(self, found: list[set[str]]) -> None:
        points = [(lat, lon, self.place[name]) for name in self.names for lat, lon in sorted(self.points[name])]
        table = np.array(points, float).reshape(-1, 3)
        reaching = [
            (k, *point, row["radius_m"])
            for k, row in enumerate(self.offerings)
            if row.get("radius_m") is not None and (point := self._point(row)) is not None
        ]
        for first in range(0, len(reaching), 2_000):
            some = np.array(reaching[first : first + 2_000], float)
            centre, at = near(table[:, 0], table[:, 1], some[:, 1], some[:, 2], some[:, 3].astype(np.int64))
            both = np.unique(some[centre, 0].astype(np.int64) * len(self.names) + table[at, 2].astype(np.int64))
            for k, part in zip((both // len(self.names)).tolist(), (both % len(self.names)).tolist(), strict=True):
                found[k].add(self.names[part])

    def _point(self, row: Row) -> tuple[float, float] | None:
        if row.get("lat") is not None:
            return row["lat"], row["lon"]
        return None if row.get("region") is None else self.region_point[row["region"]]

    def _of_regions(self, table: str) -> tuple[dict[str, list[Row]], list[tuple[Row, list[str]]]]:
        """(part → its rows with only the part's regions, [(row, parts)])."""
        own: dict[str, list[Row]] = {name: [] for name in self.names}
        everywhere = []
        for row in self.head.get(table) or []:
            parts = []
            for name in self.names:
                regions = row.get("regions")
                inside = None if regions is None else [code for code in regions if code in self.regions[name]]
                if inside is None or inside:
                    own[name].append(row if inside is None else {**row, "regions": inside})
                    parts.append(name)
            everywhere.append((row, parts))
        return own, everywhere

    def _write_part(self, name: str, within: list[int], funds: list[Row], limits: list[Row]) -> None:
        regions, folder = self.regions[name], self.target / name
        payers, strangers = {row["id"] for row in funds}, set()
        with (folder / "offerings.jsonl").open("w", encoding="utf-8") as file:
            for index in within:
                row = dict(self.offerings[index])
                if row.get("areas") is not None:
                    row["areas"] = [code for code in row["areas"] if code in regions] or [_ELSEWHERE]
                point = self._point(row)
                if row.get("region") is not None and row["region"] not in regions:
                    del row["region"]
                if point is not None:
                    row["lat"], row["lon"] = point
                if row.get("funds") is not None:
                    chosen = [fund for fund in row["funds"] if fund in payers]
                    strangers.update(() if chosen else row["funds"][:1])
                    row["funds"] = chosen or row["funds"][:1]
                file.write(_canonical(row) + "\n")
        document = {name: part for name, part in self.head.items() if name not in (*_OF_NEEDS, "households", "funds", "limits")}  # fmt: skip
        document |= {
            "regions": [
                {**row, "parent": row["parent"] if row["parent"] in regions else ""}
                for row in self.head["regions"] if row["code"] in regions
            ] + [{"code": _ELSEWHERE, "parent": ""}],
            "funds": funds + [{"id": fund, "amount_fen": 0, "regions": [_ELSEWHERE]} for fund in sorted(strangers)],
            "limits": limits,
            "households": {code: (self.head.get("households") or {})[code] for code in sorted(self.households[name])},
            **{table: [row for row in self.head.get(table) or [] if self.of_need[row["need"]] == name] for table in _OF_NEEDS},
        }  # fmt: skip
        (folder / "problem.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
