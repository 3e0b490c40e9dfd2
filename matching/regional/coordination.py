"""From a large problem to a joint plan with proven bounds: counties work by themselves, prices and shares tie them together.

    scout   a few counties solve their relaxations within even shares: first prices for what is shared
    price   every county answers what it would do at the prices; the market mixes the answers and names the next prices (a few rounds)
    clear   for the first two tiers the counties of a prefecture put the columns near their best together, and one programme says who uses what
    plan    every county gets whole shares and finds an integer plan within them
    rest    what is left over is offered to all; additions are taken, most urgent first, until nobody can use anything
    bound   once more prices and answers, now that the values of earlier tiers are known: the bound of every tier
    close   charges, reasons and the judge, county by county; then the joint check

Each step of each county is a file (`matching.regional.pieces`), so a run that was killed goes on where it was, with any number of workers.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matching.regional.allotment import accept, clearing_price, money_out, places_out, share_out, urgent_units
from matching.regional.answers import TABLES, mean_prices, rows_of_mixture, rows_used, without_bids
from matching.regional.checking import joint_levels, joint_violations
from matching.regional.groups import groups_of
from matching.regional.leftovers import left_over, rooms_of, used_by, used_by_others
from matching.regional.partition import Partition, partition
from matching.regional.pieces import result
from matching.rules import LEVELS
from matching.solver.county_market import NARROW, WIDE, mix
from matching.solver.pins import ContradictingPins

Args = dict[str, Any]
Runner = Callable[[Path, str, list[str]], None]
"""(work folder, stage, parts): returns when every part's piece is done"""
CLEARED = 1
"""The last tier (0-based) whose shares are cleared by one programme, with the tiers before it"""
LOSSES = (0.0, 0.0007)
"""What integer plans are expected to lose of tiers 1 and 2; a guess to price with, no part of any bound"""


@dataclass(frozen=True)
class Effort:
    scouts: int = 2
    rounds: int = 2
    bounds: int = 1
    rests: int = 2
    seconds: float = 40.0
    """For the integer search of one county, on one thread"""


@dataclass
class Joint:
    """The outcome: `levels` name → (value, bound or None); `seconds` per stage; `figures` of the closed parts."""

    partition: Partition
    levels: dict[str, tuple[int, int | None]]
    figures: dict[str, Args]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def gap(self) -> float:
        """Σ(bound − value) / Σ value over the tiers."""
        tiers = [self.levels[f"tier{t}"] for t in (1, 2, 3)]
        return sum((bound or value) - value for value, bound in tiers) / max(1, sum(value for value, _ in tiers))


class RefusedJointPlan(RuntimeError):
    """The joint check found violations; each is named."""


def solve_region(source: Path, work: Path, run: Runner, *, effort: Effort, say: Callable[[str], None] = print) -> Joint:
    """The joint plan of the problem at `source`, its lines in `work/results/close`. Raises FaultyProblem, RefusedJointPlan."""
    work.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    cut = partition(source, work)
    region = _Region(cut, work, run, say)
    region.check_pins()
    region.seconds["partition"] = round(time.monotonic() - began, 1)
    prices = region.scout(effort.scouts)
    answers: list[tuple[str, Args]] = []
    earlier = None
    for number in range(effort.rounds):
        stage = f"price-{number + 1}"
        found = region.price(stage, prices, tiers=(0, 1, 2), earlier=earlier)
        answers += map(without_bids, found)
        region.clear(f"clear-{number + 1}", stage, found)
        earlier = stage
        prices = region.market(prices, answers, found, None)
    region.plan(found, effort.seconds)
    for number in range(effort.rests):
        if not region.rest(f"rest-{number + 1}"):
            break
    values = region.values()
    for number in range(effort.bounds):
        prices = region.market(prices, answers, found, values)
        found = region.price(f"bound-{number + 1}", prices, tiers=(0, 1, 2), last=True)
        answers += map(without_bids, found)
    bounds = region.bounds(values)
    figures = region.close()
    wrong = joint_violations(cut, figures)
    if wrong:
        raise RefusedJointPlan("\n".join(map(str, wrong)))
    got = joint_levels(cut, list(figures.values()))
    levels = {
        name: (got[name], max(got[name], bounds[k]) if k < 3 else 0 if name == "fairness" else None)
        for k, name in enumerate(LEVELS)
    }
    joint = Joint(cut, levels, figures, region.seconds)
    say(f"joint gap {100 * joint.gap:.2f} %, {sum(region.seconds.values()):.0f} s")
    return joint


