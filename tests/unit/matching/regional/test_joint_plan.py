"""A joint plan over counties: valid for the whole problem, bounded for the whole problem, and finished after a kill."""

import copy
import json
from dataclasses import asdict

import numpy as np
import pytest
from click.testing import CliRunner

from marketplace.cli.main import main
from matching.pairs import build_pairs
from matching.problem import read_problem
from matching.regional.checking import joint_violations
from matching.regional.coordination import Effort, _Region, solve_region
from matching.regional.joining import write_joint_plan
from matching.regional.partition import Partition, partition
from matching.regional.pieces import asked, run_piece
from matching.regional.workers import in_this_process
from matching.solution import read_plan
from matching.solver.county_part import CountyPart, Prices, points_of
from matching.solver.engine import ContradictingPins
from matching.solver.levels import coverage_of
from matching.solver.relaxation import POINTS, solve_lp
from matching.validation import violations
from tests.unit.matching.regional.regions import rows, small_region, write

QUICK = Effort(scouts=2, rounds=2, rests=2, seconds=30.0)


def quiet(line):
    """Nobody listens."""


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    return small_region(tmp_path_factory.mktemp("regional") / "region")


@pytest.fixture(scope="module")
def solved(region, tmp_path_factory):
    work = tmp_path_factory.mktemp("joint")
    joint = solve_region(region, work, in_this_process, effort=QUICK, say=quiet)
    write_joint_plan(joint, work, work / "plan.json")
    return joint, work


def test_the_validator_of_the_whole_problem_accepts_the_joint_plan(region, solved):  # promise 25
    joint, work = solved
    plan = read_plan(work / "plan.json")
    assert violations(read_problem(region), plan) == []
    assert {level.name: level.value for level in plan.levels} == {
        name: value for name, (value, _) in joint.levels.items()
    }
    assert joint.levels["tier1"][0] > 0


def test_no_plan_of_the_whole_problem_passes_a_bound(region, solved):
    joint, _ = solved
    assert all(bound >= value for value, bound in list(joint.levels.values())[:3])
    reached = [joint.levels[f"tier{t}"][0] for t in (1, 2, 3)]
    for tier, best in enumerate(whole_relaxation(read_problem(region), reached)):
        assert joint.levels[f"tier{tier + 1}"][1] >= int(best)
    assert joint.gap < 0.5
    coverage, bound = joint.levels["coverage"]
    assert coverage <= bound <= coverage_of(joint.levels[f"tier{t}"][1] for t in (1, 2, 3)) + 2


def whole_relaxation(problem, reached):
    """The linear optimum of each tier over the whole problem, while the tiers before keep what the plan reached; no integer plan is less."""
    part = CountyPart(problem, build_pairs(problem), set(), set(), set())
    r = part.relaxation
    for tier in range(3):
        lower = r.lower.copy()
        lower[part.row_of_tier[:tier]] = [points / POINTS for points in reached[:tier]]
        objective = part.objective(tier)
        _, x, _ = solve_lp(lower, r.upper, r.matrix, r.low, r.high, objective)
        yield float(objective @ x) * POINTS - 1  # less what the solver's tolerance may be


def test_any_prices_bound_the_joint_problem(region, tmp_path):
    cut = partition(region, tmp_path / "work")
    state = _Region(cut, tmp_path / "work", in_this_process, quiet)
    whole = list(whole_relaxation(read_problem(region), [0, 0, 0]))
    draw = np.random.default_rng(1)
    for round_ in range(3):
        prices = [
            asdict(Prices(
                {o: float(draw.uniform(0, 5_000)) for o in cut.offerings}, {f: float(draw.uniform(0, 1)) for f in cut.funds},
                {k: float(draw.uniform(0, 5)) for k in cut.limits}, tuple(float(p) for p in draw.uniform(0, 9, tier)),
            ))
            for tier in range(3)
        ]  # fmt: skip
        state.price(f"any-{round_}", prices)
    bounds = state.bounds([0, 0, 0])
    assert all(bound >= int(best) for bound, best in zip(bounds, whole, strict=True))


def test_no_prices_of_money_and_tiers_bound_a_county_better_than_those_weighed_beside_its_plan(region, solved):
    """Strong duality: at the weighed prices the bound is what the relaxation reaches with the plan's money and points of earlier tiers."""
    _, work = solved
    question, draw = asked(work, "weigh"), np.random.default_rng(2)
    shared = question["common"]["shared"]
    for part, own in question["parts"].items():
        problem = read_problem(work / "parts" / part)
        county = CountyPart(
            problem, build_pairs(problem), *(set(shared[name]) for name in ("offerings", "funds", "limits"))
        )
        with np.load(work / "results" / "plan" / f"{part}.steps.npz") as arrays:
            steps = arrays["steps"]
        kept = points_of(county.instance, steps)
        agreed = {1: asked(work, "bound")["common"]["prices"]["1"], 2: question["common"]["prices"]}
        for tier, known in agreed.items():
            prices = Prices(**known)
            weighed = county.weigh(tier, prices, own["shares"], steps)
            assert weighed.offerings == prices.offerings
            least = _bound_of(county, tier, weighed, own["shares"], kept)
            for _ in range(4):
                other = Prices(
                    prices.offerings,
                    {f: p * draw.uniform(0.3, 2) for f, p in weighed.funds.items()},
                    {k: p * draw.uniform(0.3, 2) for k, p in weighed.limits.items()},
                    tuple(p * draw.uniform(0.3, 2) for p in weighed.tiers),
                )
                assert _bound_of(county, tier, other, own["shares"], kept) >= least - 1e-6 * abs(least)
            assert _bound_of(county, tier, prices, own["shares"], kept) >= least - 1e-6 * abs(least)


