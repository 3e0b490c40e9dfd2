"""Why a need stays unmet, wholly or in part: the reason, the row that binds, who went before, and what would help.

Everything is said about one plan. The change is the smallest of its kind that lets this need be served (one more unit
where any part counts, else all of it) while the rest of the plan stays as it is; it is tried before it is stated
(`verified`: `rest_of_plan_fixed`). Solved again, a larger claim may take what the change sets free; a change that
frees a row only for this need cannot be lost that way.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from matching.changes import Change, remove_row, set_field
from matching.charging import fund_flow, units_of
from matching.obstacles import Obstacles
from matching.pairs import Pairs
from matching.problem import Need, Offering, Problem
from matching.rules import Rules
from matching.solution import Unmet
from matching.solver.fund_rooms import fund_rooms

PINNED, LIMIT, FUND, MAX_NEEDS, CAPACITY = 1, 2, 4, 8, 16
_PLENTY = 2**62
_SHOWN = 5  # needs named in `went_before`; the rest is counted


def explain_unmet(problem: Problem, pairs: Pairs, served: Mapping[tuple[str, str], int]) -> list[Unmet]:
    """One entry per need that lacks something, sorted by need id. `served` must be a feasible plan of `problem`."""
    state = _Standing(problem, pairs, units_of(problem, pairs, served))
    return [_explain(state, i) for i in sorted(state.short, key=lambda i: problem.needs[i].id)]


class _Standing:
    """A plan with what is left of every scarce row, and per pair what would stand against using it more."""

    def __init__(self, problem: Problem, pairs: Pairs, units: np.ndarray):
        self.problem, self.pairs, self.units = problem, pairs, units
        self.rules = Rules(problem)
        self.obstacles = Obstacles(problem, self.rules)
        needs, offerings = problem.needs, problem.offerings
        quantity = np.array([n.quantity for n in needs], np.int64)
        single = np.array([n.fill == "single" for n in needs], bool)
        got = np.zeros(len(needs), np.int64)
        np.add.at(got, pairs.need, units)
        self.missing = quantity - got
        self.short = np.flatnonzero(self.missing > 0).tolist()

        self.used = np.zeros(len(offerings), np.int64)
        np.add.at(self.used, pairs.offering, np.where(single[pairs.need], (units > 0) * pairs.load, units))
        self.capacity = np.array([o.capacity for o in offerings], np.int64)
        self.serving = np.zeros(len(offerings), np.int64)
        np.add.at(self.serving, pairs.offering, units > 0)
        most = np.array([_PLENTY if o.max_needs is None else o.max_needs for o in offerings], np.int64)
        self.slots = most - self.serving
        self.worth: dict[str, int] = {}
        for need, amount in zip(needs, got.tolist(), strict=True):
            self.worth[need.household] = self.worth.get(need.household, 0) + need.unit_worth_fen * amount
        self.spent = [int((pairs.unit_cost_fen[m] * units[m]).sum()) for m in pairs.limit_members]
        self.flow = fund_flow(problem, pairs, units)
        self.fund_room = np.array(fund_rooms(self.flow), np.int64)
        self.limit_room = np.full(len(pairs), _PLENTY, np.int64)
        for limit, members, spent in zip(problem.limits, pairs.limit_members, self.spent, strict=True):
            self.limit_room[members] = np.minimum(self.limit_room[members], limit.max_fen - spent)
        self.pinned = {(problem.need_index[p.need], problem.offering_index[p.offering]) for p in problem.pins}
        order = np.argsort(pairs.need, kind="stable")
        self._start = np.searchsorted(pairs.need[order], np.arange(len(needs) + 1))
        self._order = order
        self._holders = np.argsort(np.where(units > 0, pairs.offering, len(offerings)), kind="stable")
        self._holder_start = np.searchsorted(
            np.where(units > 0, pairs.offering, len(offerings))[self._holders], np.arange(len(offerings) + 1)
        )

    def pairs_of(self, need: int) -> np.ndarray:
        return self._order[self._start[need] : self._start[need + 1]]

    def holders(self, offering: int) -> list[int]:
        """Pairs through which the offering serves somebody now."""
        return self._holders[self._holder_start[offering] : self._holder_start[offering + 1]].tolist()

    def left(self, offering: int) -> int:
        return int(self.capacity[offering] - self.used[offering])

    def cap_left(self, need: Need) -> int | None:
        cap = self.problem.cap_fen(need.household)
        return None if cap is None else cap - self.worth[need.household]


def _explain(state: _Standing, index: int) -> Unmet:
    need, missing = state.problem.needs[index], int(state.missing[index])
    if not len(state.pairs_of(index)):
        return _without_pairs(state, index)
    pair, wanted, blockers = _closest(state, index)
    changes = _money_and_room(state, need, pair, wanted, blockers)
    cap_change = _cap_change(state, need, missing)
    if cap_change is not None:
        changes.insert(0, cap_change)
    reason, detail = _name_reason(state, index, pair, wanted, blockers, cap_change)
    detail["offering"] = state.problem.offerings[state.pairs.offering[pair]].id
    detail["asked_units"] = wanted
    detail["changes"] = changes
    detail["verified"] = "rest_of_plan_fixed" if changes else "nothing_to_change"
    return Unmet(need.id, missing, reason, detail)


def _closest(state: _Standing, index: int) -> tuple[int, int, int]:
    """(pair, units it would have to give, what blocks it): the pair with the fewest blockers, cheapest and nearest first.

    A `whole` need may take from several offerings: each pair is asked only for what the others' free room leaves open.
    Only room that costs nothing is counted there, because rooms that share a fund cannot be added up.
    """
    pairs, need = state.pairs, state.problem.needs[index]
    mine = state.pairs_of(index)
    offering, cost, units = pairs.offering[mine], pairs.unit_cost_fen[mine], state.units[mine]
    left = state.capacity[offering] - state.used[offering]
    no_slot = (state.slots[offering] < 1) & (units == 0)
    pinned = np.array([(index, o) in state.pinned for o in offering.tolist()], bool)
    missing = int(state.missing[index])
    if need.fill == "whole":
        free = np.where(no_slot | pinned | (cost > 0), 0, np.minimum(left, missing))
        wanted = np.clip(missing - (free.sum() - free), 1, missing)
        load = wanted
    elif need.fill == "single":
        wanted, load = np.full(len(mine), missing), pairs.load[mine]
    else:
        wanted = load = np.ones(len(mine), np.int64)
    blockers = np.where(pinned, PINNED, 0)
    blockers |= np.where(no_slot, MAX_NEEDS, 0) | np.where(left < load, CAPACITY, 0)
    blockers |= np.where((cost > 0) & (cost * wanted > state.fund_room[pairs.payer_class[mine]]), FUND, 0)
    blockers |= np.where((cost > 0) & (cost * wanted > state.limit_room[mine]), LIMIT, 0)
    count = np.array([int(b).bit_count() for b in blockers.tolist()])
    best = int(np.lexsort((mine, pairs.distance_m[mine], cost, count, pinned))[0])
    return int(mine[best]), int(wanted[best]), int(blockers[best])


def _money_and_room(state: _Standing, need: Need, pair: int, wanted: int, blockers: int) -> list[Change]:
    """One change for each blocker of the pair, each as small as the need allows."""
    problem, pairs = state.problem, state.pairs
    o = int(pairs.offering[pair])
    offering = problem.offerings[o]
    cost = int(pairs.unit_cost_fen[pair]) * wanted
    changes = []
    if blockers & PINNED:
        changes.append(remove_row("pins", need.id, offering.id))
    if blockers & LIMIT:
        for limit, members, spent in zip(problem.limits, pairs.limit_members, state.spent, strict=True):
            if cost > limit.max_fen - spent and _holds(members, pair):
                changes.append(set_field("limits", limit.id, "max_fen", limit.max_fen, spent + cost))
    if blockers & FUND:
        payer_class = int(pairs.payer_class[pair])
        fund = min((problem.funds[f] for f in pairs.payer_sets[payer_class]), key=lambda f: f.id)
        more = cost - int(state.fund_room[payer_class])
        changes.append(set_field("funds", fund.id, "amount_fen", fund.amount_fen, fund.amount_fen + more))
    if blockers & MAX_NEEDS:
        changes.append(set_field("offerings", offering.id, "max_needs", offering.max_needs, int(state.serving[o]) + 1))
    if blockers & CAPACITY:
        load = int(pairs.load[pair]) if need.fill == "single" else wanted
        changes.append(set_field("offerings", offering.id, "capacity", offering.capacity, int(state.used[o]) + load))
    return changes


def _holds(members: np.ndarray, pair: int) -> bool:
    at = int(np.searchsorted(members, pair))
    return at < len(members) and int(members[at]) == pair


def _cap_change(state: _Standing, need: Need, missing: int) -> Change | None:
    """The household's cap raised to what this need asks on top, where it binds."""
    left = state.cap_left(need)
    asked = need.unit_worth_fen * (1 if need.fill == "any" else missing)
    if left is None or asked <= left:
        return None
    cap = state.problem.cap_fen(need.household)
    return set_field("households", need.household, "cap_fen", cap, state.worth[need.household] + asked)


