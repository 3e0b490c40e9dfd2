"""What several counties would do with offerings they share, found at once: prices and shares that all of them agree on.

Each county, asked at some prices, names the columns near its best (`CountyPart.near`), with what a step is worth to it after all rows that are its
own affair. Over these columns the needs and the offerings of all counties make one linear programme; its row prices are what a unit of a shared
offering is worth, its columns who would use it. Few columns of each need are enough, as in sifting (Bixby et al. 1992), when what earlier rounds
named stays in. Where a step of every column takes one unit, which is so of goods, the programme is a flow from offerings to needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from matching.solver.relaxation import POINTS, solve_lp
from matching.solver.transport import best_flow, worth_of_a_unit

FINE = 1_000  # parts of a thousand points that a flow counts in

Near = Mapping[str, np.ndarray]
"""A county's columns: `need`, `offering`, `worth` (thousands of points per step), `load`, `high`, `tier` (C,); `points` per step (C,),
counts in 32 bits, others as floats;
`want` (N,) steps and `capacity` (O,) units of its needs and offerings; `shared` (O,) the offering's id, "" where it is the county's own;
`limits` (K,) ids, and `limit`, `at`, `fen` (E,): column `at` costs `fen` of a limit per step."""


@dataclass
class Cleared:
    """`prices`: shared offering → points per unit; `use`: shared offering → county → units, `whole`: of these the ones in whole steps, as a single
    need takes them; `fen`: limit → county → fen; `points` of the tiers."""

    prices: dict[str, float]
    use: dict[str, dict[str, float]]
    whole: dict[str, dict[str, float]]
    fen: dict[str, dict[str, float]]
    points: list[float]


def clear(near: Mapping[str, Near], capacity: Mapping[str, int], *, flows: bool | None = None) -> Cleared | None:
    """The joint linear programme of the counties over their columns; `capacity`: units of the shared offerings. None: not solved.

    `flows`: only the parts of it that are flows, or (False) only the others; what is left out is not in the outcome.
    """
    joined = _join(near, capacity)
    x, price, asked = np.zeros(len(joined.need)), np.zeros(len(joined.capacity)), np.zeros(len(joined.capacity), bool)
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
        programme = _Programme(
            need, offering, joined.worth[some].astype(float), joined.load[some].astype(float), joined.high[some].astype(float),
            joined.want[needs], joined.capacity[offerings],
        )  # fmt: skip
        if flows is not None and programme.is_flow != flows:
            continue
        solved = programme.by_flow() if programme.is_flow else programme.by_simplex()
        if solved is None:
            return None
        x[some], price[offerings] = solved
        asked[offerings] = True
    return joined.outcome(near, x, price, asked)


@dataclass
class _Programme:
    """max Σ worth·x, 0 ≤ x ≤ high: at most `want` (N,) of each need, at most `capacity` (O,) of Σ load·x of each offering."""

    need: np.ndarray
    offering: np.ndarray
    worth: np.ndarray
    load: np.ndarray
    high: np.ndarray
    want: np.ndarray
    capacity: np.ndarray

    @property
    def is_flow(self):
        return bool((self.load == 1).all()) and not any((a % 1).any() for a in (self.high, self.want, self.capacity))

    def by_simplex(self):
        """(x (C,), what a unit of each offering is worth (O,)), or None where it is not solved."""
        every, count = np.arange(len(self.need)), len(self.want)
        data = np.concatenate((np.ones(len(every)), self.load))
        place = (np.concatenate((self.need, count + self.offering)), np.concatenate((every, every)))
        matrix = sparse.csc_matrix((data, place), shape=(count + len(self.capacity), len(every)))
        upper = np.concatenate((self.want, self.capacity))
        status, x, prices = solve_lp(
            np.full(len(upper), -np.inf), upper, matrix, np.zeros(len(every)), self.high, self.worth
        )
        return (x, prices[count:]) if status == "OPTIMAL" else None

    def by_flow(self):
        """The same where a step takes one unit, ten times as fast; worth is rounded down to whole parts of `FINE`."""
        profit, want, capacity = (a.astype(np.int64) for a in (np.floor(self.worth * FINE), self.want, self.capacity))
        most = np.minimum(self.high.astype(np.int64), want[self.need])
        rows = self.need, self.offering, most, profit, want, capacity
        x = best_flow(*rows)
        return x.astype(float), worth_of_a_unit(x, *rows) / FINE


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

    def outcome(self, near, x, price, asked):
        names = [name for name, row in self.names.items() if asked[row]]
        use: dict[str, dict[str, float]] = {name: {} for name in names}
        whole: dict[str, dict[str, float]] = {name: {} for name in names}
        inside = {row: name for name, row in self.names.items()}
        some = np.flatnonzero((self.offering < len(self.names)) & (x > 1e-9))
        for k in some.tolist():
            name, part = inside[int(self.offering[k])], self.parts[int(self.part[k])]
            for own, steps in ((use[name], x[k]), (whole[name], np.floor(x[k] + 1e-6))):
                if steps > 0:
                    own[part] = own.get(part, 0.0) + float(steps * self.load[k])
        fen: dict[str, dict[str, float]] = {}
        for number, (part, own) in enumerate(near.items()):
            spent = np.bincount(own["limit"], x[self.part == number][own["at"]] * own["fen"], len(own["limits"]))
            for limit, amount in zip(own["limits"].tolist(), spent.tolist(), strict=True):
                fen.setdefault(limit, {})[part] = amount
        prices = {name: max(0.0, float(price[self.names[name]])) * POINTS for name in names}
        return Cleared(prices, use, whole, fen, [float((self.points * x)[self.tier == t].sum()) for t in range(3)])


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
