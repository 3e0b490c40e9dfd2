"""Whether a proposed change still helps when the whole problem is solved again, and how large it must then be.

With the rest of the plan fixed a change surely helps; solved anew, a larger claim may take what it sets free. So the
amounts are raised, doubling and then halving the step, until the need itself gets more.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from matching.changes import Change, apply_changes, set_field
from matching.problem import Problem, parse_problem
from matching.rules import Rules
from matching.solution import Unmet

Served = Mapping[tuple[str, str], int]
AMOUNTS = ("capacity", "max_needs", "amount_fen", "max_fen", "cap_fen")
LARGEST_STEP = 64  # times the change that helps while the rest stays fixed


def confirm(problem: Problem, entry: Unmet, served: Served, solve: Callable[[Problem], Served]) -> Unmet:
    """The entry with the smallest multiple of its change after which `solve` delivers the need more than `served` does.

    `detail["verified"]` is then `solved_again`, and `detail["units_after"]` what the need got. Where no multiple up to
    64 helps, the entry keeps its change with `verified` `rest_of_plan_fixed` and `solved_again` False. At most 14
    solves.
    """
    changes: list[Change] = entry.detail["changes"]
    before = _units(served, entry.need)
    found: dict[int, int] = {}

    def helps(times: int) -> bool:
        changed = apply_changes(problem.document, enlarged(problem, entry, times))
        found[times] = _units(solve(parse_problem(changed)), entry.need)
        return found[times] > before

    if not changes:
        return entry
    fails, works = 0, 1
    while not helps(works):
        fails, works = works, works * 2
        if works > LARGEST_STEP:
            return replace(entry, detail={**entry.detail, "solved_again": False})
    while works - fails > 1:
        middle = (works + fails) // 2
        fails, works = (fails, middle) if helps(middle) else (middle, works)
    proven = {
        "changes": enlarged(problem, entry, works),
        "verified": "solved_again",
        "units_after": found[works],
    }
    return replace(entry, detail={**entry.detail, **proven})


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
    if change.get("field") in AMOUNTS and change["to"] is not None:
        return {**change, "to": change["from"] + times * (change["to"] - change["from"])}
    if "add_row" in change:
        row = change["add_row"]
        return {**change, "add_row": {k: v * times if k in AMOUNTS else v for k, v in row.items()}}
    return change


def _units(served: Served, need: str) -> int:
    return sum(units for (one, _), units in served.items() if one == need)