def _bound_of(county, tier, prices, shares, kept):
    """What the county's answer at `prices` says of any plan with these shares of money and these points of earlier tiers."""
    money = sum(
        price * shares[name][row]
        for name in ("funds", "limits")
        for row, price in getattr(prices, name).items()
        if row in shares[name]
    )
    return (
        county.respond(tier, prices, tighten=False).bound
        + money
        - sum(p * v for p, v in zip(prices.tiers, kept, strict=False))
    )


def test_every_shared_row_of_money_has_a_scout_the_largest_first(tmp_path):
    parts = [f"part-{k}" for k in range(12)]
    funds = {"poor": {"amount_fen": 10, "parts": parts[1:3]}, "rich": {"amount_fen": 900, "parts": parts[9:12]}}
    limits = {"wide": {"max_fen": 5_000, "parts": parts}, "north": {"max_fen": 700, "parts": parts[3:6]}}
    limits |= {f"small-{k}": {"max_fen": k, "parts": [parts[k], parts[k + 1]]} for k in (4, 7)}
    cut = Partition("", "", dict.fromkeys(parts, "990101"), dict.fromkeys(parts, 1), {}, funds, limits, {}, {})
    region = _Region(cut, tmp_path, in_this_process, quiet)
    # the first by its place, then one for each row that none stands under, at most four times as many
    assert region._some(1) == ["part-0", "part-10", "part-2", "part-4"]
    assert region._some(2) == ["part-0", "part-10", "part-2", "part-4", "part-6", "part-8"]
    assert region._some(99) == sorted(parts)


class Killed(Exception):
    """The machine went away."""


def test_a_run_that_was_killed_goes_on_where_it_was_and_ends_with_the_same_plan(region, solved, tmp_path):  # promise 3
    joint, _ = solved
    done = []

    def mortal(lives):
        def run(work, stage, parts):
            for part in parts:
                before = (work / "results" / stage / f"{part}.json").exists()
                run_piece(work, stage, part)
                if not before:
                    done.append((stage, part))
                if len(done) >= lives:
                    raise Killed

        return run

    for lives in (4, 9, 14):
        with pytest.raises(Killed):
            solve_region(region, tmp_path, mortal(lives), effort=QUICK, say=quiet)
    again = solve_region(region, tmp_path, mortal(10**6), effort=QUICK, say=quiet)
    assert len(done) == len(set(done))
    assert again.levels == joint.levels


def test_the_joint_check_names_every_shared_row_that_counties_overuse(solved):
    joint, _ = solved
    assert joint_violations(joint.partition, joint.figures) == []
    figures = copy.deepcopy(joint.figures)
    cut = joint.partition
    last = cut.parts[-1]
    offering = next(o for o, row in cut.offerings.items() if row["max_needs"] is not None)
    fund, limit = next(iter(cut.funds)), next(iter(cut.limits))
    figures[last]["offerings"][offering] = [
        cut.offerings[offering]["capacity"] + 1,
        cut.offerings[offering]["max_needs"] + 1,
    ]
    figures[last]["funds"][fund] = cut.funds[fund]["amount_fen"] + 1
    figures[last]["limits"][limit] = cut.limits[limit]["max_fen"] + 1
    assert {v.rule for v in joint_violations(cut, figures)} == {"capacity", "max_needs", "fund", "limit"}
    del figures[last]
    assert [v.rule for v in joint_violations(cut, figures)] == ["parts"]


def test_pins_of_several_counties_that_ask_too_much_together_are_named(region, tmp_path):
    head = json.loads((region / "problem.json").read_text())
    needs, offerings = rows(region / "needs.jsonl"), rows(region / "offerings.jsonl")
    pin = head["pins"][0]
    other = next(n for n in needs if n["id"][:7] != pin["need"][:7])
    shared = next(o for o in offerings if o["id"] == pin["offering"])
    other |= {"category": shared["category"], "type": next(n for n in needs if n["id"] == pin["need"])["type"]}
    for one in ("fill", "from", "by", "requires"):
        other.pop(one, None)
    shared["capacity"] = 1
    head["pins"].append({"need": other["id"], "offering": shared["id"], "quantity": 1})
    write(tmp_path, head, needs, offerings)
    with pytest.raises(ContradictingPins, match=shared["id"]):
        solve_region(tmp_path, tmp_path / "work", in_this_process, effort=QUICK, say=quiet)


def test_a_faulty_problem_ends_the_command_with_exit_2(tmp_path):
    (tmp_path / "problem.json").write_text("{}")
    result = CliRunner().invoke(main, ["solve-region", str(tmp_path), "--out", str(tmp_path / "plan.json")])
    assert result.exit_code == 2
    assert "problem.json:top:format" in result.stderr