def _name_reason(
    state: _Standing, index: int, pair: int, wanted: int, blockers: int, cap_change: Change | None
) -> tuple[str, dict[str, Any]]:
    problem, pairs, need = state.problem, state.pairs, state.problem.needs[index]
    offering = problem.offerings[pairs.offering[pair]]
    mine = state.pairs_of(index)
    capacities = state.capacity[pairs.offering[mine]]
    if (need.fill == "single" and (pairs.load[mine] > capacities).all()) or (
        need.fill == "whole" and int(capacities.sum()) < need.quantity
    ):
        asked = int(pairs.load[pair]) if need.fill == "single" else need.quantity
        binding = {"table": "offerings", "id": offering.id, "capacity": offering.capacity, "asked": asked}
        together = "any offering has" if need.fill == "single" else "all fitting offerings have together"
        return "too_large", _detail(binding, f"All or nothing of {need.quantity} units is asked: more than {together}.")
    if cap_change is not None:
        binding = {
            "table": "households",
            "id": need.household,
            "cap_fen": cap_change["from"],
            "received_fen": state.worth[need.household],
        }
        text = f"Household {need.household} has received {binding['received_fen']} of at most {binding['cap_fen']} fen."
        return "household_cap", _detail(binding, text)
    if blockers & PINNED:
        binding = {"table": "pins", "need": need.id, "offering": offering.id, "quantity": int(state.units[pair])}
        return "forbidden", _detail(
            binding, f"A pin fixes what {offering.id} gives to this need at {binding['quantity']}."
        )
    cost = int(pairs.unit_cost_fen[pair]) * wanted
    if blockers & LIMIT:
        for limit, members, spent in zip(problem.limits, pairs.limit_members, state.spent, strict=True):
            if cost > limit.max_fen - spent and _holds(members, pair):
                binding = {
                    "table": "limits",
                    "id": limit.id,
                    "max_fen": limit.max_fen,
                    "spent_fen": spent,
                    "asked_fen": cost,
                }
                return "limit", _detail(
                    binding, f"Limit {limit.id} has {limit.max_fen - spent} fen left; {cost} fen are asked."
                )
    if blockers & FUND:
        payers = sorted(problem.funds[f].id for f in pairs.payer_sets[pairs.payer_class[pair]])
        room = int(state.fund_room[pairs.payer_class[pair]])
        binding = {"table": "funds", "id": payers[0], "ids": payers, "left_fen": room, "asked_fen": cost}
        return "fund", _detail(binding, f"{', '.join(payers)} can still pay {room} fen; {cost} fen are asked.")
    before, decided_by = _went_before(state, index, pair)
    if blockers & MAX_NEEDS:
        binding = {"table": "offerings", "id": offering.id, "max_needs": offering.max_needs}
        return "max_needs", _detail(
            binding, f"{offering.id} serves at most {offering.max_needs} needs.", before, decided_by
        )
    o = int(pairs.offering[pair])
    asked = int(pairs.load[pair]) if need.fill == "single" else wanted
    binding = {
        "table": "offerings",
        "id": offering.id,
        "capacity": offering.capacity,
        "used": int(state.used[o]),
        "asked": asked,
    }
    if not blockers:
        text = "Nothing in the rest of the plan stands against serving it: the search ended before this was placed."
        return "capacity", _detail(binding, text) | {"idle": True}
    text = f"{offering.id} has {state.left(o)} of {offering.capacity} left; {asked} are asked."
    if decided_by is None:
        return "capacity", _detail(binding, text)
    return ("lottery" if decided_by == "lottery" else "outranked"), _detail(binding, text, before, decided_by)


