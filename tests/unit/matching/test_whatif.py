"""What if: estimates hold what they say, pins and forbids change as little as can be, and nothing asked changes anything."""

import json
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner

from kernel.errors import InvalidFields, InvalidInput
from marketplace.cli.main import main
from matching.alternatives import Change, budget_of, change_document, change_from, changed_problem, checked_change
from matching.generator import generate
from matching.pairs import build_pairs
from matching.problem import Forbid, Pin, parse_problem
from matching.solution import plan_text
from matching.solver.engine import ContradictingPins, solve
from matching.solver.instance import UnplacedPin, build_instance
from matching.solver.levels import tier_points
from matching.solver.state import broken
from matching.solver.warm import prices_from_bytes, prices_to_bytes
from matching.validation import violations
from matching.whatif import Prepared, counted, differences, estimate, fewest, steps_of
from tests.unit.matching.plans import greedy_plan
from tests.unit.matching.problems import small
from tests.unit.matching.scarce import scarce
from tests.unit.matching.solver.enumeration import random_problem

MOST_PLANS = 30_000


def solved(document):
    problem = parse_problem(document)
    return problem, solve(problem, time_limit=20, threads=1)


def tiers_of(plan):
    return tuple(level.value for level in plan.levels[:3])


@pytest.mark.parametrize("seed", range(6))
def test_the_true_optimum_lies_between_the_plan_at_hand_and_the_bound(seed):  # promise 24
    problem, plan = solved(scarce(seed, needs=14))
    prepared = Prepared(problem, plan)
    prepared.with_prices(prices_from_bytes(prices_to_bytes(prepared.warm.take_prices())))
    fund = problem.funds[0]
    for change in (
        Change(budget_fen=budget_of(problem) // 2),
        Change(budget_fen=budget_of(problem) * 3),
        Change(funds={fund.id: fund.amount_fen * 4}, budget_fen=budget_of(problem) * 4),
        Change(funds={fund.id: 0}),
    ):
        answer = estimate(prepared, change)
        truth = solve(changed_problem(problem, change), time_limit=20, threads=1)
        assert truth.levels[0].proven and truth.levels[1].proven and truth.levels[2].proven
        least = tuple(tier.at_least for tier in answer.tiers)
        assert tiers_of(truth) >= least
        assert all(value <= tier.at_most for value, tier in zip(tiers_of(truth), answer.tiers, strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_the_plan_at_hand_breaks_no_rule_and_the_question_changes_nothing(seed):
    problem = parse_problem(generate("village", seed))
    plan = greedy_plan(problem)
    prepared = Prepared(problem, plan)
    before = prepared.warm.steps.copy()
    budget = sum(fund.amount_fen for fund in problem.funds)
    for share in (0.0, 0.3, 0.9, 1.5):
        limits = (prepared.warm.instance.limit_max * share).astype(np.int64)
        found = prepared.warm.ask(limit_max=limits)
        assert broken(prepared.warm.changed(limit_max=limits), found.steps) == []
        assert estimate(prepared, Change(budget_fen=int(budget * share))) == estimate(
            prepared, Change(budget_fen=int(budget * share))
        )
    assert (prepared.warm.steps == before).all() and tiers_of(plan) == prepared.warm.before


def test_less_money_never_promises_more_and_a_new_floor_leaves_the_tiers():
    problem = parse_problem(generate("township", 2))
    prepared = Prepared(problem, greedy_plan(problem))
    prepared.with_prices(prepared.warm.take_prices(((1.0, 1.0),)))
    tops = [estimate(prepared, Change(budget_fen=fen)).tiers[0].at_most for fen in (10_000, 1_000_000, 10_000_000)]
    assert tops == sorted(tops)
    answer = estimate(prepared, Change(floor_percent=100))
    assert [tier.at_least for tier in answer.tiers] == [tier.before for tier in answer.tiers]
    assert answer.shortfall >= answer.shortfall_before >= 0 and answer.shortfall_least <= answer.shortfall
    assert answer.needs_gaining == answer.needs_losing == 0


def test_where_money_is_plenty_a_budget_far_below_the_spending_still_bounds_from_above():
    document = generate("township", 2)
    for fund in document["funds"]:
        fund["amount_fen"] *= 40
    document["limits"] = []
    problem = parse_problem(document)
    prepared = Prepared(problem, greedy_plan(problem))
    prepared.with_prices(prepared.warm.take_prices())
    today = estimate(prepared, Change(floor_percent=50))
    answer = estimate(prepared, Change(budget_fen=today.cost_before_fen // 5))
    assert today.cost_before_fen < sum(fund.amount_fen for fund in problem.funds) // 3
    assert answer.tiers[1].at_least <= answer.tiers[1].likely <= answer.tiers[1].at_most < today.tiers[1].at_most


def test_a_change_is_checked_whole_and_travels_as_json():
    problem = parse_problem(small())
    faulty = Change(
        budget_fen=-1, funds={"F9": 3}, floor_percent=101, pins=(Pin("N1", "O3", 1),), forbids=(Forbid("N9", "O1"),)
    )
    with pytest.raises(InvalidFields) as refused:
        checked_change(problem, faulty)
    assert [fault.field for fault in refused.value.faults] == [
        "budget_fen",
        "floor_percent",
        "funds",
        "pins",
        "forbids",
    ]
    with pytest.raises(InvalidFields) as refused:
        checked_change(problem, Change())
    assert refused.value.faults[0].text.startswith("Nothing is changed")
    change = Change(budget_fen=5, funds={"F1": 7}, tolerance_permille=3, pins=(Pin("N1", "O1", 2),))
    assert change_from(json.loads(json.dumps(change_document(change)))) == change
    changed = changed_problem(problem, change)
    assert (budget_of(changed), changed.funds[0].amount_fen, changed.policy.tolerance_permille) == (5, 7, 3)
    assert changed.pins == change.pins and problem.pins == ()
    with pytest.raises(InvalidInput, match="by a solve"):
        estimate(Prepared(problem, greedy_plan(problem)), change)


def test_a_budget_is_added_where_there_is_none():
    problem = parse_problem(small(limits=[{"id": "budget", "max_fen": 9, "categories": ["rice"]}]))
    assert budget_of(problem) is None
    assert budget_of(changed_problem(problem, Change(budget_fen=20))) == 20
    assert [limit.max_fen for limit in changed_problem(problem, Change(budget_fen=20)).limits] == [9, 20]


def every_plan(instance):
    """All valid steps of a small instance, or None where there are too many to try."""
    count = float(np.prod(instance.high - instance.low + 1.0))
    if count > MOST_PLANS:
        return None
    ranges = [range(low, high + 1) for low, high in zip(instance.low.tolist(), instance.high.tolist(), strict=True)]
    plans = (np.array(steps, np.int64) for steps in product(*ranges))
    return [steps for steps in plans if not broken(instance, steps)]


def test_the_fewest_changes_are_the_fewest_of_all_plans():  # promise 24
    tried = 0
    for seed in range(60):
        document = {**random_problem(seed, needs=3, offerings=3, largest=2), "pins": []}
        problem = parse_problem(document)
        if not len(build_pairs(problem)):
            continue
        plan = solve(problem, time_limit=5, threads=1)
        draw = np.random.default_rng(seed)
        served = sorted(plan.served())
        if served and seed % 2:
            need, offering = served[draw.integers(len(served))]
            change = Change(forbids=(Forbid(need, offering),))
        else:
            pairs = build_pairs(problem)
            at = int(draw.integers(len(pairs)))
            need, offering = problem.needs[pairs.need[at]], problem.offerings[pairs.offering[at]]
            change = Change(pins=(Pin(need.id, offering.id, need.quantity),))
        changed = changed_problem(problem, change)
        try:
            instance = build_instance(changed, build_pairs(changed))
        except UnplacedPin:
            continue
        plans = every_plan(instance)
        if plans is None:
            continue
        if not plans:
            with pytest.raises(ContradictingPins):
                fewest(problem, plan, change)
            continue
        tried += 1
        found = fewest(problem, plan, change)
        assert violations(found.problem, found.plan) == []
        assert found.proven
        base = steps_of(instance, plan.served())
        delivered = [level.achieved for level in plan.levels[:3]]
        keep = 1000 - problem.policy.tolerance_permille
        least = [-(-points * keep // 1000) for points in delivered]

        def judged(steps, instance=instance, base=base, least=least):
            lost = tuple(max(0, k - v) for k, v in zip(least, tier_points(instance, steps), strict=True))
            return lost, int((steps != base)[instance.low != instance.high].sum())

        best = min(judged(steps) for steps in plans)
        assert judged(steps_of(instance, found.plan.served())) == best
    assert tried >= 25


def test_differences_name_losers_first_and_count_what_moves():
    problem = parse_problem(small())
    before = {("N1", "O1"): 4, ("N2", "O2"): 3}
    after = {("N1", "O1"): 2, ("N1", "O2"): 2, ("N3", "O3"): 2}
    found = differences(problem, before, after)
    assert [(d.need, d.before, d.after) for d in found] == [("N2", 3, 0), ("N1", 4, 4), ("N3", 0, 2)]
    counts = counted(found)
    assert (counts.needs_losing, counts.needs_moved, counts.needs_gaining, counts.pairs) == (1, 1, 1, 4)


def test_the_command_answers_and_mends_and_names_what_is_wrong(tmp_path):
    problem, plan = solved(small())
    (tmp_path / "p.json").write_text(json.dumps(problem.document))
    (tmp_path / "plan.json").write_text(plan_text(plan))
    files = [str(tmp_path / "p.json"), str(tmp_path / "plan.json")]
    said = CliRunner().invoke(main, ["whatif", *files, "--budget", "+10", "--fund", "F1=-50%", "--json"])
    assert said.exit_code == 0, said.output
    assert len(json.loads(said.stdout)["tiers"]) == 3
    mended = CliRunner().invoke(
        main, ["whatif", *files, "--forbid", "N3", "O3", "--out", str(tmp_path / "new.json"), "--changed-problem", str(tmp_path / "q.json")]
    )  # fmt: skip
    assert mended.exit_code == 0, mended.output
    assert "1 pairs differ" in mended.stdout and "need N3" in mended.stdout
    verified = CliRunner().invoke(main, ["verify", str(tmp_path / "q.json"), str(tmp_path / "new.json")])
    assert verified.exit_code == 0, verified.output
    wrong = CliRunner().invoke(main, ["whatif", *files, "--floor", "120"])
    assert wrong.exit_code == 2 and "floor_percent" in wrong.stderr
    pinned = CliRunner().invoke(main, ["whatif", *files, "--pin", "N1", "O1", "4", "--pin", "N2", "O1", "3"])
    assert pinned.exit_code == 3 and "capacity 5" in pinned.stderr
