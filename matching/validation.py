"""The judge of plans: re-checks every constraint and recomputes every level, without solver and without `matching.pairs`.

A plan is stored, committed or shown only when `violations` finds nothing. What is checked is the contract of
`zhongfu-problem/1` and `zhongfu-plan/1`, nothing less: compatibility, quantities and fill, capacity, `max_needs`,
household caps, charges, funds, limits, pins, the eight levels with their bounds, the problem's hash and the unmet list.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from matching.problem import Problem, problem_sha256
from matching.rules import LEVELS, MAXIMISED, Rules
from matching.solution import REASONS, Allocation, Level, Plan, Unmet

TIERS = LEVELS[:3]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: where, which rule, and a sentence with the figures."""

    place: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def violations(problem: Problem, plan: Plan) -> list[Violation]:
    """Every violation of `plan`, in the order of its parts; an empty list: the plan is valid."""
    rules = Rules(problem)
    found: list[Violation] = []
    sound = list(_sound_allocations(problem, plan, found))
    served = {(a.need, a.offering): a.quantity for _, a in sound}
    found += _compatibility(rules, sound)
    found += _quantities(rules, served)
    found += _capacities(rules, served)
    found += _household_caps(rules, served)
    found += _money(rules, sound)
    found += _pins(problem, served)
    found += _levels(rules, plan, served)
    found += _unmet(problem, plan, served)
    stated, actual = plan.problem_sha256, problem_sha256(problem)
    if stated != actual:
        found.append(
            Violation(
                "problem_sha256", "hash", f"stated {stated}, recomputed {actual}: the plan belongs to another problem"
            )
        )
    return found


def _sound_allocations(problem: Problem, plan: Plan, found: list[Violation]) -> Iterator[tuple[str, Allocation]]:
    """The allocations that name known rows once and a whole quantity; the others are reported and left out."""
    seen: set[tuple[str, str]] = set()
    for index, a in enumerate(plan.allocations):
        where = f"allocations[{index}]"
        unknown = [f"need {a.need!r}"] if a.need not in problem.need_index else []
        unknown += [f"offering {a.offering!r}"] if a.offering not in problem.offering_index else []
        if unknown:
            found.append(Violation(where, "reference", f"{' and '.join(unknown)} not in the problem"))
        elif a.quantity < 1:
            found.append(
                Violation(where, "quantity", f"quantity {a.quantity} of need {a.need!r} is not a whole number ≥ 1")
            )
        elif (a.need, a.offering) in seen:
            found.append(Violation(where, "duplicate", f"need {a.need!r} and offering {a.offering!r} appear twice"))
        else:
            seen.add((a.need, a.offering))
            yield where, a


def _compatibility(rules: Rules, sound: list[tuple[str, Allocation]]) -> Iterator[Violation]:
    for where, a in sound:
        why = rules.why_not(rules.need(a.need), rules.offering(a.offering))
        if why is not None:
            yield Violation(
                where, "compatible", f"need {a.need!r} and offering {a.offering!r} are not compatible ({why})"
            )


def _quantities(rules: Rules, served: dict[tuple[str, str], int]) -> Iterator[Violation]:
    """No need gets more than it asks for; `whole` and `single` get all or nothing, `single` from one offering."""
    units, sources = Counter[str](), Counter[str]()
    for (need_id, _), quantity in served.items():
        units[need_id] += quantity
        sources[need_id] += 1
    for need_id, got in units.items():
        need = rules.need(need_id)
        place = f"need {need_id!r}"
        if got > need.quantity:
            yield Violation(place, "quantity", f"{got} delivered of {need.quantity}")
        elif need.fill != "any" and got != need.quantity:
            yield Violation(
                place, "fill", f"{got} delivered of {need.quantity}, but fill is {need.fill}: all or nothing"
            )
        if need.fill == "single" and sources[need_id] > 1:
            yield Violation(place, "single", f"{sources[need_id]} offerings deliver, but fill is single: only one may")


