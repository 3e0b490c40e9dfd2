"""What a valid plan leaves free in every row of the problem, and which row stands against delivering one pair more.

Solver-free, in whole numbers. Unlike `matching.explanation`, which proposes changes, this only says what fits; parts of the plan can be released
for a moment to see what would fit then.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from matching.charging import FundFlow, units_of
from matching.pairs import Pairs
from matching.problem import Problem

PLENTY = 2**62
KEPT = 10_000  # answers about funds kept in memory
TRIES = 2_000  # ways to fill one `whole` need from paid sources before the question is left undecided


Kind = tuple[int, int, tuple[int, ...], int]
"""Sources alike in all that money asks: (fen per unit, payer class, limits that count them, idle units)"""
Bill = tuple[int, tuple[int, ...], int]
"""(payer class, limits that count it, fen)"""


@dataclass(frozen=True, slots=True)
class Release:
    """Units that one need gives up: {pair: units}, and the points it loses by that."""

    need: int
    units: Mapping[int, int]
    points: int


class Standing:
    """A valid plan seen from its rows. Pairs, needs and offerings are numbered as in `pairs` and `problem`."""

    def __init__(self, problem: Problem, pairs: Pairs, served: Mapping[tuple[str, str], int]):
        self.problem, self.pairs = problem, pairs
        self.points = [need.unit_points for need in problem.needs]
        self.units: list[int] = units_of(problem, pairs, served).tolist()
        self._need, self._offering = pairs.need.tolist(), pairs.offering.tolist()
        self._cost, self._class = pairs.unit_cost_fen.tolist(), pairs.payer_class.tolist()
        self._load = pairs.load.tolist()
        self._missing = [need.quantity for need in problem.needs]
        self._room = [offering.capacity for offering in problem.offerings]
        self._slots = [PLENTY if o.max_needs is None else o.max_needs for o in problem.offerings]
        self._cap = {need.household: _or_plenty(problem.cap_fen(need.household)) for need in problem.needs}
        self._limit = [limit.max_fen for limit in problem.limits]
        self._counted: list[list[int]] = [[] for _ in self.units]
        for k, members in enumerate(pairs.limit_members):
            for pair in members.tolist():
                self._counted[pair].append(k)
        self._spent = [0] * len(pairs.payer_sets)
        self._by_need: list[list[int]] = [[] for _ in problem.needs]
        self._held: list[list[int]] = [[] for _ in problem.offerings]
        for pair, units in enumerate(self.units):
            self._by_need[self._need[pair]].append(pair)
            if units:
                self._held[self._offering[pair]].append(pair)
                self._use(pair, units)
        self._rooms_of_funds: dict[tuple[int, tuple[int, ...]], int] = {}
        pins = {(problem.need_index[p.need], problem.offering_index[p.offering]) for p in problem.pins}
        self.pinned = (
            {p for p in range(len(self.units)) if (self._need[p], self._offering[p]) in pins} if pins else set()
        )
        self.short = [
            n for n in sorted(range(len(problem.needs)), key=lambda n: problem.needs[n].id) if self._missing[n] > 0
        ]

    # -- looking ------------------------------------------------------------------------------------------------------

    def names(self, pair: int) -> tuple[str, str]:
        return self.problem.needs[self._need[pair]].id, self.problem.offerings[self._offering[pair]].id

    def rank(self, need: int) -> tuple[int, int]:
        """Smaller goes first: the tier, then more points per unit."""
        return self.problem.needs[need].tier, -self.points[need]

    def pairs_of(self, need: int) -> list[int]:
        return self._by_need[need]

    def holders(self, pair: int) -> list[int]:
        """Pairs through which the offering of `pair` serves other needs."""
        return [p for p in self._held[self._offering[pair]] if self._need[p] != self._need[pair]]

    def idle(self, pair: int) -> int:
        return self._room[self._offering[pair]]

    def load(self, pair: int) -> int:
        return self._load[pair]

    def fund_room(self, payer_class: int) -> int:
        """The most fen that funds of the class could still pay, with all else charged as cleverly as possible."""
        key = payer_class, tuple(self._spent)
        if key not in self._rooms_of_funds:
            if len(self._rooms_of_funds) > KEPT:
                self._rooms_of_funds.clear()
            flow = FundFlow(self.problem, self.pairs.payer_sets)
            for other, fen in enumerate(self._spent):
                if fen and not flow.add(other, fen):
                    raise ValueError("the plan costs more than its funds can pay")
            self._rooms_of_funds[key] = flow.room(payer_class)
        return self._rooms_of_funds[key]

    # -- what fits ------------------------------------------------------------------------------------------------------

    def most(self, pair: int) -> int:
        """Units that the need of `pair` could get on top: from this offering, or, for a `whole` need, from all that are idle."""
        need = self.problem.needs[self._need[pair]]
        if need.fill == "whole":
            return need.quantity if self._whole_obstacle(pair)[0] is None else 0
        if self._fixed_obstacle(pair)[0] is not None:
            return 0
        if need.fill == "single":
            return need.quantity if self.obstacle(pair)[0] is None else 0
        most = min(self._missing[self._need[pair]], self.idle(pair))
        if need.unit_worth_fen:
            most = min(most, self._cap[need.household] // need.unit_worth_fen)
        if cost := self._cost[pair]:
            rooms = [self.fund_room(self._class[pair]), *(self._limit[k] for k in self._counted[pair])]
            most = min(most, min(rooms) // cost)
        return max(0, most)

    def obstacle(self, pair: int) -> tuple[str | None, str]:
        """(reason, row) of the first row against the smallest delivery on top through `pair`; (None, "") where it fits.

        The smallest delivery is one unit where any part counts, else all of the need.
        """
        need = self.problem.needs[self._need[pair]]
        if need.fill == "whole":
            return self._whole_obstacle(pair)
        fixed = self._fixed_obstacle(pair)
        if fixed[0] is not None:
            return fixed
        units = need.quantity if need.fill == "single" else 1
        taken = self._load[pair] if need.fill == "single" else units
        if self._missing[self._need[pair]] < units:
            return "unit_size", f"need {need.id}"
        if taken > self.idle(pair):
            return "unit_size", f"offering {self.names(pair)[1]} has {self.idle(pair)} idle, {taken} are asked"
        if need.unit_worth_fen * units > self._cap[need.household]:
            return "household_cap", f"household {need.household}"
        cost = self._cost[pair] * units
        if cost:
            for k in self._counted[pair]:
                if cost > self._limit[k]:
                    return "limit", f"limit {self.problem.limits[k].id}"
            if cost > self.fund_room(self._class[pair]):
                return "fund", self._fund_row(self._class[pair])
        return None, ""

    def _fixed_obstacle(self, pair: int) -> tuple[str | None, str]:
        if pair in self.pinned:
            return "pin", " ".join(("pin", *self.names(pair)))
        if not self.units[pair] and self._slots[self._offering[pair]] < 1:
            return "max_needs", f"offering {self.names(pair)[1]}"
        return None, ""

    def _fund_row(self, payer_class: int) -> str:
        return "fund " + ", ".join(sorted(self.problem.funds[f].id for f in self.pairs.payer_sets[payer_class]))

    def _whole_obstacle(self, pair: int) -> tuple[str | None, str]:
        """For a need that takes all from one or several offerings: whether all that is idle, together, can fill it."""
        fixed = self._fixed_obstacle(pair)
        if fixed[0] is not None:
            return fixed
        n = self._need[pair]
        need = self.problem.needs[n]
        if any(self.units[p] for p in self._by_need[n]):
            return "unit_size", f"need {need.id}"
        sources = [p for p in self._by_need[n] if self._fixed_obstacle(p)[0] is None and self.idle(p) > 0]
        if sum(self.idle(p) for p in sources) < need.quantity:
            if sum(self.idle(p) for p in self._by_need[n] if p not in self.pinned) >= need.quantity:
                return "max_needs", "offerings without a place for another need"
            return "unit_size", f"need {need.id} takes all {need.quantity} or nothing"
        if need.unit_worth_fen * need.quantity > self._cap[need.household]:
            return "household_cap", f"household {need.household}"
        return self._money_for(n, sources)

    def _money_for(self, need: int, sources: list[int]) -> tuple[str | None, str]:
        """Whether the quantity can be paid for in some mix of the sources: the free ones first, then those that cost least."""
        left = self._missing[need] - sum(self.idle(p) for p in sources if not self._cost[p])
        if left <= 0:
            return None, ""
        paid: dict[tuple[int, int, tuple[int, ...]], int] = {}
        for p in sources:
            if self._cost[p]:
                key = self._cost[p], self._class[p], tuple(self._counted[p])
                paid[key] = paid.get(key, 0) + self.idle(p)
        kinds = sorted((*key, units) for key, units in paid.items())
        self._tries = TRIES
        if self._mix(kinds, left, [], funds=True):
            return None, ""
        if self._tries <= 0:
            return "undecided", f"need {self.problem.needs[need].id} has {len(kinds)} kinds of paid sources"
        self._tries = TRIES
        if not self._mix(kinds, left, [], funds=False):
            row = ", ".join(sorted({self.problem.limits[k].id for _, _, counted, _ in kinds for k in counted}))
            return "limit", f"limit {row}"
        return "fund", " and ".join(sorted({self._fund_row(c) for _, c, _, _ in kinds}))

    def _mix(self, kinds: list[Kind], left: int, chosen: list[Bill], *, funds: bool) -> bool:
        """Tries `left` units from these kinds of sources, most from the cheapest first; without `funds` only the limits are asked."""
        if left == 0:
            return True
        rooms = [self._kind_room(kind, chosen, funds=funds) for kind in kinds]
        if self._tries <= 0 or sum(rooms) < left:
            return False
        (fen, payer_class, counted, _), *rest = kinds
        for units in range(min(rooms[0], left), -1, -1):
            self._tries -= 1
            if self._tries <= 0:
                return False
            more = [*chosen, (payer_class, counted, units * fen)] if units else chosen
            if self._mix(rest, left - units, more, funds=funds):
                return True
        return False

    def _kind_room(self, kind: Kind, chosen: list[Bill], *, funds: bool) -> int:
        """The most units of one kind beside what is chosen, were no other kind used."""
        fen, payer_class, counted, available = kind
        rooms = [self._limit[k] - sum(paid for _, theirs, paid in chosen if k in theirs) for k in counted]
        if funds:
            with self._billed(chosen):
                rooms.append(self.fund_room(payer_class))
        return min([available, *(room // fen for room in rooms)])

    @contextmanager
    def _billed(self, bills: list[Bill]) -> Iterator[None]:
        """Inside, the funds have paid these bills too."""
        for payer_class, _, fen in bills:
            self._spent[payer_class] += fen
        try:
            yield
        finally:
            for payer_class, _, fen in bills:
                self._spent[payer_class] -= fen

    # -- releasing ------------------------------------------------------------------------------------------------------

    def releases(self, pair: int, held: int) -> list[Release]:
        """What the holder might give up of the offering for the sake of `pair`, from little to all."""
        need, holder = self._need[pair], self._need[held]
        points, units = self.points[holder], self.units[held]
        if self.problem.needs[holder].fill != "any":
            everything = {p: self.units[p] for p in self._by_need[holder] if self.units[p]}
            if any(p in self.pinned for p in everything):
                return []
            return [Release(holder, everything, points * sum(everything.values()))]
        asked = {
            "any": 1,
            "single": max(1, self._load[pair] - self.idle(pair)),
            "whole": max(1, self._missing[need] - sum(self.idle(p) for p in self._by_need[need])),
        }[self.problem.needs[need].fill]
        amounts = sorted({min(units, 1), min(units, asked), units})
        return [Release(holder, {held: amount}, points * amount) for amount in amounts]

    @contextmanager
    def released(self, release: Release) -> Iterator[None]:
        """Inside, the units of the release are free."""
        for pair, units in release.units.items():
            self._use(pair, -units)
            self.units[pair] -= units
        try:
            yield
        finally:
            for pair, units in release.units.items():
                self.units[pair] += units
                self._use(pair, units)

    def _use(self, pair: int, units: int) -> None:
        """Books `units` on every row, or gives them back where negative; `self.units` holds the pair with these units still in it."""
        need, o = self.problem.needs[self._need[pair]], self._offering[pair]
        single = need.fill == "single"
        sign = 1 if units > 0 else -1
        self._missing[self._need[pair]] -= units
        self._room[o] -= sign * self._load[pair] if single else units
        if units < 0 and -units == self.units[pair]:
            self._slots[o] += 1
        elif units > 0 and units == self.units[pair]:
            self._slots[o] -= 1
        if self._cap[need.household] < PLENTY:
            self._cap[need.household] -= need.unit_worth_fen * units
        if fen := self._cost[pair] * units:
            self._spent[self._class[pair]] += fen
            for k in self._counted[pair]:
                self._limit[k] -= fen


def _or_plenty(amount: int | None) -> int:
    return PLENTY if amount is None else amount
