"""A policy set is read whole or refused with every fault, each named by its place and with the mend."""

import copy

import pytest

from households.policy.document import FaultyPolicy
from households.policy.packaged import demo_policy
from households.policy.reading import read_policy

DOCUMENT = demo_policy()


def faults(change):
    document = copy.deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(FaultyPolicy) as refused:
        read_policy(document)
    return dict(refused.value.faults)


def put(path, value):
    def change(document):
        *way, last = path
        for step in way:
            document = document[step]
        document[last] = value

    return change


def drop(*path):
    def change(document):
        *way, last = path
        for step in way:
            document = document[step]
        del document[last]

    return change


def test_the_edge_line_never_passes_the_minimum_wage():
    policy = read_policy(DOCUMENT)
    assert policy.figures["edge_line"] == 12 * 226_000
    richer = read_policy(DOCUMENT | {"figures": DOCUMENT["figures"] | {"minimum_wage_month": 300_000}})
    assert richer.figures["edge_line"] == 2 * 1_500_000


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (put(["format"], "zhongfu-policy/9"), "format", "zhongfu-policy/1"),
        (put(["region"], "33032"), "region", "digits"),
        (put(["valid_to"], "2025-12-31"), "valid_to", "before"),
        (put(["secondary_from"], 0), "secondary_from", "from 1 to 100"),
        (drop("figures", "subsistence_line"), "figures.subsistence_line", "missing"),
        (put(["figures", "edge_line"], 1), "figures.edge_line", "leave it out"),
        (put(["figures", "savings_limit"], -1), "figures.savings_limit", "from 0"),
        (put(["figures", "savings_limit"], "30000"), "figures.savings_limit", "whole number"),
        (put(["rules", 3, "all", 0, "fact"], "roof"), "rules[3].all[0].fact", "no fact roof"),
        (put(["rules", 3, "all", 0], {"fact": "debt"}), "rules[3].all[0]", "at_least or at_most"),
        (put(["rules", 3, "all"], []), "rules[3].all", "at least 1 entry"),
        (put(["rules", 3, "points"], 101), "rules[3].points", "100"),
        (put(["rules", 3, "type"], "wealth"), "rules[3].type", "one of"),
        (put(["rules", 3, "id"], "edge"), "rules[3].id", "rules[2]"),
        (put(["rules", 3, "colour"], "red"), "rules[3].colour", "no such entry"),
        (put(["rules", 3, "all", 0, "at_least"], -1), "rules[3].all[0].at_least", "whole number"),
        (put(["rules", 3, "all", 0, "at_least"], {"figure": "line"}), "rules[3].all[0].at_least", "no figure line"),
        (put(["rules", 3, "all", 0, "fact"], "score_care"), "rules[3].all[0].fact", "not known yet"),
        (put(["rules", 6, "per", "every"], 0), "rules[6].per.every", "zero"),
        (put(["rules", 6, "per", "every"], {"figure": "relief"}), "rules[6].per.every", "no figure relief"),
        (put(["categories", 0, "any", 0, 0, "fact"], "is_other"), "categories[0].any[0][0].fact", "not known yet"),
        (drop("categories", 1), "categories", "in this order"),
        (drop("risk", 0), "risk", "high, key"),
        (put(["measures", 1, "code"], "emergency-cash"), "measures[1].code", "measures[0]"),
        (put(["measures", 0, "tier"], 4), "measures[0].tier", "3"),
        (put(["measures", 0, "weight"], 0), "measures[0].weight", "1"),
        (drop("rules"), "rules", "missing"),
        (drop("rules", 0, "points"), "rules[0].points", "missing"),
        (drop("rules", 6, "per", "most"), "rules[6].per.most", "missing"),
        (drop("measures", 0, "days"), "measures[0].days", "missing"),
        (drop("categories", 0, "any"), "categories[0].any", "missing"),
        (put(["rules", 3], 7), "rules[3]", "object"),
        (put(["risk"], {}), "risk", "list"),
        (put(["figures"], []), "figures", "object"),
        (put(["figures", "Two words"], 1), "figures.Two words", "small letters"),
        (put(["valid_from"], "next year"), "valid_from", "2027-03-05"),
        (put(["source"], " "), "source", "characters"),
        (put(["source"], "\ud800"), "source", "characters"),
        (put(["rules", 0, "name", "zh"], "a\x00"), "rules[0].name.zh", "characters"),
        (put(["valid_to"], "9999-12-31"), "valid_to", "2027-03-05"),
        (put(["valid_from"], "20270101"), "valid_from", "2027-03-05"),
        (put(["valid_from"], 20270101), "valid_from", "2027-03-05"),
        (put(["rules"], [1] * 501), "rules", "at most 500"),
        (put(["figures"], {f"f{n}": 1 for n in range(501)}), "figures", "at most 500"),
        (
            put(["rules", 0, "all", 0, "at_least"], {"figure": "average_income", "permille": 0}),
            "rules[0].all[0].at_least",
            "1 to 100000",
        ),
        (put(["rules", 0, "type"], []), "rules[0].type", "one of"),
        (put(["measures", 0, "per_fact"], "roof"), "measures[0].per_fact", "no fact roof"),
        (put(["measures", 0, "quantity"], 10**9), "measures[0].quantity", "1000000"),
        (drop("rules", 0, "name", "zh"), "rules[0].name.zh", "missing"),
    ],
)
def test_a_fault_is_named_by_its_place_with_the_mend(change, place, words):
    found = faults(change)
    assert place in found, found
    assert words.lower() in found[place].lower()


