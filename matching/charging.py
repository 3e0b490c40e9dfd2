"""Who pays: the costs of a plan spread over the funds that may pay them, in whole fen.

Allocations with the same set of possible payers form a class; classes × funds is a small transport problem. Money is
pushed along augmenting paths, so that a cost is refused only when no shifting of earlier charges could make room.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from kernel.errors import NotEnough
from matching.pairs import Pairs
from matching.problem import Problem
from matching.solution import Allocation, Charge


class FundsExhausted(NotEnough):
    """The funds that may pay cannot carry the costs of these allocations."""


class FundFlow:
    """What each class of payers has charged to each fund; `add` keeps every fund within its amount."""

    def __init__(self, problem: Problem, payer_sets: Sequence[tuple[int, ...]]):
        ids = [fund.id for fund in problem.funds]
        self.payers = [sorted(funds, key=ids.__getitem__) for funds in payer_sets]
        """Per class: the funds that may pay"""
        self.spare = [fund.amount_fen for fund in problem.funds]
        """Per fund: fen not yet charged"""
        self.charged: list[dict[int, int]] = [{} for _ in payer_sets]
        """Per class: fund → fen"""
        self._users: list[set[int]] = [set() for _ in ids]

    def add(self, payer_class: int, fen: int) -> bool:
        """Charges `fen` to funds of the class, shifting other classes where needed; False and no change if impossible."""
        return self._push(payer_class, fen, keep_part=False) == fen

    def room(self, payer_class: int) -> int:
        """The most that the class could charge on top, in fen, were all other costs charged as cleverly as possible."""
        before = self.snapshot()
        pushed = self._push(payer_class, sum(self.spare), keep_part=True)
        self.restore(before)
        return pushed

    def _push(self, payer_class: int, fen: int, *, keep_part: bool) -> int:
        for fund in self.payers[payer_class]:
            if self.spare[fund] >= fen:
                self._shift([(payer_class, fund)], [], fen)
                return fen
        before = None if keep_part else self.snapshot()
        left = fen
        while left > 0:
            path = self._path(payer_class)
            if path is None:
                break
            forward, back = path
            step = min([left, self.spare[forward[-1][1]], *(self.charged[c][f] for c, f in back)])
            self._shift(forward, back, step)
            left -= step
        if left and before is not None:
            self.restore(before)
            return 0
        return fen - left

    def _path(self, start: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]] | None:
        """Shortest way from a class to a fund with spare money: (charges to raise, charges to lower)."""
        came: dict[int, tuple[int, int | None]] = {}  # fund → (class that reaches it, fund that class was reached from)
        seen, queue = {start}, deque([(start, None)])
        while queue:
            current, via = queue.popleft()
            for fund in self.payers[current]:
                if fund in came:
                    continue
                came[fund] = (current, via)
                if self.spare[fund]:
                    forward, back, at = [], [], fund
                    while at is not None:
                        who, previous = came[at]
                        forward.append((who, at))
                        if previous is not None:
                            back.append((who, previous))
                        at = previous
                    return forward[::-1], back
                for other in sorted(self._users[fund] - seen):
                    seen.add(other)
                    queue.append((other, fund))
        return None

    def _shift(self, forward: list[tuple[int, int]], back: list[tuple[int, int]], fen: int) -> None:
        if not fen:
            return
        for c, fund in forward:
            self.charged[c][fund] = self.charged[c].get(fund, 0) + fen
            self._users[fund].add(c)
        for c, fund in back:
            self.charged[c][fund] -= fen
            if not self.charged[c][fund]:
                del self.charged[c][fund]
                self._users[fund].discard(c)
        self.spare[forward[-1][1]] -= fen

    def snapshot(self) -> tuple[list[int], list[dict[int, int]], list[set[int]]]:
        """The present state, for `restore`."""
        return self.spare.copy(), [one.copy() for one in self.charged], [one.copy() for one in self._users]

    def restore(self, state: tuple[list[int], list[dict[int, int]], list[set[int]]]) -> None:
        self.spare, self.charged, self._users = state


def fund_flow(problem: Problem, pairs: Pairs, units: np.ndarray) -> FundFlow:
    """All costs of `units` (int64 per pair) charged. Raises FundsExhausted where that is impossible."""
    cost = np.zeros(len(pairs.payer_sets), np.int64)
    np.add.at(cost, pairs.payer_class, pairs.unit_cost_fen * units)
    flow = FundFlow(problem, pairs.payer_sets)
    for payer_class in np.flatnonzero(cost).tolist():
        if not flow.add(payer_class, int(cost[payer_class])):
            names = ", ".join(problem.funds[f].id for f in pairs.payer_sets[payer_class])
            raise FundsExhausted("%(fen)s fen cannot be charged to %(funds)s", fen=int(cost[payer_class]), funds=names)
    return flow


def units_of(problem: Problem, pairs: Pairs, served: Mapping[tuple[str, str], int]) -> np.ndarray:
    """Delivered units per pair (int64) of `served`. Raises KeyError for a pair that is not compatible."""
    size = len(problem.offerings)
    keys = pairs.need.astype(np.int64) * size + pairs.offering
    place = {key: i for i, key in enumerate(keys.tolist())} if len(served) > 1000 else None
    units = np.zeros(len(pairs), np.int64)
    for (need, offering), quantity in served.items():
        if quantity:
            key = problem.need_index[need] * size + problem.offering_index[offering]
            at = (
                place[key]
                if place is not None
                else int(np.flatnonzero(keys == key)[0])
                if (keys == key).any()
                else None
            )
            if at is None:
                raise KeyError((need, offering))
            units[at] = quantity
    return units


def charge(problem: Problem, pairs: Pairs, units: np.ndarray) -> tuple[Allocation, ...]:
    """The allocations of `units` (int64 per pair) in the order of the pairs, with their charges.

    Raises FundsExhausted where the funds cannot carry them.
    """
    flow = fund_flow(problem, pairs, units)
    ids = [fund.id for fund in problem.funds]
    left = [sorted(([ids[f], fen] for f, fen in one.items()), reverse=True) for one in flow.charged]
    allocations = []
    for p in np.flatnonzero(units).tolist():
        due, charges = int(pairs.unit_cost_fen[p] * units[p]), []
        stack = left[pairs.payer_class[p]]
        while due:
            part = min(due, stack[-1][1])
            charges.append(Charge(stack[-1][0], part))
            stack[-1][1] -= part
            due -= part
            if not stack[-1][1]:
                stack.pop()
        need, offering = problem.needs[pairs.need[p]], problem.offerings[pairs.offering[p]]
        allocations.append(Allocation(need.id, offering.id, int(units[p]), tuple(charges)))
    return tuple(allocations)
