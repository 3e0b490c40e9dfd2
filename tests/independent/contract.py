"""The matching contract read a second time, from its text and not from the product: nothing of the product is imported here.

Works on the parsed JSON of a `zhongfu-problem/1`. Plain loops and plain numbers, written to be compared with the page line by line.
"""

import math
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations

EARTH_RADIUS_M = 6_371_008.8
TIERS = (1, 2, 3)


@dataclass(frozen=True)
class Edge:
    """A need and an offering that may meet; costs in fen and metres per delivered unit."""

    need: str
    offering: str
    whole_load: int | None
    """Capacity the whole need takes here; None: one per unit"""
    fen: int
    metres: int
    draw: int
    payers: tuple[str, ...]


def given(row, name, otherwise=None):
    """A field of a row; null means absent."""
    value = row.get(name)
    return otherwise if value is None else value


class Contract:
    """What a problem allows and what it values; everything is worked out from the document alone."""

    def __init__(self, document):
        self.document = document
        self.regions = {row["code"]: row for row in document["regions"]}
        self.needs = {row["id"]: row for row in document["needs"]}
        self.offerings = {row["id"]: row for row in document["offerings"]}
        self.funds = {row["id"]: row for row in given(document, "funds", [])}
        self.limits = {row["id"]: row for row in given(document, "limits", [])}
        self.pins = {(row["need"], row["offering"]): row["quantity"] for row in given(document, "pins", [])}
        self.forbids = {(row["need"], row["offering"]) for row in given(document, "forbids", [])}
        self.listed = {(row["need"], row["offering"]): row for row in given(document, "pairs", [])}
        policy = given(document, "policy", {})
        self.floor_percent = given(policy, "floor_percent", 90)
        self.tolerance_permille = given(policy, "tolerance_permille", 1)
        self.common_cap = policy.get("household_cap_fen")
        self.own_caps = {
            h: row.get("cap_fen") for h, row in given(document, "households", {}).items() if row is not None
        }
        self.seed = given(document, "seed", 0)
        self.edges = [
            e for n in self.needs.values() for o in self.offerings.values() if (e := self._edge(n, o)) is not None
        ]

    # -- places -----------------------------------------------------------------------------------------------------

    def upwards(self, code):
        """The region and all above it."""
        while code:
            yield code
            code = self.regions[code]["parent"]

    def lies_in(self, code, regions):
        return any(above in regions for above in self.upwards(code))

    def point(self, row):
        if row.get("lat") is not None and row.get("lon") is not None:
            return row["lat"], row["lon"]
        if row.get("region") is not None:
            for code in self.upwards(row["region"]):
                region = self.regions[code]
                if region.get("lat") is not None and region.get("lon") is not None:
                    return region["lat"], region["lon"]
        return None

    def metres(self, need, offering):
        here, there = self.point(need), self.point(offering)
        if here is None or there is None:
            return None
        (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, p)) for p in (here, there))
        h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
        return round(2 * EARTH_RADIUS_M * math.asin(math.sqrt(h)))

    def township(self, need):
        for code in self.upwards(need["region"]):
            if len(code) == 9:
                return code
        return need["region"]

    # -- who may meet whom ------------------------------------------------------------------------------------------

    def _edge(self, need, offering):
        pair = need["id"], offering["id"]
        row = {}
        if self.listed:
            if pair not in self.listed:
                return None
            row = self.listed[pair]
        elif not self._suits(need, offering):
            return None
        if pair in self.forbids:
            return None
        fen = given(row, "unit_cost_fen", given(offering, "unit_cost_fen", 0))
        payers = tuple(f for f in sorted(self.funds) if self._may_pay(self.funds[f], need, offering))
        if fen > 0 and not payers:
            return None
        metres = given(row, "distance_m", 0) if self.listed else self.metres(need, offering) or 0
        whole_load = row.get("load")
        return Edge(*pair, whole_load, fen, metres, self.draw(*pair), payers if fen > 0 else ())

    def _suits(self, need, offering):
        if offering["category"] not in {need["category"], *given(need, "accepts", [])}:
            return False
        areas, radius = offering.get("areas"), offering.get("radius_m")
        if areas is not None or radius is not None:
            near = False
            if radius is not None:
                distance = self.metres(need, offering)
                near = distance is not None and distance <= radius
            if not near and not (areas is not None and self.lies_in(need["region"], areas)):
                return False
        if not set(given(need, "requires", [])).issubset(given(offering, "provides", [])):
            return False
        begin = max(given(need, "from", "0000-00-00"), given(offering, "from", "0000-00-00"))
        end = min(given(need, "by", "9999-99-99"), given(offering, "until", "9999-99-99"))
        if begin > end:
            return False
        if offering.get("types") is not None and need["type"] not in offering["types"]:
            return False
        return offering.get("projects") is None or need.get("project") in offering["projects"]

    def _may_pay(self, fund, need, offering):
        if offering.get("funds") is not None and fund["id"] not in offering["funds"]:
            return False
        if fund.get("categories") is not None and need["category"] not in fund["categories"]:
            return False
        if fund.get("types") is not None and need["type"] not in fund["types"]:
            return False
        if fund.get("projects") is not None and need.get("project") not in fund["projects"]:
            return False
        return fund.get("regions") is None or self.lies_in(need["region"], fund["regions"])

    def draw(self, need, offering):
        a, b = (int.from_bytes(sha256(f"{self.seed}:{name}".encode()).digest()[:8], "big") for name in (need, offering))
        return ((a ^ b) * 0x9E3779B97F4A7C15 % 2**64) >> 32

    # -- amounts ----------------------------------------------------------------------------------------------------

    def fill(self, need):
        return given(self.needs[need], "fill", "any")

    def points_per_unit(self, need):
        row = self.needs[need]
        return 1000 * row["weight"] // row["quantity"]

    def load(self, edge, units):
        if units == 0:
            return 0
        return units if edge.whole_load is None else edge.whole_load

    def worth(self, need):
        return given(self.needs[need], "unit_worth_fen", 0)

    def cap(self, household):
        return self.own_caps.get(household, self.common_cap)

    def is_counted(self, limit, edge):
        """Whether a limit counts what this pair costs."""
        need, offering = self.needs[edge.need], self.offerings[edge.offering]
        if limit.get("regions") is not None and not self.lies_in(need["region"], limit["regions"]):
            return False
        if limit.get("categories") is not None and need["category"] not in limit["categories"]:
            return False
        bought = limit.get("government_bought")
        return bought is None or bought == given(offering, "government_bought", False)

    # -- values -----------------------------------------------------------------------------------------------------

    def most_points(self):
        """Township → D_g."""
        most = {}
        for name, need in self.needs.items():
            town = self.township(need)
            most[town] = most.get(town, 0) + self.points_per_unit(name) * need["quantity"]
        return most

    def floors(self, tier_values):
        """Township → floor_g for the values (V1, V2, V3)."""
        most = self.most_points()
        whole = sum(most.values())
        if not whole:
            return dict.fromkeys(most, 0)
        return {g: self.floor_percent * d * sum(tier_values) // (100 * whole) for g, d in most.items()}

    def least_kept(self, tier_values):
        """What levels 4 to 8 must leave each tier: V_t·(1000 − tolerance)/1000, rounded up."""
        return [-(-v * (1000 - self.tolerance_permille) // 1000) for v in tier_values]

    def tier_points(self, served):
        return [
            sum(self.points_per_unit(n) * x for (n, _), x in served.items() if self.needs[n]["tier"] == tier)
            for tier in TIERS
        ]

    def shortfall(self, served, floors):
        have = dict.fromkeys(floors, 0)
        for (need, _), units in served.items():
            have[self.township(self.needs[need])] += self.points_per_unit(need) * units
        return sum(max(0, least - have[town]) for town, least in floors.items())

    def later_values(self, served, tier_values):
        """Fairness, coverage, cost, distance, lottery of `served`, with the floors of these tier values."""
        edges = {(e.need, e.offering): e for e in self.edges}
        first, second, third = self.tier_points(served)
        return [
            self.shortfall(served, self.floors(tier_values)),
            10000 * first + 100 * second + third,
            sum(edges[pair].fen * units for pair, units in served.items()),
            sum(edges[pair].metres * units for pair, units in served.items()),
            sum(edges[pair].draw * units for pair, units in served.items()),
        ]

    # -- constraints ------------------------------------------------------------------------------------------------

    def broken_rules(self, served):
        """Names of the rules that {(need, offering): units > 0} breaks; whether the funds suffice by Hall's condition."""
        edges = {(e.need, e.offering): e for e in self.edges}
        if not set(served) <= set(edges):
            return ["pair"]
        broken = []
        for name, need in self.needs.items():
            got = [x for (n, _), x in served.items() if n == name]
            wanted, fill = need["quantity"], self.fill(name)
            if (
                sum(got) > wanted
                or (fill != "any" and sum(got) not in (0, wanted))
                or (fill == "single" and len(got) > 1)
            ):
                broken.append("quantity")
        for name, offering in self.offerings.items():
            here = {pair: x for pair, x in served.items() if pair[1] == name}
            if sum(self.load(edges[pair], x) for pair, x in here.items()) > offering["capacity"]:
                broken.append("capacity")
            if offering.get("max_needs") is not None and len(here) > offering["max_needs"]:
                broken.append("max_needs")
        for household in {need["household"] for need in self.needs.values()}:
            cap = self.cap(household)
            worth = sum(self.worth(n) * x for (n, _), x in served.items() if self.needs[n]["household"] == household)
            if cap is not None and worth > cap:
                broken.append("household_cap")
        for limit in self.limits.values():
            if sum(edges[p].fen * x for p, x in served.items() if self.is_counted(limit, edges[p])) > limit["max_fen"]:
                broken.append("limit")
        bills = [(set(edges[p].payers), edges[p].fen * x) for p, x in served.items() if edges[p].fen]
        for count in range(len(self.funds) + 1):
            for some in combinations(self.funds, count):
                only_they = sum(fen for payers, fen in bills if payers <= set(some))
                if only_they > sum(self.funds[f]["amount_fen"] for f in some):
                    broken.append("fund")
        if any(served.get(pair, 0) != units for pair, units in self.pins.items()):
            broken.append("pin")
        return broken

    def broken_charges(self, allocations):
        """Names of the money rules that the charges of a plan's allocations (as in its JSON) break."""
        edges, spent, broken = {(e.need, e.offering): e for e in self.edges}, dict.fromkeys(self.funds, 0), []
        for row in allocations:
            edge = edges[row["need"], row["offering"]]
            for charge in row["charges"]:
                if charge["fund"] not in edge.payers or charge["fen"] < 0:
                    broken.append("payer")
                spent[charge["fund"]] = spent.get(charge["fund"], 0) + charge["fen"]
            if sum(charge["fen"] for charge in row["charges"]) != edge.fen * row["quantity"]:
                broken.append("cost")
        if any(fen > self.funds[fund]["amount_fen"] for fund, fen in spent.items()):
            broken.append("fund")
        return broken
