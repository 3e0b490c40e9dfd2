"""Whether what is said to help does help when everything is solved again, and the smallest change that does.

With the rest of the plan fixed a change surely helps; solved anew, others may take what it sets free, or a smaller one may
do because the whole plan moves. So claims about a plan that is proven optimal are searched for by solving again.

What spares most of the solves: a change that only raises amounts widens the set of feasible plans. A plan that is optimal
for the wider set and still feasible for a narrower one is optimal there too (its tiers must have what their levels were
fixed at, or floors and tolerances could move). So a plan solved for an amount of 900 that uses 640 of it answers for every
amount between 640 and 900.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from matching.changes import Change, apply_changes, set_field
from matching.charging import FundFlow, units_of
from matching.faults import FaultyProblem
from matching.pairs import build_pairs
from matching.problem import Problem, parse_problem
from matching.rules import Rules
from matching.solution import Plan, Unmet

Served = Mapping[tuple[str, str], int]
AMOUNTS = ("capacity", "max_needs", "amount_fen", "max_fen", "cap_fen")
LARGEST_STEP = 64  # times the change that helps while the rest stays fixed
MOST_SOLVES = 80  # for one claim
MOST_WEIGHT = 1000  # the contract's


@dataclass(frozen=True)
class Solved:
    """An optimal plan: what it delivers, and whether each tier has exactly what its level was fixed at."""

    served: Served
    tiers_kept: bool


Solver = Callable[[Problem], Solved | None]
"""The optimum of a problem; None where it was not proven in the time there is"""


class NotProven(Exception):
    """A solve that the claim rests on was not proven optimal, or too many were needed."""


def solved(plan: Plan) -> Solved | None:
    """The plan as a claim needs it; None unless it is proven optimal."""
    if plan.status != "optimal":
        return None
    kept = all(level.achieved in (None, level.value) for level in plan.levels)
    return Solved({key: units for key, units in plan.served().items() if units}, kept)


def confirm(problem: Problem, entry: Unmet, plan: Solved, solve: Solver) -> Unmet:
    """The entry with changes that hold when solved again, none of which can be made one step smaller.

    `plan` is the optimum of `problem`, `entry` one of its unmet needs. `detail` then says `verified` `solved_again`,
    `units_before` and `units_after` (what the need gets), and `smallest`: `of_its_kind` where every smaller amount is
    ruled out, `one_step_less` where one step less of each was tried (a single change whose smaller amounts were too many
    to try, or several changes together). Where nothing was found or a solve is not proven, the entry keeps its change
    with `verified` `rest_of_plan_fixed`, `solved_again` False and `why_not` `not_found` or `not_proven`.
    """
    if not entry.detail["changes"]:
        return entry
    search = _Search(problem, entry.need, plan, solve)
    try:
        found = _enough(search, entry)
        if found is None:
            return replace(entry, detail={**entry.detail, "solved_again": False, "why_not": "not_found"})
        changes, smallest = _smallest(search, found)
        after = search.solve(changes)
    except NotProven:
        return unproven(entry)
    told = {
        "changes": changes,
        "verified": "solved_again",
        "smallest": smallest,
        "units_before": search.before,
        "units_after": _units(after.served, entry.need),
    }
    kept = {name: value for name, value in entry.detail.items() if name not in ("solved_again", "why_not")}
    return replace(entry, detail={**kept, **told})


def confirmed(problem: Problem, entries: Sequence[Unmet], plan: Plan, solve: Solver) -> list[Unmet] | None:
    """The entries with what `confirm` finds and, as `claims`, what `served_from` finds. None where solving again does not give this plan."""
    base, own = solved(plan), solve(problem)
    if base is None or own is None or own.served != base.served:
        return None
    told = []
    for entry in entries:
        surely = confirm(problem, entry, base, solve)
        try:
            claims = served_from(problem, entry, base, solve)
        except NotProven:
            claims = []
        told.append(replace(surely, detail={**surely.detail, "claims": claims}))
    return told


def unproven(entry: Unmet) -> Unmet:
    """The entry where nothing could be proven by solving again in the time there was."""
    return replace(entry, detail={**entry.detail, "solved_again": False, "why_not": "not_proven"})


def served_from(problem: Problem, entry: Unmet, plan: Solved, solve: Solver) -> list[dict[str, Any]]:
    """From which tier and from which weight in its own tier the need would get more: a claim for each that holds.

    Each row has `kind` (`tier`, `weight`), `changes`, `units_before`, `units_after`, `verified` and `smallest`. More weight
    never gives a need less in an optimum of the tiers; with a tolerance the later levels may bend that, so `of_its_kind` is
    said without tolerance only, and `one_step_less` else. Raises NotProven.
    """
    search = _Search(problem, entry.need, plan, solve)
    need = problem.needs[problem.need_index[entry.need]]
    claims = []
    for tier in range(need.tier - 1, 0, -1):
        changes = [set_field("needs", need.id, "tier", need.tier, tier)]
        if search.gains(changes):
            claims.append(search.claim("tier", changes, "of_its_kind"))
            break

    def weighing(weight: int) -> list[Change]:
        return [set_field("needs", need.id, "weight", need.weight, weight)]

    fails, works = need.weight, MOST_WEIGHT
    if fails < works and search.gains(weighing(works)):
        while works - fails > 1:
            middle = (works + fails) // 2
            fails, works = (fails, middle) if search.gains(weighing(middle)) else (middle, works)
        exact = problem.policy.tolerance_permille == 0 or works == need.weight + 1
        claims.append(search.claim("weight", weighing(works), "of_its_kind" if exact else "one_step_less"))
    return claims


class _Search:
    """Solves of changed problems for one need, each kept, together at most MOST_SOLVES."""

    def __init__(self, problem: Problem, need: str, plan: Solved, solve: Solver):
        self.problem, self.need, self.base = problem, need, plan
        self.before = _units(plan.served, need)
        self._solve = solve
        self._known: dict[str, Solved | None] = {"[]": plan}

    def solve(self, changes: Sequence[Change]) -> Solved:
        """The optimum with the changes made. Raises NotProven; KeyError where they make no sound problem."""
        key = json.dumps(changes, sort_keys=True)
        if key not in self._known:
            if len(self._known) > MOST_SOLVES:
                raise NotProven
            try:
                changed = parse_problem(apply_changes(self.problem.document, changes))
            except FaultyProblem as error:
                raise KeyError(key) from error
            self._known[key] = self._solve(changed)
        found = self._known[key]
        if found is None:
            raise NotProven
        return found

    def gains(self, changes: Sequence[Change]) -> bool:
        """Whether the need gets more than in the plan; a change that makes no sound problem gives nothing."""
        try:
            return _units(self.solve(changes).served, self.need) > self.before
        except KeyError:
            return False

    def claim(self, kind: str, changes: list[Change], smallest: str) -> dict[str, Any]:
        after = _units(self.solve(changes).served, self.need)
        return {
            "kind": kind, "changes": changes, "units_before": self.before, "units_after": after,
            "verified": "solved_again", "smallest": smallest,
        }  # fmt: skip

    def pulled(self, changes: Sequence[Change]) -> list[Change]:
        """The changes with every raised amount lowered to what their optimum uses: it stays the optimum."""
        found = self.solve(changes)
        if not found.tiers_kept:
            return list(changes)
        lowered: list[Change] = list(changes)
        for at, change in enumerate(changes):
            if _is_raise(change):
                problem = parse_problem(apply_changes(self.problem.document, lowered))
                lowered[at] = {**change, "to": max(change["from"], _used(problem, found.served, change))}
        return [change for change in lowered if not (_is_raise(change) and change["to"] == change["from"])]


def _enough(search: _Search, entry: Unmet) -> list[Change] | None:
    """Changes of the entry's kind, large enough that the need gets more: its own, then more of them, then more of every row
    that its pair draws on."""
    times = 1
    while times <= LARGEST_STEP:
        changes = [_raised(change, times) for change in entry.detail["changes"]]
        if search.gains(changes):
            return changes
        times *= 2
    times = 2
    while times <= LARGEST_STEP:
        changes = enlarged(search.problem, entry, times)
        if search.gains(changes):
            return changes
        times *= 2
    return None


def _smallest(search: _Search, changes: list[Change]) -> tuple[list[Change], str]:
    """Changes no part of which can be left out or made one step smaller, and how much smaller ones are ruled out."""
    changes = search.pulled(changes)
    settled = False
    while not settled:
        settled = True
        for at in range(len(changes)):
            smaller = _less(search, changes, at)
            if smaller is not None:
                changes, settled = search.pulled(smaller), False
                break
    if len(changes) != 1 or not _is_raise(changes[0]):
        return changes, "of_its_kind" if _is_indivisible(changes) else "one_step_less"
    return _scanned_down(search, changes[0])


def _less(search: _Search, changes: list[Change], at: int) -> list[Change] | None:
    """A smaller version of the change at this place that is still enough, as small as halving finds; None where none is."""

    def put(instead: Change | None) -> list[Change]:
        return [*changes[:at], *([] if instead is None else [instead]), *changes[at + 1 :]]

    change = changes[at]
    if not _is_raise(change):
        return next((put(less) for less in _step_less(change) if search.gains(put(less))), None)
    works, fails = int(change["to"]) - 1, int(change["from"])
    if works == fails:
        return put(None) if search.gains(put(None)) else None
    if not search.gains(put({**change, "to": works})):
        return None
    if search.gains(put(None)):
        return put(None)
    while works - fails > 1:
        middle = (works + fails) // 2
        fails, works = (fails, middle) if search.gains(put({**change, "to": middle})) else (middle, works)
    return put({**change, "to": works})


def _scanned_down(search: _Search, change: Change) -> tuple[list[Change], str]:
    """Every smaller amount ruled out, plan by plan from the top; a smaller one that is enough takes the place of the first."""
    smallest, at = change, int(change["to"]) - 1
    try:
        while at > change["from"]:
            tried = {**change, "to": at}
            found = search.solve([tried])
            problem = parse_problem(apply_changes(search.problem.document, [tried]))
            least = at
            if found.served == search.base.served:
                least = int(change["from"])
            elif found.tiers_kept:
                least = max(int(change["from"]), _used(problem, found.served, tried))
            if _units(found.served, search.need) > search.before:
                smallest = {**change, "to": least}
            at = least - 1
        return [smallest], "of_its_kind"
    except NotProven:
        return _with_one_step_less(search, smallest)


def _with_one_step_less(search: _Search, change: Change) -> tuple[list[Change], str]:
    if int(change["to"]) - 1 > change["from"] and search.gains([{**change, "to": int(change["to"]) - 1}]):
        raise NotProven
    return [change], "one_step_less"


def _is_raise(change: Change) -> bool:
    return change.get("field") in AMOUNTS and change.get("to") is not None


def _is_indivisible(changes: Sequence[Change]) -> bool:
    """One change that is made or not made: a rule lifted, one thing added to a list."""
    return len(changes) == 1 and (bool(changes[0].get("remove")) or len(changes[0].get("add", ())) == 1)


def _step_less(change: Change) -> list[Change | None]:
    """The next smaller versions of a change that is no amount; None: left out."""
    if "add_row" in change:
        row = change["add_row"]
        fewer = [
            {**change, "add_row": {**row, name: row[name] - 1}} for name in AMOUNTS if isinstance(row.get(name), int)
        ]
        return [None, *(one for one in fewer if all(v > 0 for k, v in one["add_row"].items() if k in AMOUNTS))]
    if len(change.get("add", ())) > 1:
        return [{**change, "add": [x for x in change["add"] if x != less]} for less in change["add"]]
    if change.get("field") == "radius_m" and change["to"] - 1 > (change["from"] or 0):
        return [{**change, "to": change["to"] - 1}]
    if change.get("field") in ("from", "until") and change["to"] is not None:
        day = date.fromisoformat(change["to"]) + timedelta(days=1 if change["field"] == "from" else -1)
        return [{**change, "to": day.isoformat()}]
    return [None]


def _used(problem: Problem, served: Served, change: Change) -> int:
    """The least amount of the changed row for which `served` stays feasible, in the row's own unit."""
    rules, table, row = Rules(problem), change["table"], change["id"]
    if table == "households":
        return sum(rules.need(n).unit_worth_fen * x for (n, _), x in served.items() if rules.need(n).household == row)
    if change["field"] == "capacity":
        return sum(rules.load(rules.need(n), rules.offering(o), x) for (n, o), x in served.items() if o == row)
    if change["field"] == "max_needs":
        return sum(1 for (_, o), x in served.items() if o == row and x)
    if table == "limits":
        limit = next(one for one in problem.limits if one.id == row)
        return sum(
            rules.unit_cost_fen(rules.need(n), rules.offering(o)) * x
            for (n, o), x in served.items()
            if rules.limit_counts(limit, rules.need(n), rules.offering(o))
        )
    return _asked_of_fund(problem, served, row)