def _detail(
    binding: dict[str, Any], text: str, before: list[dict[str, Any]] | None = None, decided_by: str | None = None
) -> dict[str, Any]:
    detail: dict[str, Any] = {"binding": binding, "text": text}
    if before:
        detail["went_before"] = before[:_SHOWN]
        detail["went_before_count"] = len(before)
        detail["decided_by"] = decided_by
    return detail


def _went_before(state: _Standing, index: int, pair: int) -> tuple[list[dict[str, Any]], str | None]:
    """Who holds the offering, the weakest claim first, and what decided between that claim and this need.

    `tier`, `points`, `cost`, `distance`, `lottery`: the weakest holder goes before by this. `fairness_floor`,
    `unit_size`, `combination`: it does not go before by itself; the floor of its township, an amount that is given all
    or nothing, or the plan as a whole put it there. None: nobody else holds the offering.
    """
    pairs, needs = state.pairs, state.problem.needs
    offering = int(pairs.offering[pair])

    def claim(p: int) -> tuple[int, Fraction]:
        need = needs[pairs.need[p]]
        load = int(pairs.load[p]) if need.fill == "single" else 1
        points = need.unit_points * (need.quantity if need.fill == "single" else 1)
        return need.tier, -Fraction(points, max(1, load))

    def tie(p: int) -> tuple[int, int, int]:
        return int(pairs.unit_cost_fen[p]), int(pairs.distance_m[p]), int(pairs.lottery[p])

    others = [
        p
        for p in state.holders(offering)
        if pairs.need[p] != index and (int(pairs.need[p]), offering) not in state.pinned
    ]
    if not others:
        return [], None
    others.sort(key=lambda p: (claim(p), tie(p)), reverse=True)
    weakest, need = others[0], needs[index]
    held = needs[pairs.need[weakest]]
    mine, theirs = claim(pair), claim(weakest)
    if theirs < mine:
        decided_by = "tier" if theirs[0] < mine[0] else "points"
    elif theirs == mine and tie(weakest) < tie(pair):
        decided_by = next(
            name for name, a, b in zip(("cost", "distance", "lottery"), tie(weakest), tie(pair), strict=True) if a != b
        )
    elif state.problem.policy.floor_percent and pairs.township[pairs.need[weakest]] != pairs.township[index]:
        decided_by = "fairness_floor"
    elif need.fill != "any" or held.fill != "any":
        decided_by = "unit_size"
    else:
        decided_by = "combination"
    named = [
        {"need": needs[pairs.need[p]].id, "tier": needs[pairs.need[p]].tier, "unit_points": needs[pairs.need[p]].unit_points,
         "quantity": int(state.units[p])}
        for p in others
    ]  # fmt: skip
    return named, decided_by


