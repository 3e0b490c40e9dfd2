"""What is asked of a plan: other money, another floor, a pair pinned or forbidden; checked whole, and made of a problem. Money is fen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kernel.checking import MOST_FEN, Faults
from kernel.errors import InvalidInput
from matching.problem import Forbid, Limit, Pin, Problem, parse_problem
from matching.rules import Rules

BUDGET = "budget"
MOST_PAIRS = 20
"""So many pins and forbids may one question have: its answer is read by a person"""


@dataclass(frozen=True)
class Change:
    """What is asked. None: as it is. `budget_fen` bounds all costs together; `funds` maps a fund's id to its new amount in fen."""

    budget_fen: int | None = None
    funds: Mapping[str, int] | None = None
    floor_percent: int | None = None
    tolerance_permille: int | None = None
    pins: tuple[Pin, ...] = ()
    forbids: tuple[Forbid, ...] = ()

    @property
    def of_pairs(self) -> bool:
        """Whether a pair is pinned or forbidden: such a question is answered by a solve."""
        return bool(self.pins or self.forbids)

    @property
    def of_amounts(self) -> bool:
        """Whether money, floor or tolerance differ."""
        return bool(self.funds) or any(
            value is not None for value in (self.budget_fen, self.floor_percent, self.tolerance_permille)
        )


def change_document(change: Change) -> dict[str, Any]:
    """The change as JSON values, without what stays as it is."""
    document = {
        name: getattr(change, name)
        for name in ("budget_fen", "floor_percent", "tolerance_permille")
        if getattr(change, name) is not None
    }
    if change.funds:
        document["funds"] = dict(sorted(change.funds.items()))
    for name in ("pins", "forbids"):
        if getattr(change, name):
            document[name] = [asdict(row) for row in getattr(change, name)]
    return document


def change_from(document: Mapping[str, Any]) -> Change:
    """What `change_document` wrote."""
    plain = {name: document.get(name) for name in ("budget_fen", "floor_percent", "tolerance_permille", "funds")}
    return Change(
        **plain,
        pins=tuple(Pin(**row) for row in document.get("pins") or ()),
        forbids=tuple(Forbid(**row) for row in document.get("forbids") or ()),
    )


def checked_change(problem: Problem, change: Change) -> Change:
    """The change, if the problem allows it. Raises InvalidFields with every fault."""
    faults = Faults()

    def within(value: int | None, field: str, most: int) -> None:
        if value is not None and not 0 <= value <= most:
            faults.add(InvalidInput("%(value)s is outside 0 to %(most)s", field=field, value=value, most=most))

    within(change.budget_fen, "budget_fen", MOST_FEN)
    within(change.floor_percent, "floor_percent", 100)
    within(change.tolerance_permille, "tolerance_permille", 1000)
    for fund, fen in (change.funds or {}).items():
        within(fen, f"funds.{fund}", MOST_FEN)
        if fund not in problem.fund_index:
            faults.add(InvalidInput("There is no fund %(fund)s in this round", field="funds", fund=fund[:80]))
    if not change.of_amounts and not change.of_pairs:
        faults.add(InvalidInput("Nothing is changed; move a slider, or pin or forbid a pair", field="change"))
    if len(change.pins) + len(change.forbids) > MOST_PAIRS:
        faults.add(InvalidInput("At most %(most)s pins and forbids at a time", field="pins", most=MOST_PAIRS))
    _check_pairs(problem, change, faults)
    faults.raise_any()
    return change


def _check_pairs(problem: Problem, change: Change, faults: Faults) -> None:
    rules, seen = Rules(problem), set()
    held = {(pin.need, pin.offering) for pin in problem.pins}
    for field, rows in (("pins", change.pins), ("forbids", change.forbids)):
        for row in rows:
            key = (row.need, row.offering)
            if row.need not in problem.need_index or row.offering not in problem.offering_index:
                faults.add(InvalidInput("The need or the offering is not in this round's pool", field=field))
                continue
            if key in seen or key in held:
                faults.add(InvalidInput("This pair is pinned or forbidden already", field=field))
            seen.add(key)
            if field == "forbids":
                continue
            need, offering = rules.need(row.need), rules.offering(row.offering)
            why = rules.why_not(need, offering)
            if why is not None:
                faults.add(
                    InvalidInput(
                        "This offering cannot serve this need (%(why)s); it cannot be pinned", field=field, why=why
                    )
                )
            if not 0 <= row.quantity <= need.quantity or (need.fill == "single" and 0 < row.quantity < need.quantity):
                faults.add(
                    InvalidInput(
                        "The need asks for %(quantity)s units; pin no more than that, and all of it where one offering gives everything",
                        field=field,
                        quantity=need.quantity,
                    )
                )  # fmt: skip


def is_budget(limit: Limit) -> bool:
    """Whether a limit counts every cost: the round's budget."""
    return not (limit.regions or limit.categories) and limit.government_bought is None


def budget_of(problem: Problem) -> int | None:
    """The most that all help together may cost, in fen; None: only the funds bound it."""
    return min((limit.max_fen for limit in problem.limits if is_budget(limit)), default=None)


def changed_problem(problem: Problem, change: Change) -> Problem:
    """The problem as it would be; its document differs in the changed rows only."""
    document = dict(problem.document)
    limits = [dict(row) for row in document.get("limits") or []]
    if change.budget_fen is not None:
        budgets = {limit.id for limit in problem.limits if is_budget(limit)}
        for row in limits:
            if row["id"] in budgets:
                row["max_fen"] = change.budget_fen
        if not budgets:
            limits.append({"id": unused_limit_id(problem), "max_fen": change.budget_fen})
        document["limits"] = limits
    if change.funds:
        document["funds"] = [
            {**row, "amount_fen": change.funds.get(row["id"], row["amount_fen"])} for row in document["funds"]
        ]
    policy = dict(document.get("policy") or {})
    for name in ("floor_percent", "tolerance_permille"):
        if getattr(change, name) is not None:
            policy[name] = getattr(change, name)
            document["policy"] = policy
    for name, rows in (("pins", change.pins), ("forbids", change.forbids)):
        if rows:
            document[name] = [*(document.get(name) or []), *(asdict(row) for row in rows)]
    return parse_problem(document, "changed problem")


def unused_limit_id(problem: Problem) -> str:
    """An id for one more limit."""
    taken, name = {limit.id for limit in problem.limits}, BUDGET
    while name in taken:
        name += "+"
    return name
