"""What several counties would do with offerings they share, found at once: prices and shares that all of them agree on.

Each county, asked at some prices, names the columns near its best (`CountyPart.near`), with what a step is worth to it after all rows that are its
own affair. Over these columns the needs and the offerings of all counties make one linear programme; its row prices are what a unit of a shared
offering is worth, its columns who would use it. Few columns of each need are enough, as in sifting (Bixby et al. 1992), when what earlier rounds
named stays in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from matching.solver.relaxation import POINTS, solve_lp

Near = Mapping[str, np.ndarray]
"""A county's columns: `need`, `offering`, `worth` (thousands of points per step), `load`, `high`, `tier` (C,); `points` per step (C,),
counts in 32 bits, others as floats;
`want` (N,) steps and `capacity` (O,) units of its needs and offerings; `shared` (O,) the offering's id, "" where it is the county's own;
`limits` (K,) ids, and `limit`, `at`, `fen` (E,): column `at` costs `fen` of a limit per step."""


@dataclass
class Cleared:
    """`prices`: shared offering → points per unit; `use`: shared offering → county → units; `fen`: limit → county → fen; `points` of the tiers."""

    prices: dict[str, float]
    use: dict[str, dict[str, float]]
    fen: dict[str, dict[str, float]]
    points: list[float]


def clear(near: Mapping[str, Near], capacity: Mapping[str, int]) -> Cleared | None:
    """The joint linear programme of the counties over their columns; `capacity`: units of the shared offerings. None: not solved."""
    joined = _join(near, capacity)
    x, price = np.zeros(len(joined.need)), np.zeros(len(joined.capacity))
    size = len(joined.want) + len(joined.capacity)
    ends = (np.ones(len(joined.need)), (joined.need, len(joined.want) + joined.offering))
    _, label = connected_components(sparse.coo_matrix(ends, shape=(size, size)), directed=False)
    label = label[joined.need]
    order = np.argsort(label, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        if not len(some):
            continue
        needs, need = np.unique(joined.need[some], return_inverse=True)
        offerings, offering = np.unique(joined.offering[some], return_inverse=True)
        every = np.arange(len(some))
        data = np.concatenate((np.ones(len(some)), joined.load[some].astype(float)))
        place = (np.concatenate((need, len(needs) + offering)), np.concatenate((every, every)))
        matrix = sparse.csc_matrix((data, place), shape=(len(needs) + len(offerings), len(some)))
        upper = np.concatenate((joined.want[needs], joined.capacity[offerings]))
        status, found, prices = solve_lp(
            np.full(len(upper), -np.inf), upper, matrix, np.zeros(len(some)), joined.high[some], joined.worth[some]
        )  # fmt: skip
        if status != "OPTIMAL":
            return None
        x[some], price[offerings] = found, prices[len(needs) :]
    return joined.outcome(near, x, price)


@dataclass
class _Joined:
    names: dict[str, int]
    """Shared offering → row"""
    parts: list[str]
    part: np.ndarray
    need: np.ndarray
    offering: np.ndarray
    worth: np.ndarray
    load: np.ndarray
    high: np.ndarray
    tier: np.ndarray
    points: np.ndarray
    want: np.ndarray
    capacity: np.ndarray

    def outcome(self, near, x, price):
        use: dict[str, dict[str, float]] = {name: {} for name in self.names}
        inside = {row: name for name, row in self.names.items()}
        some = np.flatnonzero((self.offering < len(self.names)) & (x > 1e-9))
        for k in some.tolist():
            own, part = use[inside[int(self.offering[k])]], self.parts[int(self.part[k])]
            own[part] = own.get(part, 0.0) + float(x[k] * self.load[k])
        fen: dict[str, dict[str, float]] = {}
        for number, (part, own) in enumerate(near.items()):
            spent = np.bincount(own["limit"], x[self.part == number][own["at"]] * own["fen"], len(own["limits"]))
            for limit, amount in zip(own["limits"].tolist(), spent.tolist(), strict=True):
                fen.setdefault(limit, {})[part] = amount
        prices = {name: max(0.0, float(price[row])) * POINTS for name, row in self.names.items()}
        return Cleared(prices, use, fen, [float((self.points * x)[self.tier == t].sum()) for t in range(3)])


def _join(near, capacity):
    """The columns of all counties with rows numbered through: the shared offerings first."""
    names = {name: row for row, name in enumerate(sorted(capacity))}
    columns = {field: [] for field in ("part", "need", "offering", "worth", "load", "high", "tier", "points")}
    want, amounts, needs = [], [np.array([capacity[name] for name in names], float)], 0
    offerings = len(names)
    for number, own in enumerate(near.values()):
        row = np.empty(len(own["capacity"]), np.int64)
        common = own["shared"] != ""
        row[common] = [names[name] for name in own["shared"][common].tolist()]
        row[~common] = offerings + np.arange(int((~common).sum()))
        offerings += int((~common).sum())
        amounts.append(own["capacity"][~common].astype(float))
        columns["part"].append(np.full(len(own["need"]), number))
        columns["need"].append(needs + own["need"])
        columns["offering"].append(row[own["offering"]])
        for field in ("worth", "load", "high", "tier", "points"):
            columns[field].append(own[field])
        want.append(own["want"].astype(float))
        needs += len(own["want"])
    arrays = {field: np.concatenate(rows) for field, rows in columns.items()}
    return _Joined(names, list(near), **arrays, want=np.concatenate(want), capacity=np.concatenate(amounts))