def _without_pairs(state: _Standing, index: int) -> Unmet:
    """A need that nothing fits: the rules in the way, and what else the closest offering would need to serve it."""
    need, missing = state.problem.needs[index], int(state.missing[index])
    room = _FreeRoom(state)
    found = state.obstacles.of(need, room)
    changes, wanted = list(found.changes), 1 if need.fill == "any" else missing
    if found.offering is not None:
        changes += _room_for(state, need, found.offering, wanted, found.payer)
    cap_change = _cap_change(state, need, missing)
    if cap_change is not None:
        changes.append(cap_change)
    binding: dict[str, Any] = {"table": "needs", "id": need.id, "category": need.category}
    if found.offering is not None:
        binding = {"table": "offerings", "id": found.offering.id, "category": found.offering.category}
    detail = _detail(binding, found.text) | {
        "offering": None if found.offering is None else found.offering.id,
        "asked_units": wanted,
        "changes": changes,
        "verified": "rest_of_plan_fixed" if found.verified else "not_verified",
    }
    return Unmet(need.id, missing, found.reason, detail)


class _FreeRoom(dict):
    """Offering id → free capacity in the plan, looked up when asked."""

    def __init__(self, state: _Standing):
        super().__init__()
        self._state = state

    def __missing__(self, offering_id: str) -> int:
        return self._state.left(self._state.problem.offering_index[offering_id])


def _room_for(state: _Standing, need: Need, offering: Offering, wanted: int, payer: Any) -> list[Change]:
    """What else the offering, the payer and the limits would need, once the rules no longer keep the two apart."""
    problem, rules = state.problem, state.rules
    o = problem.offering_index[offering.id]
    load = rules.load(need, offering, wanted)
    changes = []
    if state.left(o) < load:
        changes.append(set_field("offerings", offering.id, "capacity", offering.capacity, int(state.used[o]) + load))
    if state.slots[o] < 1:
        changes.append(set_field("offerings", offering.id, "max_needs", offering.max_needs, int(state.serving[o]) + 1))
    cost = rules.unit_cost_fen(need, offering) * wanted
    if not cost:
        return changes
    if payer is not None and payer.id in problem.fund_index:
        spare = state.flow.spare[problem.fund_index[payer.id]]
        if spare < cost:
            changes.append(
                set_field("funds", payer.id, "amount_fen", payer.amount_fen, payer.amount_fen + cost - spare)
            )
    for limit, spent in zip(problem.limits, state.spent, strict=True):
        if rules.limit_counts(limit, need, offering) and spent + cost > limit.max_fen:
            changes.append(set_field("limits", limit.id, "max_fen", limit.max_fen, spent + cost))
    return changes
