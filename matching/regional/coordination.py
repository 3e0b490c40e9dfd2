"""From a large problem to a joint plan with proven bounds: counties work by themselves, prices and shares tie them together.

    scout   a few counties solve their relaxations within even shares: what money and the points of earlier tiers are worth
    price   every county answers what it would do with even shares of what is offered to several, and names the columns near its best
    clear   all counties put these columns together: per tier a flow of goods and programmes of hours say who uses what, and what it is worth
    plan    every county gets whole shares and finds an integer plan within them
    rest    what is left over is offered to all; additions are taken, most urgent first, until nobody can use anything
    weigh   a few counties say what money and the points of earlier tiers are worth to the last tier beside the plan as it is
    bound   every county answers at these prices and those that were cleared: with the values of earlier tiers known, the bound of every tier
    close   charges, reasons and the judge, county by county; then the joint check

Each step of each county is a file (`matching.regional.pieces`), so a run that was killed goes on where it was, with any number of workers.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matching.regional.allotment import accept
from matching.regional.checking import joint_levels, joint_violations
from matching.regional.leftovers import left_over, rooms_of, used_by, used_by_others
from matching.regional.partition import Partition, partition
from matching.regional.pieces import result
from matching.regional.sharing import agreed_prices, even_shares, joined, mean_prices, whole_shares
from matching.rules import LEVELS, MAXIMISED
from matching.solver.levels import most_coverage
from matching.solver.pins import ContradictingPins

Args = dict[str, Any]
Runner = Callable[[Path, str, list[str]], None]
"""(work folder, stage, parts): returns when every part's piece is done"""
MANY = 4
"""At most so many times the scouts asked for, so that a scout stands under every shared row of money"""
LOSSES = (0.0, 0.0007)
"""What integer plans are expected to lose of tiers 1 and 2; a guess to price with, no part of any bound"""


@dataclass(frozen=True)
class Effort:
    scouts: int = 2
    """Counties that say what money and the points of earlier tiers are worth, before all and beside the plan"""
    rounds: int = 1
    """Of prices and clearing before the plan: the first within even shares, others at the prices of the one before"""
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
    scouted = prices = region.scout(effort.scouts)
    answers: list[tuple[str, Args]] = []
    for number in range(effort.rounds):
        stage, earlier = f"price-{number + 1}", f"price-{number}" if number else None
        answers = region.price(stage, prices, even=number == 0, near=True, earlier=earlier)
        region.clear(f"clear-{number + 1}", stage, answers)
        prices = agreed_prices(scouted, answers, region.cleared, cut)
    last = f"price-{effort.rounds}" if effort.rounds else None
    region.plan(whole_shares(cut, region.cleared, answers), effort.seconds, last)
    for number in range(effort.rests):
        if not region.rest(f"rest-{number + 1}"):
            break
    prices = region.weigh(effort.scouts, prices, last)
    region.price("bound", prices, tighten=True, earlier=last)
    values = region.values()
    bounds, coverage = region.bounds(values), region.coverage_bound(values)
    figures = region.close()
    wrong = joint_violations(cut, figures)
    if wrong:
        raise RefusedJointPlan("\n".join(map(str, wrong)))
    got = joint_levels(cut, list(figures.values()))
    known: dict[str, int | None] = dict(zip(LEVELS, bounds, strict=False)) | {"fairness": 0, "coverage": coverage}
    levels = {
        name: (got[name], max(got[name], bound) if name in MAXIMISED and bound is not None else bound)
        for name, bound in ((name, known.get(name)) for name in LEVELS)
    }
    joint = Joint(cut, levels, figures, region.seconds)
    say(f"joint gap {100 * joint.gap:.2f} %, {sum(region.seconds.values()):.0f} s")
    return joint