def _asked_of_fund(problem: Problem, served: Served, fund: str) -> int:
    """Fen that the other funds cannot pay, however the charges are spread."""
    pairs = build_pairs(problem)
    cost = np.zeros(len(pairs.payer_sets), np.int64)
    np.add.at(cost, pairs.payer_class, pairs.unit_cost_fen * units_of(problem, pairs, served))
    without = replace(problem, funds=tuple(replace(f, amount_fen=0) if f.id == fund else f for f in problem.funds))
    flow, short = FundFlow(without, pairs.payer_sets), 0
    for payer_class in np.flatnonzero(cost).tolist():
        paid = min(int(cost[payer_class]), flow.room(payer_class))
        flow.add(payer_class, paid)
        short += int(cost[payer_class]) - paid
    return short


def enlarged(problem: Problem, entry: Unmet, times: int) -> list[Change]:
    """The changes with every raised amount raised `times` as far.

    From the second time on the other rows that this pair draws on (capacity, one paying fund, limits) grow along,
    because those who go before will use what they have.
    """
    changes = [_raised(change, times) for change in entry.detail["changes"]]
    if times == 1 or entry.detail["offering"] is None:
        return changes
    rules = Rules(problem)
    need, offering = rules.need(entry.need), rules.offering(entry.detail["offering"])
    more = (times - 1) * entry.detail["asked_units"]
    cost = more * rules.unit_cost_fen(need, offering)
    raised = {(change["field"], change["id"]) for change in changes if change.get("field") in AMOUNTS}
    pays = any(name == "amount_fen" for name, _ in raised) or any("add_row" in change for change in changes)
    if ("capacity", offering.id) not in raised:
        changes.append(set_field("offerings", offering.id, "capacity", offering.capacity, offering.capacity + more))
    payers = sorted(rules.payers(need, offering))
    if cost and payers and not pays:
        amount = problem.funds[problem.fund_index[payers[0]]].amount_fen
        changes.append(set_field("funds", payers[0], "amount_fen", amount, amount + cost))
    for limit in problem.limits if cost else ():
        if rules.limit_counts(limit, need, offering) and ("max_fen", limit.id) not in raised:
            changes.append(set_field("limits", limit.id, "max_fen", limit.max_fen, limit.max_fen + cost))
    return changes


def _raised(change: Change, times: int) -> Change:
    if _is_raise(change):
        return {**change, "to": change["from"] + times * (change["to"] - change["from"])}
    if "add_row" in change:
        row = change["add_row"]
        return {**change, "add_row": {k: v * times if k in AMOUNTS else v for k, v in row.items()}}
    return change


def _units(served: Served, need: str) -> int:
    return sum(units for (one, _), units in served.items() if one == need)