class _Region:
    def __init__(self, cut: Partition, work: Path, run: Runner, say: Callable[[str], None]):
        self.cut, self.work, self.run, self.say = cut, work, run, say
        self.seconds: dict[str, float] = {}
        self.asked: dict[str, Args] = {}
        self.groups = groups_of(cut)
        self.cleared: dict[str, Args] = {}
        self.taken: dict[str, list[Args]] = {part: [] for part in cut.parts}
        self.uses: dict[str, Args] = {}
        self.points = [0, 0, 0]
        self.capacity = {o: row["capacity"] for o, row in cut.offerings.items()}
        self.amounts = {("fund", f): row["amount_fen"] for f, row in cut.funds.items()} | {
            ("limit", k): row["max_fen"] for k, row in cut.limits.items()
        }
        self.shared = {"offerings": list(cut.offerings), "funds": list(cut.funds), "limits": list(cut.limits)}

    def check_pins(self) -> None:
        """Raises ContradictingPins where the pins of several counties together ask more of an offering than it has."""
        for code, parts in self.cut.pinned.items():
            row, units, needs = (
                self.cut.offerings[code],
                sum(p[0] for p in parts.values()),
                sum(p[1] for p in parts.values()),
            )
            if units > row["capacity"] or needs > (needs if row["max_needs"] is None else row["max_needs"]):
                most = "" if row["max_needs"] is None else f" for {row['max_needs']} needs"
                raise ContradictingPins(
                    f"the pins on offering {code!r} take {units} for {needs} needs in {len(parts)} counties; it has {row['capacity']}{most}", []
                )  # fmt: skip

    # -- stages ---------------------------------------------------------------------------------------------------

    def stage(self, name: str, kind: str, common: Args, parts: dict[str, Args]) -> dict[str, Args]:
        """Asks, lets the workers run, and collects."""
        began = time.monotonic()
        (self.work / "stages").mkdir(exist_ok=True)
        path = self.work / "stages" / f"{name}.json"
        text = json.dumps({"kind": kind, "common": common, "parts": parts}, ensure_ascii=False)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            draft = path.with_suffix(".part")
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        self.run(self.work, name, list(parts))
        found = {part: result(self.work, name, part) for part in parts}
        undone = [part for part, one in found.items() if one is None]
        if undone:
            raise RuntimeError(f"stage {name}: no result for {', '.join(undone)}")
        self.seconds[name] = round(time.monotonic() - began, 1)
        used = sum(one["cpu_seconds"] for one in found.values() if one)
        self.say(f"{name}: {len(parts)} counties, {self.seconds[name]:.1f} s, {used:.0f} s of processor")
        return {part: one for part, one in found.items() if one is not None}

    def scout(self, count: int) -> list[Args]:
        """First prices per tier: the mean over a few counties, spread over the list, each with an even share."""
        parts = self.cut.parts
        chosen = sorted({parts[k * len(parts) // min(count, len(parts))] for k in range(min(count, len(parts)))})
        shares = {part: {"shares": self._even_shares(part)} for part in chosen}
        found = self.stage("scout", "scout", {"shared": self.shared, "losses": LOSSES}, shares)
        known = [one["prices"] for one in found.values() if one["prices"]]
        return [mean_prices([prices[tier] for prices in known], tier) for tier in range(3)]

    def _even_shares(self, part: str) -> Args:
        def share(row: Args, amount: str) -> float:
            whole = sum(self.cut.needs[other] for other in row["parts"])
            return row[amount] * self.cut.needs[part] / whole if part in row["parts"] else 0.0

        return {
            "offerings": {o: share(row, "capacity") for o, row in self.cut.offerings.items() if part in row["parts"]},
            "funds": {f: share(row, "amount_fen") for f, row in self.cut.funds.items() if part in row["parts"]},
            "limits": {k: share(row, "max_fen") for k, row in self.cut.limits.items() if part in row["parts"]},
        }

    def price(
        self, name: str, prices: list[Args], tiers: tuple[int, ...], *, earlier: str | None = None, last: bool = False
    ) -> list[tuple[str, Args]]:
        """[(part, its responses by tier)] at `prices`; `last`: nothing is cleared after it, and bounds are as tight as is known."""
        common = {"shared": self.shared, "prices": {str(tier): prices[tier] for tier in tiers}}
        common |= {"tighten": last, "near": CLEARED, "earlier": earlier}
        asked: dict[str, Args] = {part: {} for part in self.cut.parts}
        for group in () if last else self.groups.values():
            asked |= {part: {"cleared": sorted(group.capacity)} for part in group.parts}
        found = self.stage(name, "price", common, asked)
        for tier in tiers:
            answers = [one["responses"].get(str(tier)) for one in found.values()]
            if all(answers):
                self.asked[f"{name} {tier}"] = {
                    "tier": tier,
                    "prices": prices[tier],
                    "bound": sum(a["bound"] for a in answers),
                }
        return [(part, one["responses"]) for part, one in found.items()]

    def clear(self, name: str, stage: str, found: list[tuple[str, Args]]) -> None:
        """Puts together what the counties of each group answered in `stage`."""
        known = {part for part, responses in found if str(CLEARED) in responses}
        digests = {part: result(self.work, stage, part)["inputs"] for part in known}  # type: ignore[index]
        asked = {
            code: {"capacity": group.capacity, "answers": {part: digests[part] for part in group.parts}}
            for code, group in self.groups.items() if known.issuperset(group.parts)
        }  # fmt: skip
        if asked:
            done = self.stage(name, "clear", {"stage": stage}, asked)
            self.cleared = {code: one["cleared"] for code, one in done.items() if one["cleared"]}

    def market(
        self,
        prices: list[Args],
        answers: list[tuple[str, Args]],
        last: list[tuple[str, Args]],
        values: list[int] | None,
    ) -> list[Args]:
        """The next prices of every tier. `values`: what the integer plan reached; before it is known, what the mixture reaches."""
        found, least = [], []
        self.mixture, self.urgent = None, [None, None]
        # who pays is arbitrary as long as money of all kinds is left: a fund that is free is no row of the market
        scarce = {k for tier in prices for k, p in tier["funds"].items() if p > 0}
        amounts = {key: fen for key, fen in self.amounts.items() if key[0] == "limit" or key[1] in scarce}
        amounts |= {("offer", o): units for o, units in self.capacity.items()}
        pool = [(part, a["points"], rows_used(a)) for part, responses in answers for a in responses.values()]
        for tier in range(3):
            centre, stretch = self._centre(tier, (values or least)[:tier], prices[tier])
            rows = {key: centre[TABLES[key[0]]].get(key[1], 0.0) for key in amounts}
            rows |= {("tier", s): p for s, p in enumerate(centre["tiers"])}
            bids = self._bids(last, tier)
            if bids is None:
                clearing = dict(prices[tier]["offerings"])
            else:
                clearing = {o: clearing_price(bids.get(o, {}), self.capacity[o]) for o in self.capacity}
            mixed = mix(
                pool,
                tier=tier,
                amounts=amounts,
                last=rows,
                clearing=clearing,
                least=(values or least)[:tier],
                stretch=stretch,
            )
            if mixed is None:
                found.append(prices[tier])
                least.append(0)
                continue
            weights, rows = mixed
            self.mixture = (pool, weights)
            if tier < 2:
                self.urgent[tier] = (pool, weights)
            earned = sum(w * a[1][tier] for w, a in zip(weights, pool, strict=True))
            least.append(earned * (1 - LOSSES[tier]) if tier < 2 else earned)
            found.append(
                {name: {k[1]: p for k, p in rows.items() if k[0] == kind and p > 0} for kind, name in TABLES.items()}
            )
            found[-1]["tiers"] = [rows["tier", s] for s in range(tier)]
            if tier == CLEARED and self.cleared:
                for one in self.cleared.values():
                    found[-1]["offerings"] |= one["prices"]
                if len(self.cleared) == len({county[:4] for county in self.cut.counties.values()}):
                    least[-1] = sum(one["points"][tier] for one in self.cleared.values()) * (1 - LOSSES[tier])
        return found

    def _centre(self, tier: int, least: list[float], otherwise: Args) -> tuple[Args, float]:
        """The prices with the lowest bound so far, and how far the next may go from them: less far after a step that missed."""
        tried = [one for one in self.asked.values() if one["tier"] == tier]
        if not tried:
            return otherwise, WIDE
        best = min(tried, key=lambda one: self._bound(one, least))
        return best["prices"], WIDE if best is tried[-1] else NARROW

    def _bound(self, one: Args, least: list[float]) -> float:
        """Σ county bounds + Σ price · shared row − Σ price · points kept, with a margin of 1e-10 of the magnitudes for these few sums."""
        prices = one["prices"]
        terms = [one["bound"]]
        terms += [p * self.capacity[o] for o, p in prices["offerings"].items()]
        terms += [p * self.amounts["fund", f] for f, p in prices["funds"].items()]
        terms += [p * self.amounts["limit", k] for k, p in prices["limits"].items()]
        terms += [-p * v for p, v in zip(prices["tiers"], least, strict=True)]
        return sum(terms) + 1e-10 * sum(map(abs, terms)) + 1e-3

    def _bids(self, last: list[tuple[str, Args]], tier: int) -> dict[str, dict[str, list[tuple[float, float]]]] | None:
        if not all(str(tier) in responses for _, responses in last):
            return None
        bids: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for part, responses in last:
            for offering, own in responses[str(tier)]["bids"].items():
                bids.setdefault(offering, {})[part] = [(w, u) for w, u in own]
        return bids

    def plan(self, last: list[tuple[str, Args]], seconds: float) -> None:
        shares = self._shares(last)
        found = self.stage(
            "plan", "plan", {"seconds": seconds},
            {part: {"shares": shares[part]} for part in self.cut.parts},
        )  # fmt: skip
        self.uses = {part: one["use"] for part, one in found.items()}
        self.points = [sum(one["points"][t] for one in found.values()) for t in range(3)]

    def _shares(self, last: list[tuple[str, Args]]) -> dict[str, Args]:
        """Whole shares for every part from the last mixture of answers."""
        offers: dict[str, dict[str, float]] = {o: {} for o in self.capacity}
        rows: dict[tuple[str, str], dict[str, float]] = {
            key: {part: 0.0 for part in self._row(key)["parts"]} for key in self.amounts
        }
        for key, part, amount in rows_of_mixture(self.mixture):
            target = offers[key[1]] if key[0] == "offer" else rows[key]
            target[part] = target.get(part, 0.0) + amount
        if self.mixture is not None:
            for use in rows.values():
                if not any(use.values()):
                    use.update({part: float(self.cut.needs[part]) for part in use})
        # what the first two tiers would use comes before what tier 3's mixture says, which pays for tier 3 with some of them
        first: list[dict[str, dict[str, float]]] = [{o: {} for o in self.capacity} for _ in self.urgent]
        for own, mixture in zip(first, self.urgent, strict=True):
            for key, part, amount in rows_of_mixture(mixture):
                if key[0] == "offer":
                    own[key[1]][part] = own[key[1]].get(part, 0.0) + amount
        for use in (one["use"] for one in self.cleared.values()):
            first[CLEARED] |= use
            first[0] |= dict.fromkeys(use, {})
        bids = self._bids(last, 2) or {}
        shares: dict[str, Args] = {part: {"offerings": {}, "funds": {}, "limits": {}} for part in self.cut.parts}
        for o, row in self.cut.offerings.items():
            pins = self.cut.pinned.get(o, {})
            kept = {part: pin[0] for part, pin in pins.items()}
            for own in first:
                kept = urgent_units(own[o], row["capacity"], kept)
            units = share_out(offers[o], bids.get(o, {}), row["capacity"], kept)
            units = units or {row["parts"][0]: row["capacity"]}
            places = None
            if row["max_needs"] is not None:
                places = places_out(units, row["max_needs"], {part: pin[1] for part, pin in pins.items()})
            for part in row["parts"]:
                served = None if places is None else places.get(part, 0)
                shares[part]["offerings"][o] = [units.get(part, 0) if served != 0 else 0, served]
        for key, use in rows.items():
            for part, fen in money_out(use, self.amounts[key]).items():
                shares[part][f"{key[0]}s"][key[1]] = fen
        return shares

    def _row(self, key: tuple[str, str]) -> Args:
        return (self.cut.funds if key[0] == "fund" else self.cut.limits)[key[1]]

    # -- what is left over, and the end ---------------------------------------------------------------------------

    def rest(self, name: str) -> bool:
        """Offers all that is left over to everybody; whether anybody took something."""
        used = {part: used_by(self.uses[part], self.taken[part]) for part in self.cut.parts}
        left = left_over(self.cut, used)
        asked = {
            part: {"rooms": rooms_of(self.cut, part, used[part], left), "taken": self._columns(part)}
            for part in self.cut.parts
        }
        found = self.stage(name, "rest", {"planned": "plan"}, asked)
        for part, one in found.items():
            own = {f: 0 for entry in one["additions"] for _, payers in entry["bills"] for f in payers}
            for fund in own:
                if fund not in self.cut.funds:
                    left["funds"][part, fund] = one["own_funds"][fund] - used[part]["funds"].get(fund, 0)
        tiers = {(part, e["need"]): e for part, one in found.items() for e in one["additions"]}
        taken = accept({part: one["additions"] for part, one in found.items()}, left)
        for part, entries in taken.items():
            self.taken[part] += entries
            for entry in entries:
                source = tiers[part, entry["need"]]
                self.points[source["tier"]] += source["points"]
        return any(taken.values())

    def _columns(self, part: str) -> list[list[int]]:
        return [column for one in self.taken[part] for column in one["columns"]]

    def values(self) -> list[int]:
        """Points of the tiers in the plan as it is now."""
        return list(self.points)

    # -- bounds and the end -----------------------------------------------------------------------------------------

    def bounds(self, values: list[int]) -> list[int]:
        """Per tier the least of all that was proven, given the points that the plan keeps of earlier tiers (weak duality)."""
        best: list[float] = [float("inf")] * 3
        for name, one in self.asked.items():
            tier = one["tier"]
            bound = self._bound(one, values[:tier])
            self.say(
                f"  tier {tier + 1} by {name.split()[0]}: {(bound - values[tier]) / max(1, values[tier]):.4%} above the plan"
            )
            best[tier] = min(best[tier], bound)
        return [int(b) if b < float("inf") else 2**62 for b in best]

    def close(self) -> dict[str, Args]:
        used = {part: used_by(self.uses[part], self.taken[part]) for part in self.cut.parts}
        left = left_over(self.cut, used)
        asked = {}
        for part in self.cut.parts:
            rooms = rooms_of(self.cut, part, used[part], left)
            asked[part] = {
                "rooms": rooms,
                "others": used_by_others(self.cut, part, rooms),
                "ledger": used[part]["funds"],
                "taken": self._columns(part),
            }
        return self.stage("close", "close", {"planned": "plan"}, asked)