def _capacities(rules: Rules, served: dict[tuple[str, str], int]) -> Iterator[Violation]:
    """The load on an offering stays within its capacity, the needs it serves within `max_needs`."""
    load, needs = Counter[str](), Counter[str]()
    for (need_id, offering_id), quantity in served.items():
        load[offering_id] += rules.load(rules.need(need_id), rules.offering(offering_id), quantity)
        needs[offering_id] += 1
    for offering_id in load:
        offering = rules.offering(offering_id)
        place = f"offering {offering_id!r}"
        if load[offering_id] > offering.capacity:
            yield Violation(place, "capacity", f"load {load[offering_id]} over capacity {offering.capacity}")
        if offering.max_needs is not None and needs[offering_id] > offering.max_needs:
            yield Violation(
                place, "max_needs", f"serves {needs[offering_id]} needs over max_needs {offering.max_needs}"
            )


def _household_caps(rules: Rules, served: dict[tuple[str, str], int]) -> Iterator[Violation]:
    worth = Counter[str]()
    for (need_id, _), quantity in served.items():
        need = rules.need(need_id)
        worth[need.household] += need.unit_worth_fen * quantity
    for household, fen in worth.items():
        cap = rules.problem.cap_fen(household)
        if cap is not None and fen > cap:
            yield Violation(
                f"household {household!r}", "household_cap", f"receives {fen} fen over its cap of {cap} fen"
            )


def _money(rules: Rules, sound: list[tuple[str, Allocation]]) -> Iterator[Violation]:
    """Every cost is charged in full to funds that may pay it; funds and limits hold."""
    charged, spent = Counter[str](), Counter[str]()
    funds = {fund.id: fund for fund in rules.problem.funds}
    for where, a in sound:
        need, offering = rules.need(a.need), rules.offering(a.offering)
        cost, paid = rules.unit_cost_fen(need, offering) * a.quantity, 0
        for charge in a.charges:
            if charge.fund not in funds:
                yield Violation(where, "charge", f"fund {charge.fund!r} is not in the problem")
            elif charge.fen < 0:
                yield Violation(where, "charge", f"charge of {charge.fen} fen to fund {charge.fund!r} is negative")
            elif charge.fen and not rules.may_pay(funds[charge.fund], need, offering):
                yield Violation(
                    where, "payer", f"fund {charge.fund!r} may not pay for need {a.need!r} from offering {a.offering!r}"
                )
            charged[charge.fund] += charge.fen
            paid += charge.fen
        if paid != cost:
            yield Violation(where, "charge", f"charges add up to {paid} fen, but the cost is {cost} fen")
        for limit in rules.problem.limits:
            if cost and rules.limit_counts(limit, need, offering):
                spent[limit.id] += cost
    for fund_id, fen in charged.items():
        if fund_id in funds and fen > funds[fund_id].amount_fen:
            yield Violation(
                f"fund {fund_id!r}", "fund", f"charged {fen} fen over its amount of {funds[fund_id].amount_fen} fen"
            )
    for limit in rules.problem.limits:
        if spent[limit.id] > limit.max_fen:
            yield Violation(
                f"limit {limit.id!r}", "limit", f"counts {spent[limit.id]} fen over its {limit.max_fen} fen"
            )


def _pins(problem: Problem, served: dict[tuple[str, str], int]) -> Iterator[Violation]:
    for pin in problem.pins:
        got = served.get((pin.need, pin.offering), 0)
        if got != pin.quantity:
            yield Violation(
                f"pin {pin.need!r}, {pin.offering!r}", "pin", f"{got} delivered instead of exactly {pin.quantity}"
            )


