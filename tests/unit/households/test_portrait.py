"""Portraits of households made by hand; the policy's thresholds each decide one of them; many at once are what each is alone."""

import copy

import numpy as np
import pytest

from households.plans.rules import REVIEW_FIGURES
from households.policy.document import RISK_TIERS, FaultyPolicy
from households.policy.packaged import demo_policy
from households.policy.reading import read_policy
from households.portrait.facts import CATEGORIES, EVENTS, INCOME, INDICATORS, NEVER, TYPES, Known
from households.portrait.many import portraits_of
from households.portrait.portrait import portrait_of
from tests.unit.households import portrait_cases_border, portrait_cases_further
from tests.unit.households.portrait_cases import ABOVE_THE_LOWER_EDGE, CASES, LOWER_LINE, ON_THE_LOWER_EDGE

assert portrait_cases_further and portrait_cases_border  # importing them adds their cases
DOCUMENT = demo_policy()
POLICY = read_policy(DOCUMENT)


def told(portrait):
    return (
        portrait.category.name, tuple(portrait.scores[kind] for kind in TYPES), portrait.main, portrait.secondary, portrait.risk.name,
        {one.code: one.quantity for one in portrait.suggested},
    )  # fmt: skip


def expected(case):
    return case.category, case.scores, case.main, case.secondary, case.risk, case.measures


def test_there_are_enough_of_them_and_every_type_category_and_tier():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.category for case in CASES} == set(CATEGORIES)
    assert {case.main for case in CASES} == {*TYPES, None}
    assert {case.risk for case in CASES} == set(RISK_TIERS)
    assert {code for case in CASES for code in case.measures} == {measure.code for measure in POLICY.measures}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_household_has_the_portrait_that_was_reckoned_by_hand(case):
    assert told(portrait_of(case.known, POLICY)) == expected(case)


def with_lower_line(document):
    """The set of a county with a lower line."""
    return read_policy(document | {"figures": document["figures"] | {"subsistence_line": LOWER_LINE * 100}})


def test_where_the_line_is_low_the_factor_decides_who_is_on_the_edge():
    policy = with_lower_line(DOCUMENT)
    assert (POLICY.figures["edge_line"], policy.figures["edge_line"]) == (27_120_00, 24_000_00)
    assert portrait_of(ON_THE_LOWER_EDGE, policy).category.name == "subsistence_edge"
    assert portrait_of(ABOVE_THE_LOWER_EDGE, policy).category.name == "relative_low_income"


def thresholds(document):
    """(place, holder, key) of every number that decides: ends of conditions, steps of rules, figures, the threshold of secondary types, quantities.

    What else a set holds is enumerated in `test_policy_numbers`.
    """
    yield "secondary_from", document, "secondary_from"
    for name in document["figures"]:
        if name in REVIEW_FIGURES:  # they decide days, not portraits: tests/unit/households/test_plan_rules.py
            continue
        yield f"figures.{name}", document["figures"], name
    for k, rule in enumerate(document["rules"]):
        for key in ("every", "beyond", "most", "points") if "per" in rule else ():
            yield f"rules[{k}].per.{key}", rule["per"], key
        yield f"rules[{k}].points", rule, "points"
    for k, measure in enumerate(document["measures"]):
        yield f"measures[{k}].quantity", measure, "quantity"
    for table in ("categories", "rules", "risk", "measures"):
        for k, one in enumerate(document[table]):
            for way in one.get("any", [one.get("all")]):
                for condition in way:
                    for end in ("at_least", "at_most"):
                        if end in condition:
                            yield f"{table}[{k}] {condition['fact']} {end}", condition, end


def reachable(kind):
    """The points of a type that some household can have: each rule gives none, its own, or with what it gives per unit."""
    found = {0}
    for rule in DOCUMENT["rules"]:
        if rule["type"] == kind:
            per = rule.get("per", {"points": 1, "most": 0})
            gives = {rule["points"] + min(per["most"], more) for more in range(0, per["most"] + 1, per["points"])}
            found |= {min(100, before + points) for before in found for points in gives}
    return found


def step_down(name, value):
    """The next number below that can make a difference: 1 less, or for points the next that any household can have."""
    if name == "secondary_from":
        return max(points for kind in TYPES for points in reachable(kind) if points < value)
    if " score_" in name:
        return max(points for points in reachable(name.split(" score_")[1].split()[0]) if points < value)
    return value - 1


def changed(document, name, holder, key, by):
    """The document with the number in its place one step up or down; None where such a set is refused."""
    value = holder[key]
    if isinstance(value, dict):
        value = POLICY.figures[value["figure"]] * value.get("permille", 1_000) // 1_000
    holder[key] = value + 1 if by > 0 else step_down(name, value)
    if holder[key] < 0:  # "at most 0" of a count: nobody may pass any more
        holder.pop(key)
        holder["at_least"] = 10**12
    try:
        return read_policy(document)
    except FaultyPolicy:
        return None


def noticed(document, policy):
    """Whether some household made by hand has another portrait."""
    if any(told(portrait_of(case.known, policy)) != expected(case) for case in CASES):
        return True
    lower = with_lower_line(document)
    return [portrait_of(one, lower).category.name for one in (ON_THE_LOWER_EDGE, ABOVE_THE_LOWER_EDGE)] != [
        "subsistence_edge",
        "relative_low_income",
    ]


SAYS_NOTHING = (
    # whoever has any points for an emergency has 45, and who has none is not offered what is for emergencies
    "measures[0] score_emergency at_least", "measures[1] score_emergency at_least",
    # the quantity is that many times the fact: of none nothing is offered, whatever the condition
    "measures[8] chronically_ill at_least", "measures[9] unemployed at_least", "measures[10] able_workers at_least",
    "measures[11] youths_16_19 at_least", "measures[13] lone_elders at_least", "measures[14] dependent_on_care at_least",
    "measures[15] mentally_ill at_least",
)  # fmt: skip
"""Conditions that no household can notice where they are eased by a step, and why; each stands there because a measure has a condition"""


