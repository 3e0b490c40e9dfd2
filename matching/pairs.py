"""Every compatible (need, offering) pair of a problem as numpy arrays, in an order that no row order can change.

The pair rule of `zhongfu-problem/1`, vectorised: needs sorted by (category, place in the region tree), so that an area
is a contiguous range; radii through a KD-tree per category and an exact filter; skills as bit masks; periods as day
ordinals; who may pay by classes of needs × classes of offerings. `matching.rules` says the same plainly, row by row.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from matching.fields import TYPES
from matching.geometry import RegionRanges, metres, near
from matching.problem import Fund, Limit, Need, Offering, Problem

_EARLIEST, _LATEST = 0, 4_000_000  # day ordinals outside the calendar of `datetime.date`
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """P pairs sorted by (need id, offering id) as text; indices point into `problem.needs` and `problem.offerings`."""

    need: np.ndarray
    """int32 (P,)"""
    offering: np.ndarray
    """int32 (P,)"""
    load: np.ndarray
    """int64 (P,): capacity taken per unit (1) where fill is any or whole; for the whole need where fill is single."""
    unit_cost_fen: np.ndarray
    """int64 (P,)"""
    distance_m: np.ndarray
    """int64 (P,); 0 where a point is missing"""
    lottery: np.ndarray
    """int64 (P,), each below 2^32"""
    payer_start: np.ndarray
    """int32 (P+1,): the funds that may pay pair p are `payer_fund[payer_start[p]:payer_start[p + 1]]`"""
    payer_fund: np.ndarray
    """int32, indices into `problem.funds`, ascending per pair; no entries where the unit cost is 0"""
    payer_class: np.ndarray
    """int32 (P,): index into `payer_sets`; pairs of one class have the same funds that may pay"""
    payer_sets: tuple[tuple[int, ...], ...]
    """The distinct sets of funds that may pay, each as ascending indices into `problem.funds`; the first is empty"""
    unit_points: np.ndarray
    """int64 (needs,): points per delivered unit"""
    township: np.ndarray
    """int32 (needs,): index into `townships`"""
    townships: tuple[str, ...]
    """The townships (or own regions) that have needs, sorted by code"""
    limit_members: tuple[np.ndarray, ...]
    """Per limit of the problem: int32 indices of the pairs whose cost it counts"""

    def __len__(self) -> int:
        return len(self.need)

    def payers(self, pair: int) -> np.ndarray:
        """Indices of the funds that may pay this pair."""
        return self.payer_fund[self.payer_start[pair] : self.payer_start[pair + 1]]


def build_pairs(problem: Problem) -> Pairs:
    """All pairs that the problem allows. County (6,000 × 2,500, 300k pairs): about 0.2 s."""
    ranges = RegionRanges(problem.regions)
    needs = _NeedColumns(problem, ranges)
    offerings = problem.offerings
    names = _Names(problem)
    if problem.pairs:
        need, offering, load, cost, distance = _given(problem, names)
    else:
        need, offering = _compatible(problem, names, needs, ranges)
        load = np.where(needs.single, needs.quantity, 1)[need]
        cost = _column(offerings, lambda o: o.unit_cost_fen)[offering]
        distance = None
    payers = _Payers(problem.funds, problem, needs, ranges)
    classes = payers.classes(need, offering)
    keep = _not_forbidden(problem, need, offering) & ((cost == 0) | (payers.sizes[classes] > 0))
    need, offering, load, cost, classes = (column[keep] for column in (need, offering, load, cost, classes))
    if distance is None:
        o_lat, o_lon = ranges.points(offerings)
        distance = np.maximum(0, metres(needs.lat[need], needs.lon[need], o_lat[offering], o_lon[offering]))
    else:
        distance = distance[keep]
    payer_class = payers.merged[np.where(cost > 0, classes, payers.nobody)]
    payer_start, payer_fund = _payer_table(payers.sets, payer_class)
    townships = tuple(sorted({ranges.township[r] for r in needs.region.tolist()}))
    code_index = {code: i for i, code in enumerate(townships)}
    return Pairs(
        need=need.astype(np.int32),
        offering=offering.astype(np.int32),
        load=load,
        unit_cost_fen=cost,
        distance_m=distance,
        lottery=lottery(problem, need, offering),
        payer_start=payer_start,
        payer_fund=payer_fund,
        payer_class=payer_class.astype(np.int32),
        payer_sets=payers.sets,
        unit_points=1000 * needs.weight // needs.quantity,
        township=np.array([code_index[ranges.township[r]] for r in needs.region.tolist()], np.int32),
        townships=townships,
        limit_members=tuple(_limit_members(row, problem, needs, ranges, need, offering) for row in problem.limits),
    )


def lottery(problem: Problem, need: np.ndarray, offering: np.ndarray) -> np.ndarray:
    """((a XOR b)·0x9E3779B97F4A7C15 mod 2^64) >> 32, with a, b from SHA-256("seed:id"), for index arrays; int64."""

    def drawn(ids: Iterable[str]) -> np.ndarray:
        digests = b"".join(hashlib.sha256(f"{problem.seed}:{one}".encode()).digest()[:8] for one in ids)
        return np.frombuffer(digests, ">u8").astype(np.uint64)

    a, b = drawn(row.id for row in problem.needs), drawn(row.id for row in problem.offerings)
    return ((a[need] ^ b[offering]) * _GOLDEN >> np.uint64(32)).astype(np.int64)


class _NeedColumns:
    """The needs' fields that the pair rule reads, as arrays (N,)."""

    def __init__(self, problem: Problem, ranges: RegionRanges):
        rows = problem.needs
        self.region = _column(rows, lambda n: ranges.index[n.region])
        self.lat, self.lon = ranges.points(rows)
        self.categories = _numbered(name for n in rows for name in (n.category, *n.accepts))
        self.category = _column(rows, lambda n: self.categories[n.category])
        self.projects = _numbered(n.project for n in rows if n.project is not None)
        self.project = _column(rows, lambda n: -1 if n.project is None else self.projects[n.project])
        self.type = _column(rows, lambda n: TYPES.index(n.type))
        self.quantity = _column(rows, lambda n: n.quantity)
        self.weight = _column(rows, lambda n: n.weight)
        self.single = np.fromiter((n.fill == "single" for n in rows), bool, len(rows))