def _levels(rules: Rules, plan: Plan, served: dict[tuple[str, str], int]) -> Iterator[Violation]:
    """Each level is stated once with its recomputed value; tiers stay within the tolerance; bounds contradict nothing."""
    said: dict[str, Level] = {}
    for index, level in enumerate(plan.levels):
        if level.name not in LEVELS:
            yield Violation(
                f"levels[{index}]", "level", f"{level.name!r} is no level; the levels are {', '.join(LEVELS)}"
            )
        elif level.name in said:
            yield Violation(f"levels[{index}]", "level", f"{level.name!r} is stated twice")
        said.setdefault(level.name, level)
    complete = all(name in said for name in TIERS)
    got = rules.levels(served, [said[name].value for name in TIERS] if complete else None)
    for name in LEVELS:
        if name not in said:
            yield Violation(f"level {name}", "level", "missing from the plan")
            continue
        stated = said[name]
        if name in TIERS:
            yield from _tier(rules, stated, got[name])
        elif stated.value != got[name]:
            yield Violation(f"level {name}", "level", f"stated {stated.value}, recomputed {got[name]}")
        yield from _bound(stated)
    yield from _tier_bounds(said, got)
    optimal = all(name in said and said[name].proven for name in LEVELS)
    right = "optimal" if optimal else "feasible"
    if plan.status != right:
        yield Violation(
            "status",
            "status",
            f"stated {plan.status!r}, but {'every' if optimal else 'not every'} level is proven: {right!r}",
        )


def _tier(rules: Rules, stated: Level, got: int) -> Iterator[Violation]:
    place = f"level {stated.name}"
    kept = 1000 - rules.problem.policy.tolerance_permille
    least = -(-stated.value * kept // 1000)
    if stated.value < 0:
        yield Violation(place, "level", f"stated {stated.value}, but points are never negative")
    if got < least:
        yield Violation(
            place, "tolerance", f"the plan delivers {got}, under the {least} that its value {stated.value} must keep"
        )
    if stated.achieved != got:
        yield Violation(place, "level", f"achieved stated {stated.achieved}, recomputed {got}")


def _bound(stated: Level) -> Iterator[Violation]:
    place, maximised = f"level {stated.name}", stated.name in MAXIMISED
    if stated.proven and stated.bound != stated.value:
        yield Violation(place, "bound", f"proven, but its bound {stated.bound} is not its value {stated.value}")
    for name, bound in (("bound", stated.bound), ("bound_deliveries", stated.bound_deliveries)):
        if bound is not None and (bound < stated.value if maximised else bound > stated.value):
            yield Violation(place, "bound", f"{name} {bound} contradicts its value {stated.value}")


def _tier_bounds(said: dict[str, Level], got: dict[str, int]) -> Iterator[Violation]:
    """A plan that keeps the tiers before whole cannot deliver more of a tier than that tier's bound."""
    for name in TIERS:
        stated = said.get(name)
        if stated is None:
            return
        if stated.bound is not None and got[name] > stated.bound:
            yield Violation(
                f"level {name}", "bound", f"the plan delivers {got[name]}, over the bound {stated.bound} of what can be"
            )
        if got[name] < stated.value:
            return


def _unmet(problem: Problem, plan: Plan, served: dict[tuple[str, str], int]) -> Iterator[Violation]:
    """Exactly the needs that lack something are listed, each once, with what is missing and a known reason."""
    got: dict[str, int] = defaultdict(int)
    for (need_id, _), quantity in served.items():
        got[need_id] += quantity
    listed: dict[str, Unmet] = {}
    for index, entry in enumerate(plan.unmet):
        where = f"unmet[{index}]"
        if entry.need not in problem.need_index:
            yield Violation(where, "unmet", f"need {entry.need!r} is not in the problem")
        elif entry.need in listed:
            yield Violation(where, "unmet", f"need {entry.need!r} is listed twice")
        if entry.reason not in REASONS:
            yield Violation(
                where, "unmet", f"reason {entry.reason!r} of need {entry.need!r} is none of {', '.join(REASONS)}"
            )
        listed.setdefault(entry.need, entry)
    for need in problem.needs:
        short = need.quantity - got[need.id]
        claim = listed.get(need.id)
        if short > 0 and claim is None:
            yield Violation(f"need {need.id!r}", "unmet", f"lacks {short} and is not listed as unmet")
        elif claim is not None and short <= 0:
            yield Violation(f"need {need.id!r}", "unmet", "is met but listed as unmet")
        elif claim is not None and claim.missing != short:
            yield Violation(f"need {need.id!r}", "unmet", f"lacks {short}, stated {claim.missing}")
