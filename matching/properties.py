"""What a fair plan must not do: leave a unit idle that an unmet need could use, or serve one need before another that outranks it.

Nothing is solved here. Each idle unit beside an unmet need, and each case of a need served before one that outranks it, is set against every
row of the problem; the row that stands against it is its reason. What is left without a reason is waste, or justified envy: an optimal
plan has none, because the one unit more would have raised a tier or the coverage, and the exchange a tier.

Reasons: `pin` (the pair has exactly what is pinned), `unit_size` (a need that takes all or nothing needs more than is idle, or the exchange
would cost more points than it brings), `max_needs`, `household_cap`, `limit`, `fund`; for envy also `fairness_floor` (the exchange would push a
township further below its floor) and `tolerance` (the coverage counts the points that the tolerance left open otherwise); `unproven` where
the search did not finish the level that rules it out; `undecided` where the ways to fill one need from many sources are too many to try.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from matching.pairs import Pairs, build_pairs
from matching.problem import Problem
from matching.rules import COVERAGE_WEIGHTS, LEVELS, Rules
from matching.solution import Plan
from matching.standing import Release, Standing

TIERS = LEVELS[:3]


@dataclass(frozen=True, slots=True)
class Idle:
    """`units` of an offering are idle and the unmet need may use them; `reason` None: nothing stands against it, so they are wasted."""

    need: str
    offering: str
    units: int
    reason: str | None
    row: str
    """The row that stands against it, `fund F1, F2`; empty for waste"""


@dataclass(frozen=True, slots=True)
class Envy:
    """`need` lacks something that `holder`, whom it outranks, gets from `offering`; `reason` None: nothing justifies that."""

    need: str
    holder: str
    offering: str
    reason: str | None
    row: str


def idle_units(problem: Problem, plan: Plan, pairs: Pairs | None = None) -> Iterator[Idle]:
    """Every (unmet need, offering with idle capacity) that may meet, with the reason. The plan must be valid."""
    state = Standing(problem, build_pairs(problem) if pairs is None else pairs, plan.served())
    finished = _proven(plan, "coverage")
    for need in state.short:
        for pair in state.pairs_of(need):
            idle = state.idle(pair)
            if idle < 1 and state.load(pair) > 0:
                continue
            reason, row = state.obstacle(pair)
            if reason is None and not finished:
                reason, row = "unproven", "level coverage"
            yield Idle(*state.names(pair), idle, reason, row)


def envies(problem: Problem, plan: Plan, pairs: Pairs | None = None) -> Iterator[Envy]:
    """Every need served from an offering that an unmet need of higher rank may use, with the reason. The plan must be valid.

    A need outranks another by its tier, within a tier by its points per unit. The exchange that is tried: the holder gives up units of this
    offering (one, as many as the other asks, or all; a need that takes all or nothing gives up all it has), and the other gets what then fits.
    """
    state = Standing(problem, build_pairs(problem) if pairs is None else pairs, plan.served())
    said = _Claims(problem, plan)
    for need in state.short:
        for pair in state.pairs_of(need):
            for held in state.holders(pair):
                holder = int(state.pairs.need[held])
                if state.rank(need) < state.rank(holder):
                    reason, row = _why_kept(state, said, pair, held)
                    code, offering = state.names(pair)
                    yield Envy(code, problem.needs[holder].id, offering, reason, row)


@dataclass(frozen=True, slots=True)
class Reasons:
    """How often each reason stands, and a sentence for each case that none justifies."""

    idle: dict[str, int]
    envy: dict[str, int]
    unjustified: tuple[str, ...]


def count_reasons(problem: Problem, plan: Plan) -> Reasons:
    """Idle units beside unmet needs, and needs served before one of higher rank, counted by reason. The plan must be valid."""
    pairs = build_pairs(problem)
    idle, envy = Counter[str](), Counter[str]()
    unjustified: list[str] = []
    for one in idle_units(problem, plan, pairs):
        if one.reason is not None:
            idle[one.reason] += 1
        else:
            unjustified.append(
                f"offering {one.offering}: {one.units} idle, although need {one.need} lacks them and may have them"
            )
    for case in envies(problem, plan, pairs):
        if case.reason is not None:
            envy[case.reason] += 1
        else:
            unjustified.append(
                f"offering {case.offering}: serves need {case.holder}, although {case.need} goes before it and could have that"
            )
    return Reasons(dict(sorted(idle.items())), dict(sorted(envy.items())), tuple(unjustified))


def _why_kept(state: Standing, said: "_Claims", pair: int, held: int) -> tuple[str | None, str]:
    """Why the holder keeps what it has, as (reason, row); (None, "") where nothing justifies it."""
    if held in state.pinned:
        return "pin", " ".join(("pin", *state.names(held)))
    if pair in state.pinned:
        return "pin", " ".join(("pin", *state.names(pair)))
    need, holder = int(state.pairs.need[pair]), int(state.pairs.need[held])
    same_tier = state.problem.needs[need].tier == state.problem.needs[holder].tier
    answer: tuple[str | None, str] | None = None
    for release in state.releases(pair, held):
        with state.released(release):
            units = state.most(pair)
            if not units:
                answer = state.obstacle(pair)
                continue
            gained, lost = units * state.points[need], release.points
            if same_tier and gained <= lost:
                answer = "unit_size", f"need {state.problem.needs[holder].id} would lose {lost} points for {gained}"
                continue
            excuse = said.excuse(state, need, gained, release)
            if excuse is None:
                return None, ""
            answer = excuse
    return answer or ("pin", f"need {state.problem.needs[holder].id}")


class _Claims:
    """What the plan claims of its levels, and where these leave room for an exchange that ranks alone would ask for."""

    def __init__(self, problem: Problem, plan: Plan):
        self.rules, self.permille = Rules(problem), problem.policy.tolerance_permille
        self.levels = {level.name: level for level in plan.levels}
        values = [self.levels[name].value for name in TIERS]
        self.floors = self.rules.floors(values)
        self.have = dict.fromkeys(self.floors, 0)
        self.towns = {need.id: self.rules.township(need) for need in problem.needs}
        for (need_id, _), units in plan.served().items():
            self.have[self.towns[need_id]] += self.rules.need(need_id).unit_points * units

    def excuse(self, state: Standing, need: int, gained: int, release: Release) -> tuple[str, str] | None:
        """The level that explains why the exchange was not made, or None where the proven levels rule it out."""
        row, holder = state.problem.needs[need], state.problem.needs[release.need]
        upto = [self.levels[name] for name in TIERS[: row.tier]]
        unproven = next((level.name for level in upto if not level.proven), None)
        if unproven is not None:
            return "unproven", f"level {unproven}"
        if all(level.achieved >= level.value for level in upto):
            return None
        level = self.levels[TIERS[holder.tier - 1]]
        kept = -(-level.value * (1000 - self.permille) // 1000)
        if level.achieved - release.points + (gained if holder.tier == row.tier else 0) < kept:
            return "tolerance", f"tier {holder.tier} kept at {kept}"
        town, theirs = self.towns[row.id], self.towns[holder.id]
        after = dict(self.have)
        after[town] += gained
        after[theirs] -= release.points
        worse = sum(
            max(0, f - after[g]) - max(0, f - self.have[g]) for g, f in self.floors.items() if g in (town, theirs)
        )
        if worse > 0:
            return "fairness_floor", f"township {theirs}"
        if not self.levels["fairness"].proven or not self.levels["coverage"].proven:
            return "unproven", "level fairness" if not self.levels["fairness"].proven else "level coverage"
        weight, theirs_weight = COVERAGE_WEIGHTS[row.tier - 1], COVERAGE_WEIGHTS[holder.tier - 1]
        if worse == 0 and gained * weight <= release.points * theirs_weight:
            return "tolerance", f"tier {row.tier} within {self.permille} ‰ of its value"
        return None


def _proven(plan: Plan, name: str) -> bool:
    return any(level.name == name and level.proven for level in plan.levels)
