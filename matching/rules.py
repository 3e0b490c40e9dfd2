"""The rules of `zhongfu-problem/1` row by row, written to be read: the measure for `matching.pairs` and for every plan.

Nothing here is vectorised; it is fast enough for the allocations of a plan and for asking about single needs.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property

from matching.geometry import metres_between
from matching.problem import Fund, Limit, Need, Offering, Problem

Served = Mapping[tuple[str, str], int]
"""(need id, offering id) → delivered units"""

LEVELS = ("tier1", "tier2", "tier3", "fairness", "coverage", "cost", "distance", "lottery")
MAXIMISED = frozenset((*LEVELS[:3], "coverage"))
"""The levels of which more is better"""
COVERAGE_WEIGHTS = (10000, 100, 1)
"""What a point of tier 1, 2, 3 counts in the level of coverage"""


class Rules:
    """What may be paired with what, what it costs and what it is worth; all derived from the problem alone."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self._region = {row.code: row for row in problem.regions}
        self._forbids = {(f.need, f.offering) for f in problem.forbids}
        self._pairs = {(p.need, p.offering): p for p in problem.pairs}
        self._up: dict[str, tuple[str, ...]] = {}
        self._draws: dict[str, int] = {}

    def need(self, code: str) -> Need:
        return self.problem.needs[self.problem.need_index[code]]

    def offering(self, code: str) -> Offering:
        return self.problem.offerings[self.problem.offering_index[code]]

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The region itself and all above it, nearest first."""
        if code not in self._up:
            chain, at = [], code
            while at:
                chain.append(at)
                at = self._region[at].parent
            self._up[code] = tuple(chain)
        return self._up[code]

    def township(self, need: Need) -> str:
        """The nearest region at or above the need whose code has 9 characters, else its own region."""
        return next((c for c in self.ancestors(need.region) if len(c) == 9), need.region)

    def inside(self, code: str, areas: Iterable[str]) -> bool:
        return not set(self.ancestors(code)).isdisjoint(areas)

    def point(self, row: Need | Offering) -> tuple[float, float] | None:
        """Latitude and longitude: the row's own, else its region's, else the nearest ancestor's with one."""
        if row.lat is not None and row.lon is not None:
            return row.lat, row.lon
        for code in self.ancestors(row.region or ""):
            region = self._region[code]
            if region.lat is not None and region.lon is not None:
                return region.lat, region.lon
        return None

    def metres(self, need: Need, offering: Offering) -> int | None:
        """Whole metres, or None where a point is missing."""
        a, b = self.point(need), self.point(offering)
        return None if a is None or b is None else metres_between(*a, *b)

    def may_pay(self, fund: Fund, need: Need, offering: Offering) -> bool:
        return (
            (offering.funds is None or fund.id in offering.funds)
            and (fund.categories is None or need.category in fund.categories)
            and (fund.types is None or need.type in fund.types)
            and (fund.projects is None or need.project in fund.projects)
            and (fund.regions is None or self.inside(need.region, fund.regions))
        )

    def payers(self, need: Need, offering: Offering) -> list[str]:
        """Ids of the funds whose earmarks and whose offering's list allow this payment."""
        return [f.id for f in self.problem.funds if self.may_pay(f, need, offering)]

    def unit_cost_fen(self, need: Need, offering: Offering) -> int:
        pair = self._pairs.get((need.id, offering.id))
        return offering.unit_cost_fen if pair is None or pair.unit_cost_fen is None else pair.unit_cost_fen

    def distance_m(self, need: Need, offering: Offering) -> int:
        """Whole metres as the objective counts them: 0 where a point is missing."""
        pair = self._pairs.get((need.id, offering.id))
        return pair.distance_m if pair is not None else self.metres(need, offering) or 0

    def load(self, need: Need, offering: Offering, quantity: int) -> int:
        """Capacity that this allocation takes from the offering."""
        pair = self._pairs.get((need.id, offering.id))
        if pair is None or pair.load is None:
            return quantity
        return pair.load if quantity else 0

    def covers(self, need: Need, offering: Offering) -> bool:
        """The place rule: everywhere, or in one of the areas, or within the radius."""
        if offering.areas is None and offering.radius_m is None:
            return True
        if offering.areas is not None and self.inside(need.region, offering.areas):
            return True
        if offering.radius_m is None:
            return False
        distance = self.metres(need, offering)
        return distance is not None and distance <= offering.radius_m

    def periods_overlap(self, need: Need, offering: Offering) -> bool:
        starts = [day for day in (need.start, offering.start) if day is not None]
        ends = [day for day in (need.end, offering.end) if day is not None]
        return not starts or not ends or max(starts) <= min(ends)

    def earmark_fits(self, need: Need, offering: Offering) -> bool:
        """The offering's own earmarks: the types and the projects it is given for."""
        return (offering.types is None or need.type in offering.types) and (
            offering.projects is None or need.project in offering.projects
        )

    def is_forbidden(self, need: Need, offering: Offering) -> bool:
        return (need.id, offering.id) in self._forbids

    def why_not(self, need: Need, offering: Offering) -> str | None:
        """The first rule that keeps the two apart, or None where they are compatible."""
        if self._pairs:
            if (need.id, offering.id) not in self._pairs:
                return "no_offering"
        elif offering.category != need.category and offering.category not in need.accepts:
            return "no_offering"
        elif not self.covers(need, offering):
            return "out_of_area"
        elif not set(need.requires) <= set(offering.provides):
            return "skill"
        elif not self.periods_overlap(need, offering):
            return "period"
        elif not self.earmark_fits(need, offering):
            return "earmark"
        if self.is_forbidden(need, offering):
            return "forbidden"
        if self.unit_cost_fen(need, offering) > 0 and not self.payers(need, offering):
            return "fund"
        return None

    def limit_counts(self, limit: Limit, need: Need, offering: Offering) -> bool:
        return (
            (limit.regions is None or self.inside(need.region, limit.regions))
            and (limit.categories is None or need.category in limit.categories)
            and (limit.government_bought is None or offering.government_bought == limit.government_bought)
        )

    def lottery(self, need: Need, offering: Offering) -> int:
        """((a XOR b)·0x9E3779B97F4A7C15 mod 2^64) >> 32 with a, b the first 8 bytes of SHA-256("seed:id")."""
        return ((self._drawn(need.id) ^ self._drawn(offering.id)) * 0x9E3779B97F4A7C15 % 2**64) >> 32

    def _drawn(self, code: str) -> int:
        if code not in self._draws:
            digest = hashlib.sha256(f"{self.problem.seed}:{code}".encode()).digest()
            self._draws[code] = int.from_bytes(digest[:8], "big")
        return self._draws[code]

    @cached_property
    def full_points(self) -> dict[str, int]:
        """Township → the most points it could have, Σ unit points · quantity."""
        full: dict[str, int] = {}
        for need in self.problem.needs:
            town = self.township(need)
            full[town] = full.get(town, 0) + need.unit_points * need.quantity
        return full

    def floors(self, tier_values: Iterable[int]) -> dict[str, int]:
        """Township → floor in points: floor_percent·D_g·(V1+V2+V3) div (100·Σ D)."""
        reached, total = sum(tier_values), sum(self.full_points.values()) or 1
        percent = self.problem.policy.floor_percent
        return {town: percent * most * reached // (100 * total) for town, most in self.full_points.items()}

    def levels(self, served: Served, tier_values: Iterable[int] | None = None) -> dict[str, int]:
        """The eight level values of `served`; the floors come from `tier_values` (default: its own tiers)."""
        tiers, town = [0, 0, 0], dict.fromkeys(self.full_points, 0)
        cost = distance = lottery = 0
        for (need_id, offering_id), units in served.items():
            need, offering = self.need(need_id), self.offering(offering_id)
            points = need.unit_points * units
            tiers[need.tier - 1] += points
            town[self.township(need)] += points
            cost += self.unit_cost_fen(need, offering) * units
            distance += self.distance_m(need, offering) * units
            lottery += self.lottery(need, offering) * units
        floor = self.floors(tiers if tier_values is None else tier_values)
        fairness = sum(max(0, least - town[code]) for code, least in floor.items())
        coverage = sum(weight * points for weight, points in zip(COVERAGE_WEIGHTS, tiers, strict=True))
        return dict(zip(LEVELS, (*tiers, fairness, coverage, cost, distance, lottery), strict=True))