def _spread(parts: list[str], count: int) -> list[str]:
    """So many of the parts, evenly over the list."""
    count = min(count, len(parts))
    return [parts[k * len(parts) // count] for k in range(count)]


class _Region:
    def __init__(self, cut: Partition, work: Path, run: Runner, say: Callable[[str], None]):
        self.cut, self.work, self.run, self.say = cut, work, run, say
        self.seconds: dict[str, float] = {}
        self.asked: dict[str, Args] = {}
        self.cleared: dict[int, Args] = {}
        self.shares: dict[str, Args] = {}
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

    def _some(self, count: int) -> list[str]:
        """So many counties, spread over the list, and as long as it does not take `MANY` times as many, one for every shared row of money, the
        largest first: what nobody prices would be asked for as if it were free.
        """
        chosen = set(_spread(self.cut.parts, count))
        rows = [(row["amount_fen"], row["parts"]) for row in self.cut.funds.values()]
        rows += [(row["max_fen"], row["parts"]) for row in self.cut.limits.values()]
        for _, own in sorted(rows, key=lambda row: -row[0]):
            if len(chosen) < MANY * count and not chosen.intersection(own):
                chosen.add(own[len(own) // 2])
        return sorted(chosen)

    def scout(self, count: int) -> list[Args]:
        """First prices per tier: the mean over a few counties, spread over the list, each with an even share."""
        shares = {part: {"shares": even_shares(self.cut, part)} for part in self._some(count)}
        found = self.stage("scout", "scout", {"shared": self.shared, "losses": LOSSES}, shares)
        known = [one["prices"] for one in found.values() if one["prices"]]
        return [mean_prices([prices[tier] for prices in known], tier) for tier in range(3)]

    def price(
        self,
        name: str,
        prices: list[Args],
        *,
        even: bool = False,
        near: bool = False,
        earlier: str | None = None,
        tighten: bool = False,
    ) -> list[tuple[str, Args]]:
        """[(part, its responses by tier)] at `prices`; `even`: within even shares of the offerings, which says nothing of a bound; `near`: what is
        near the best is kept to be cleared; what was kept in the stage `earlier` is begun with; `tighten`: bounds as good as is known.
        """
        common = {
            "shared": self.shared,
            "prices": {str(tier): one for tier, one in enumerate(prices)},
            "tighten": tighten,
            "earlier": earlier,
        }
        asked: dict[str, Args] = {
            part: {"near": near and bool(self.cut.offerings)}
            | ({"shares": even_shares(self.cut, part)["offerings"]} if even else {})
            for part in self.cut.parts
        }
        found = self.stage(name, "price", common, asked)
        for tier in () if even else range(3):
            answers = [one["responses"].get(str(tier)) for one in found.values()]
            if all(answers):
                self.asked[f"{name} {tier}"] = {
                    "tier": tier,
                    "prices": prices[tier],
                    "bound": sum(a["bound"] for a in answers),
                }
        return [(part, one["responses"]) for part, one in found.items()]

    def clear(self, name: str, stage: str, found: list[tuple[str, Args]]) -> None:
        """Puts together what the counties answered in `stage`: goods and hours of each tier by themselves."""
        asked = {}
        for tier in range(3) if self.cut.offerings else ():
            if all(str(tier) in responses for _, responses in found):
                # what a county answered is known by the hash of what it was asked
                answers = {part: result(self.work, stage, part)["inputs"] for part, _ in found}  # type: ignore[index]
                for kind, flows in (("goods", True), ("hours", False)):
                    asked[f"{kind}-{tier}"] = {"tier": tier, "flows": flows, "answers": answers}
        done = self.stage(name, "clear", {"stage": stage, "capacity": self.capacity}, asked) if asked else {}
        solved: dict[int, list[Args]] = {}
        for key, one in done.items():
            if one["cleared"]:
                solved.setdefault(asked[key]["tier"], []).append(one["cleared"])
        self.cleared = {tier: joined(some) for tier, some in solved.items()}
        for tier, one in self.cleared.items():
            self.say(f"  {one['points'][tier]:.0f} points of tier {tier + 1} together")

    def weigh(self, count: int, prices: list[Args], earlier: str | None) -> list[Args]:
        """`prices` with the last tier's money and points of earlier tiers as they are worth beside the plan: the mean over a few counties.

        Earlier tiers lose so little that what was agreed before the plan serves them; nor do the prices of money that no chosen county has change.
        """
        last, parts = len(prices) - 1, self.cut.parts
        money = {
            part: {"shares": {name: self.shares[part][name] for name in ("funds", "limits")}}
            for part in _spread(parts, count)
        }
        common = {
            "shared": self.shared,
            "tier": last,
            "prices": prices[last],
            "planned": "plan",
            "earlier": earlier,
        }
        found = [one["prices"] for one in self.stage("weigh", "weigh", common, money).values()]
        known = [one for one in found if one]
        if not known:
            return prices
        mean = mean_prices(known, last)
        seen = {name: {key for one in known for key in one[name]} for name in ("funds", "limits")}
        kept = {
            name: {key: price for key, price in prices[last][name].items() if key not in seen[name]}
            for name in ("funds", "limits")
        }
        return [
            *prices[:last],
            {
                "offerings": prices[last]["offerings"],
                "funds": kept["funds"] | mean["funds"],
                "limits": kept["limits"] | mean["limits"],
                "tiers": mean["tiers"],
            },
        ]

    def _bound(self, one: Args, least: list[float]) -> float:
        """Σ county bounds + Σ price · shared row − Σ price · points kept, with a margin of 1e-10 of the magnitudes for these few sums."""
        prices = one["prices"]
        terms = [one["bound"]]
        terms += [p * self.capacity[o] for o, p in prices["offerings"].items()]
        terms += [p * self.amounts["fund", f] for f, p in prices["funds"].items()]
        terms += [p * self.amounts["limit", k] for k, p in prices["limits"].items()]
        terms += [-p * v for p, v in zip(prices["tiers"], least, strict=True)]
        return sum(terms) + 1e-10 * sum(map(abs, terms)) + 1e-3

    def plan(self, shares: dict[str, Args], seconds: float, near: str | None) -> None:
        """An integer plan of every county within its shares, from the columns named in the stage `near`."""
        self.shares = shares
        common = {"seconds": seconds, "near": near}
        found = self.stage("plan", "plan", common, {part: {"shares": shares[part]} for part in self.cut.parts})
        self.uses = {part: one["use"] for part, one in found.items()}
        self.points = [sum(one["points"][t] for one in found.values()) for t in range(3)]

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

    def coverage_bound(self, values: list[int]) -> int | None:
        """What no joint plan's coverage can pass, from the prices that bound each tier best beside `values`; None where a tier has none."""
        tiers = []
        for tier in range(3):
            asked = [one for one in self.asked.values() if one["tier"] == tier]
            if not asked:
                return None
            best = min(asked, key=lambda one: self._bound(one, values[: one["tier"]]))
            tiers.append((self._bound(best, [0.0] * tier), best["prices"]["tiers"]))
        return int(most_coverage(tiers))

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
