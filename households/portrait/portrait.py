"""The portrait of one household under one policy set: pure functions, each result with the rule and the facts that made it."""

from dataclasses import dataclass

from households.policy.document import MOST_SCORE, RISK_TIERS, Choice, Condition, Measure, Policy, Rule
from households.portrait.facts import CATEGORIES, INDICATORS, SOURCES, TYPES, Known, facts_of


@dataclass(frozen=True)
class Reason:
    """A condition that held: the fact, its value, and the ends it lies between (None: open), all whole numbers in the fact's unit.

    `missing`: the indicators among those the fact is reckoned from that nobody recorded, and which counted as 0.
    """

    fact: str
    value: int
    at_least: int | None
    at_most: int | None
    missing: tuple[str, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """Whether nothing that the fact is reckoned from is on file, so that its 0 tells nothing."""
        return is_unknown(self.fact, frozenset(self.missing))


@dataclass(frozen=True)
class Fired:
    """A rule that gave `points`: `more` of them for units beyond its threshold."""

    rule: str
    type: str
    points: int
    more: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Chosen:
    """A category or risk tier and why; no reasons for the last one, which is what nothing else was."""

    name: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Suggested:
    """A measure that may be chosen, with the quantity it would ask for."""

    code: str
    quantity: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Portrait:
    """`scores` 0 to 100 by type; `main` the greatest (None where all are 0), `secondary` the others from the policy's threshold on, greatest first.

    `missing`: the indicators behind category, points, tier or suggestions that are not on file: what rests on them rests on nobody's word.
    `unrecorded`: all indicators that are not on file.
    """

    policy: str
    facts: dict[str, int]
    category: Chosen
    scores: dict[str, int]
    fired: tuple[Fired, ...]
    main: str | None
    secondary: tuple[str, ...]
    risk: Chosen
    suggested: tuple[Suggested, ...]
    missing: tuple[str, ...]
    unrecorded: frozenset[str]


def is_unknown(fact: str, unrecorded: frozenset[str]) -> bool:
    """Whether all the indicators that the fact is reckoned from are among those not on file."""
    return fact in SOURCES and unrecorded.issuperset(SOURCES[fact])


def portrait_of(known: Known, policy: Policy) -> Portrait:
    """The portrait of a household as it is known, under `policy`."""
    facts, unrecorded = facts_of(known, policy.accounting), frozenset(INDICATORS) - set(known.indicators)
    category = _first(policy, policy.categories, facts, CATEGORIES[-1], unrecorded)
    facts |= {f"is_{name}": int(name == category.name) for name in CATEGORIES}
    fired = tuple(one for rule in policy.rules if (one := _fire(policy, rule, facts, unrecorded)) is not None)
    scores = {kind: min(MOST_SCORE, sum(one.points for one in fired if one.type == kind)) for kind in TYPES}
    facts |= {f"score_{kind}": scores[kind] for kind in TYPES}
    order = sorted(TYPES, key=lambda kind: (-scores[kind], TYPES.index(kind)))
    main = order[0] if scores[order[0]] else None
    secondary = tuple(kind for kind in order[1:] if scores[kind] >= policy.secondary_from)
    risk = _first(policy, policy.risk, facts, RISK_TIERS[-1], unrecorded)
    types = {main, *secondary}
    suggested = tuple(
        one for measure in policy.measures if (one := _suggest(policy, measure, facts, types, unrecorded)) is not None
    )
    behind = {name for one in (category, *fired, risk, *suggested) for reason in one.reasons for name in reason.missing}
    return Portrait(
        policy.id, facts, category, scores, fired, main, secondary, risk, suggested,
        tuple(name for name in INDICATORS if name in behind), unrecorded,
    )  # fmt: skip


def held(
    policy: Policy, conditions: tuple[Condition, ...], facts: dict[str, int], unrecorded: frozenset[str] = frozenset()
) -> tuple[Reason, ...] | None:
    """The reasons where all conditions hold, else None."""
    reasons = []
    for condition in conditions:
        value = facts[condition.fact]
        least = None if condition.at_least is None else policy.amount(condition.at_least)
        most = None if condition.at_most is None else policy.amount(condition.at_most)
        if (least is not None and value < least) or (most is not None and value > most):
            return None
        missing = tuple(name for name in SOURCES.get(condition.fact, ()) if name in unrecorded)
        reasons.append(Reason(condition.fact, value, least, most, missing))
    return tuple(reasons)


def _first(
    policy: Policy, choices: tuple[Choice, ...], facts: dict[str, int], otherwise: str, unrecorded: frozenset[str]
) -> Chosen:
    for choice in choices:
        for way in choice.any:
            reasons = held(policy, way, facts, unrecorded)
            if reasons is not None:
                return Chosen(choice.name, reasons)
    return Chosen(otherwise, ())


def _fire(policy: Policy, rule: Rule, facts: dict[str, int], unrecorded: frozenset[str]) -> Fired | None:
    reasons, more = held(policy, rule.all, facts, unrecorded), 0
    if reasons is None:
        return None
    if rule.per is not None:
        beyond = max(0, facts[rule.per.fact] - policy.amount(rule.per.beyond))
        more = min(rule.per.most, rule.per.points * (beyond // policy.amount(rule.per.every)))
    return Fired(rule.id, rule.type, rule.points + more, more, reasons)


def _suggest(
    policy: Policy, measure: Measure, facts: dict[str, int], types: set[str | None], unrecorded: frozenset[str]
) -> Suggested | None:
    reasons = held(policy, measure.all, facts, unrecorded)
    if reasons is None or types.isdisjoint(measure.types):
        return None
    quantity = measure.quantity * (1 if measure.per_fact is None else facts[measure.per_fact])
    return Suggested(measure.code, quantity, reasons) if quantity else None