@pytest.mark.parametrize(("by", "says_nothing"), [(1, ()), (-1, SAYS_NOTHING)], ids=["up", "down"])
def test_changing_any_threshold_by_a_step_changes_the_portrait_of_some_household(by, says_nothing):
    unnoticed, count = [], len(list(thresholds(DOCUMENT)))
    assert count > 180
    for place in range(count):
        document = copy.deepcopy(DOCUMENT)
        name, holder, key = list(thresholds(document))[place]
        policy = changed(document, name, holder, key, by)
        if policy is not None and not noticed(document, policy):
            unnoticed.append(name)
    assert unnoticed == list(says_nothing)


def test_every_indicator_matters():
    def facts(conditions):
        return {condition["fact"] for condition in conditions}

    used = set()
    for table in ("categories", "rules", "risk", "measures"):
        for one in DOCUMENT[table]:
            used |= facts([condition for way in one.get("any", [one.get("all")]) for condition in way])
            used |= {one.get("per_fact"), one.get("per", {}).get("fact")}
    reckoned = {
        "income_per_head": {*INCOME, "employed", "medical_year", "education_year"}, "rigid_share": {"disability_care_year"},
        "savings_per_head": {"savings"}, "area_per_head": {"housing_area"},
    }  # fmt: skip
    used |= {name for fact, names in reckoned.items() if fact in used for name in names}
    assert len(INDICATORS) >= 30
    assert set(INDICATORS) - used == set()


@pytest.mark.parametrize("seed", range(4))
def test_many_at_once_are_what_each_is_alone(seed):
    draw, count = np.random.default_rng(seed), 2_500
    most = {"persons": 4, "fen": 7_000_000, "count": 3, "m2": 120, "grade": 5, "mu": 8}
    members = draw.integers(1, 13, count)
    indicators = {
        name: np.where(draw.random(count) < 0.6, 0, draw.integers(0, most[unit], count))
        for name, unit in INDICATORS.items()
    }
    events = {name: np.where(draw.random(count) < 0.85, NEVER, draw.integers(0, 200, count)) for name in EVENTS}
    many = portraits_of(members, indicators, events, POLICY)
    for h in range(count):
        known = Known(
            int(members[h]), {name: int(column[h]) for name, column in indicators.items()},
            {name: int(column[h]) for name, column in events.items()},
        )  # fmt: skip
        one = portrait_of(known, POLICY)
        assert CATEGORIES[many.category[h]] == one.category.name
        assert many.scores[h].tolist() == [one.scores[kind] for kind in TYPES]
        assert (TYPES[many.main[h]] if many.main[h] >= 0 else None) == one.main
        assert {TYPES[k] for k in np.flatnonzero(many.secondary[h])} == set(one.secondary)
        assert RISK_TIERS[many.risk[h]] == one.risk.name
        assert {code: int(q[h]) for code, q in many.suggested.items() if q[h]} == {
            s.code: s.quantity for s in one.suggested
        }


def test_every_result_says_what_made_it():
    case = next(case for case in CASES if case.name == "job lost ninety days ago")
    found = portrait_of(case.known, POLICY)
    fired = {one.rule: one for one in found.fired}
    assert set(fired) == {"lost-job", "unemployed"}
    assert [(r.fact, r.value, r.at_least, r.at_most) for r in fired["lost-job"].reasons] == [
        ("days_since_job_loss", 90, None, 90),
        ("unemployed", 1, 1, None),
    ]
    assert found.risk.reasons[0].fact == "score_emergency"
    assert found.policy == "yongjia-2026"


def test_what_rests_on_facts_that_nobody_recorded_says_so():
    found = portrait_of(Known(1, {"elders": 1}), POLICY)
    assert (found.category.name, found.scores["subsistence"]) == ("extreme_poverty", 90)
    income = {*INCOME, "employed", "medical_year", "education_year"}
    assert set(found.missing) == {"able_workers", "supporters", "savings", *income}
    reasons = {one.fact: one.missing for one in found.category.reasons}
    assert reasons["able_workers"] == ("able_workers",) and reasons["elders"] == ()
    assert set(reasons["income_per_head"]) == income
    assert {one.fact for one in found.category.reasons if not one.is_unknown} == {"elders"}
    assert found.unrecorded == set(INDICATORS) - {"elders"}


def test_a_recorded_nothing_is_no_missing_fact():
    known = Known(1, dict.fromkeys(INDICATORS, 0) | {"elders": 1})
    found = portrait_of(known, POLICY)
    assert (found.category.name, found.missing, found.unrecorded) == ("extreme_poverty", (), frozenset())
    partly = portrait_of(Known(1, {n: v for n, v in known.indicators.items() if n != "savings"}), POLICY)
    assert partly.missing == ("savings",)
    assert told(partly) == told(found)  # it counts as 0 as it always did


@pytest.mark.parametrize(
    ("members", "indicators", "events", "words"),
    [
        (0, {}, {}, "at least one member"),
        (1, {"medical_year": -1}, {}, "zero or more"),
        (1, {"wealth": 1}, {}, "no indicator 'wealth'"),
        (1, {}, {"party": 1}, "'party'"),
        (1, {}, {"fire": -1}, "zero days"),
    ],
)
def test_what_cannot_be_is_refused(members, indicators, events, words):
    with pytest.raises(ValueError, match=words):
        Known(members, indicators, events)