@pytest.mark.parametrize(
    ("figures", "every"),
    [
        ({"relief": 0}, {"figure": "relief"}),
        ({"relief": 999}, {"figure": "relief", "permille": 1}),  # 999 × 1 ‰ has no whole unit
        ({"subsistence_line": 0}, {"figure": "edge_line"}),  # the edge line follows from the line
    ],
)
def test_a_step_that_a_figure_brings_to_nothing_is_refused(figures, every):
    def change(document):
        document["figures"] |= figures
        document["rules"][6]["per"]["every"] = every

    assert "zero" in faults(change)["rules[6].per.every"]


def test_all_faults_are_told_at_once():
    def change(document):
        document["rules"][0]["points"] = -1
        document["measures"][2]["days"] = 0

    assert set(faults(change)) == {"rules[0].points", "measures[2].days"}


def test_what_cannot_be_written_is_still_named():
    found = faults(lambda document: document["rules"][0].update({"\ud800": 1}))
    assert list(found) == ["rules[0].\\ud800"]
    found = faults(put(["rules", 0, "all", 0, "fact"], "\ud800"))
    assert "\\ud800" in found["rules[0].all[0].fact"]


def test_a_fault_can_be_said_in_another_language():
    with pytest.raises(FaultyPolicy) as refused:
        read_policy(DOCUMENT | {"secondary_from": 0})
    [(place, words)] = refused.value.faults
    assert (place, words.message % words.values) == ("secondary_from", str(words))
    assert words.values == {"least": 1, "most": 100}


@pytest.mark.parametrize("document", [None, [], "policy", 3])
def test_what_is_no_object_is_refused(document):
    with pytest.raises(FaultyPolicy, match="an object"):
        read_policy(document)


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (put(["reviews", "otherwise_months"], 0), "reviews.otherwise_months", "1"),
        (put(["reviews", "groups", 0, "months"], 61), "reviews.groups[0].months", "60"),
        (put(["reviews", "groups", 1, "id"], "extreme-poverty"), "reviews.groups[1].id", "reviews.groups[0]"),
        (
            put(["reviews", "groups", 2, "any", 1, 0, "fact"], "score_care"),
            "reviews.groups[2].any[1][0].fact",
            "not known",
        ),
        (
            put(["reviews", "groups", 2, "any", 1, 0, "at_least"], {"figure": "line"}),
            "reviews.groups[2].any[1][0].at_least",
            "no figure line",
        ),
        (drop("visits", "tiers", "key"), "visits.tiers.key", "missing"),
        (put(["visits", "tiers", "high", "every_days"], 0), "visits.tiers.high.every_days", "1"),
        (put(["visits", "tiers", "urgent"], {}), "visits.tiers.urgent", "no such entry"),
        (drop("visits", "problem_days", "safety"), "visits.problem_days.safety", "missing"),
        (put(["visits", "again_days"], "3"), "visits.again_days", "whole number"),
    ],
)
def test_a_fault_of_reviews_or_visits_is_named_by_its_place(change, place, words):
    found = faults(change)
    assert place in found, found
    assert words.lower() in found[place].lower()