def _column(rows: Sequence, value) -> np.ndarray:
    return np.fromiter(map(value, rows), np.int64, len(rows))


def _numbered(names: Iterable[str]) -> dict[str, int]:
    return {name: i for i, name in enumerate(dict.fromkeys(names))}


class _Names:
    """Pairs as single numbers that sort like (need id, offering id) as text."""

    def __init__(self, problem: Problem):
        self._size = max(1, len(problem.offerings))
        self._needs, self._need_rank = self._ranked([row.id for row in problem.needs])
        self._offerings, self._offering_rank = self._ranked([row.id for row in problem.offerings])

    @staticmethod
    def _ranked(ids: list[str]) -> tuple[np.ndarray, np.ndarray]:
        order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
        rank = np.empty(len(ids), np.int64)
        rank[order] = np.arange(len(ids))
        return order, rank

    def keys(self, need: np.ndarray, offering: np.ndarray) -> np.ndarray:
        return self._need_rank[need] * self._size + self._offering_rank[offering]

    def pairs(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        need, offering = np.divmod(keys, self._size)
        return self._needs[need], self._offerings[offering]


def _spread(lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(which range, position) for every position of the ranges [lo, hi)."""
    counts = np.maximum(0, hi - lo)
    which = np.repeat(np.arange(len(lo)), counts)
    return which, np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + lo[which]


def _given(problem: Problem, names: _Names) -> tuple[np.ndarray, ...]:
    """The pairs that the problem lists itself, in canonical order, with their own load, cost and distance."""
    rows, needs, offerings = problem.pairs, problem.needs, problem.offerings
    need = _column(rows, lambda r: problem.need_index[r.need])
    offering = _column(rows, lambda r: problem.offering_index[r.offering])
    single = np.where([n.fill == "single" for n in needs], [n.quantity for n in needs], 1)
    load = _column(rows, lambda r: -1 if r.load is None else r.load)
    cost = _column(rows, lambda r: -1 if r.unit_cost_fen is None else r.unit_cost_fen)
    columns = (
        need,
        offering,
        np.where(load < 0, single[need], load),
        np.where(cost < 0, _column(offerings, lambda o: o.unit_cost_fen)[offering], cost),
        _column(rows, lambda r: r.distance_m),
    )
    order = np.argsort(names.keys(need, offering))
    return tuple(column[order] for column in columns)


def _compatible(
    problem: Problem, names: _Names, needs: _NeedColumns, ranges: RegionRanges
) -> tuple[np.ndarray, np.ndarray]:
    """(need, offering) that the pair rule allows, before forbids and payers, in canonical order."""
    offerings = problem.offerings
    also = [
        (i, needs.categories[c]) for i, n in enumerate(problem.needs) if n.accepts for c in {*n.accepts} - {n.category}
    ]
    extra = np.array(also, np.int64).reshape(-1, 2)
    entry_need = np.concatenate((np.arange(len(problem.needs)), extra[:, 0]))
    entry_category = np.concatenate((needs.category, extra[:, 1]))
    found = [
        _covered_by_area(offerings, needs, ranges, entry_need, entry_category),
        *_covered_by_radius(offerings, needs, ranges, entry_need, entry_category),
    ]
    need, offering = (np.concatenate(part) for part in zip(*found, strict=True))
    for rule in (_period_overlaps, _type_fits, _project_fits, _skills_suffice):
        keep = rule(problem, needs, need, offering)
        need, offering = need[keep], offering[keep]
    keys = np.sort(names.keys(need, offering))
    return names.pairs(keys[np.diff(keys, prepend=-1) > 0])  # an area and a radius may cover the same need


def _covered_by_area(
    offerings: Sequence[Offering],
    needs: _NeedColumns,
    ranges: RegionRanges,
    entry_need: np.ndarray,
    entry_category: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs by category where the offering serves everywhere, or one of its areas holds the need's region."""
    size = max(1, ranges.count)
    place = entry_category * size + ranges.first[needs.region[entry_need]]
    order = np.argsort(place, kind="stable")
    place, entry_need = place[order], entry_need[order]
    spans = []  # offering, category, first place, last place
    for i, o in enumerate(offerings):
        category = needs.categories.get(o.category)
        if category is None:
            continue
        if o.areas is None and o.radius_m is None:
            spans.append((i, category, 0, size))
        for area in o.areas or ():
            at = ranges.index[area]
            spans.append((i, category, ranges.first[at], ranges.last[at]))
    table = np.array(spans, np.int64).reshape(-1, 4)
    lo = np.searchsorted(place, table[:, 1] * size + table[:, 2])
    hi = np.searchsorted(place, table[:, 1] * size + table[:, 3])
    which, position = _spread(lo, hi)
    return entry_need[position], table[which, 0]


def _covered_by_radius(
    offerings: Sequence[Offering],
    needs: _NeedColumns,
    ranges: RegionRanges,
    entry_need: np.ndarray,
    entry_category: np.ndarray,
) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """Pairs by category within the offering's radius, category by category. Needs that share a point share one search."""
    o_lat, o_lon = ranges.points(offerings)
    by_category: dict[int, list[int]] = {}
    for i, o in enumerate(offerings):
        if o.radius_m is not None and o.category in needs.categories and not np.isnan(o_lat[i]):
            by_category.setdefault(needs.categories[o.category], []).append(i)
    for category, members in by_category.items():
        centre = np.array(members)
        radius = np.array([offerings[i].radius_m for i in members], np.int64)
        local = entry_need[entry_category == category]
        local = local[~np.isnan(needs.lat[local])]
        points, at = np.unique(np.column_stack((needs.lat[local], needs.lon[local])), axis=0, return_inverse=True)
        order = np.argsort(at, kind="stable")
        start = np.searchsorted(at[order], np.arange(len(points) + 1))
        c, p = near(points[:, 0], points[:, 1], o_lat[centre], o_lon[centre], radius)
        exact = metres(points[p, 0], points[p, 1], o_lat[centre[c]], o_lon[centre[c]]) <= radius[c]
        c, p = c[exact], p[exact]
        which, position = _spread(start[p], start[p + 1])
        yield local[order[position]], centre[c[which]]


def _period_overlaps(problem: Problem, needs: _NeedColumns, need: np.ndarray, offering: np.ndarray) -> np.ndarray:
    def ends(rows: Sequence[Need] | Sequence[Offering]) -> tuple[np.ndarray, np.ndarray]:
        return (
            _column(rows, lambda r: _EARLIEST if r.start is None else r.start.toordinal()),
            _column(rows, lambda r: _LATEST if r.end is None else r.end.toordinal()),
        )

    n_start, n_end = ends(problem.needs)
    o_start, o_end = ends(problem.offerings)
    return np.maximum(n_start[need], o_start[offering]) <= np.minimum(n_end[need], o_end[offering])


def _type_fits(problem: Problem, needs: _NeedColumns, need: np.ndarray, offering: np.ndarray) -> np.ndarray:
    allowed = _column(
        problem.offerings, lambda o: -1 if o.types is None else sum(1 << TYPES.index(t) for t in {*o.types})
    )
    return (allowed[offering] >> needs.type[need]) & 1 == 1


def _project_fits(problem: Problem, needs: _NeedColumns, need: np.ndarray, offering: np.ndarray) -> np.ndarray:
    keep = np.ones(len(need), bool)
    bound = np.fromiter((o.projects is not None for o in problem.offerings), bool, len(problem.offerings))
    if bound.any():
        size = len(needs.projects) + 1
        allowed = [
            i * size + needs.projects[p] + 1
            for i, o in enumerate(problem.offerings)
            for p in o.projects or ()
            if p in needs.projects
        ]
        asked = np.flatnonzero(bound[offering])
        keep[asked] = np.isin(offering[asked] * size + needs.project[need[asked]] + 1, np.array(allowed, np.int64))
    return keep


def _skills_suffice(problem: Problem, needs: _NeedColumns, need: np.ndarray, offering: np.ndarray) -> np.ndarray:
    """All skills the need requires are provided: bit masks of 63 skills a word."""
    skills = _numbered(s for n in problem.needs for s in n.requires)
    keep = np.ones(len(need), bool)
    for word in range(0, len(skills), 63):
        part = {s: 1 << (i - word) for s, i in skills.items() if word <= i < word + 63}
        required = _column(problem.needs, lambda n, part=part: sum(part.get(s, 0) for s in {*n.requires}))
        provided = _column(problem.offerings, lambda o, part=part: sum(part.get(s, 0) for s in {*o.provides}))
        keep &= required[need] & ~provided[offering] == 0
    return keep


def _not_forbidden(problem: Problem, need: np.ndarray, offering: np.ndarray) -> np.ndarray:
    if not problem.forbids:
        return np.ones(len(need), bool)
    size = len(problem.offerings)
    keys = [problem.need_index[f.need] * size + problem.offering_index[f.offering] for f in problem.forbids]
    return ~np.isin(need * size + offering, np.array(keys, np.int64))


class _Payers:
    """Which funds may pay which pair: classes of needs (what the funds' earmarks tell apart) × classes of offerings."""

    def __init__(self, funds: Sequence[Fund], problem: Problem, needs: _NeedColumns, ranges: RegionRanges):
        attributes = np.column_stack((needs.category, needs.type, needs.project, needs.region))
        kinds, kind = np.unique(attributes, axis=0, return_inverse=True)
        open_to = np.ones((len(kinds), len(funds)), bool)
        for f, fund in enumerate(funds):
            if fund.categories is not None:
                open_to[:, f] &= np.isin(kinds[:, 0], [needs.categories.get(c, -1) for c in fund.categories])
            if fund.types is not None:
                open_to[:, f] &= np.isin(kinds[:, 1], [TYPES.index(t) for t in fund.types])
            if fund.projects is not None:
                open_to[:, f] &= np.isin(kinds[:, 2], [needs.projects.get(p, -2) for p in fund.projects])
            if fund.regions is not None:
                open_to[:, f] &= ranges.inside(fund.regions)[kinds[:, 3]]
        signatures, signature = np.unique(open_to, axis=0, return_inverse=True)
        self._need_class = signature.reshape(-1)[kind.reshape(-1)] if len(kinds) else np.zeros(0, np.int64)
        chosen: dict[frozenset[str] | None, int] = {}
        self._offering_class = np.fromiter(
            (
                chosen.setdefault(None if o.funds is None else frozenset(o.funds), len(chosen))
                for o in problem.offerings
            ),
            np.int64,
            len(problem.offerings),
        )
        allowed = [np.array([own is None or f.id in own for f in funds], bool) for own in chosen]
        self._width = max(1, len(allowed))
        lists = [tuple(np.flatnonzero(row & own).tolist()) for row in signatures for own in allowed]
        self.nobody = len(lists)
        """The class of pairs that nobody has to pay"""
        self.sets = tuple(sorted({(), *lists}))
        number = {one: i for i, one in enumerate(self.sets)}
        self.merged = np.array([number[one] for one in (*lists, ())], np.int64)
        """Class → index into `sets`"""
        self.sizes = np.array([len(one) for one in (*lists, ())])

    def classes(self, need: np.ndarray, offering: np.ndarray) -> np.ndarray:
        return self._need_class[need] * self._width + self._offering_class[offering]


def _payer_table(sets: tuple[tuple[int, ...], ...], payer_class: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(payer_start, payer_fund) of pairs with these classes."""
    sizes = np.array([len(one) for one in sets])
    start = np.concatenate(([0], np.cumsum(sizes)))
    _, position = _spread(start[payer_class], start[payer_class + 1])
    funds = np.array([fund for one in sets for fund in one], np.int32)
    return np.concatenate(([0], np.cumsum(sizes[payer_class]))).astype(np.int32), funds[position]


def _limit_members(
    limit: Limit, problem: Problem, needs: _NeedColumns, ranges: RegionRanges, need: np.ndarray, offering: np.ndarray
) -> np.ndarray:
    counted = np.ones(len(need), bool)
    if limit.regions is not None:
        counted &= ranges.inside(limit.regions)[needs.region][need]
    if limit.categories is not None:
        counted &= np.isin(needs.category, [needs.categories.get(c, -1) for c in limit.categories])[need]
    if limit.government_bought is not None:
        bought = np.fromiter((o.government_bought for o in problem.offerings), bool, len(problem.offerings))
        counted &= (bought == limit.government_bought)[offering]
    return np.flatnonzero(counted).astype(np.int32)
