"""What is said to help after solving again does help after solving again."""

import pytest
from click.testing import CliRunner

from marketplace.cli.main import main
from matching.changes import apply_changes
from matching.confirmation import confirm
from matching.problem import parse_problem, read_problem
from matching.solution import write_plan
from matching.solver.engine import solve
from tests.unit.matching.problems import SAMPLES, small


def served_by_solving(problem):
    return solve(problem, time_limit=20, threads=1).served()


def units(served, need):
    return sum(x for (one, _), x in served.items() if one == need)


# promise 29
@pytest.mark.parametrize("path", [SAMPLES[0], SAMPLES[4], SAMPLES[7]], ids=lambda path: path.stem)
def test_a_confirmed_change_gives_the_need_more_when_solved_again(path):
    problem = read_problem(path)
    plan = solve(problem, time_limit=20, threads=1)
    assert plan.unmet
    for entry in plan.unmet:
        told = confirm(problem, entry, plan.served(), served_by_solving)
        assert told.detail["verified"] == "solved_again", told
        again = served_by_solving(parse_problem(apply_changes(problem.document, told.detail["changes"])))
        assert units(again, entry.need) == told.detail["units_after"] > units(plan.served(), entry.need)


# promise 29
def test_a_change_that_others_would_take_is_raised_to_the_smallest_that_reaches_the_need():
    need = {"household": "H", "region": "330324", "category": "rice", "quantity": 2, "weight": 9, "type": "care"}
    rivals = [{**need, "id": f"R{i}", "household": f"H{i}", "tier": 1} for i in range(3)]
    offering = {"id": "O", "donor": "D", "category": "rice", "capacity": 2}
    problem = parse_problem(small(needs=[{**need, "id": "N", "tier": 3}, *rivals], offerings=[offering]))
    plan = solve(problem, time_limit=20, threads=1)
    entry = next(one for one in plan.unmet if one.need == "N")
    assert entry.detail["changes"][0]["to"] == 3
    told = confirm(problem, entry, plan.served(), served_by_solving)
    assert (told.detail["changes"][0]["to"], told.detail["units_after"]) == (7, 1)


def test_the_command_confirms_one_need_by_solving_again(tmp_path):
    write_plan(solve(read_problem(SAMPLES[0]), time_limit=20, threads=1), tmp_path / "plan.json")
    words = ["explain", str(SAMPLES[0]), str(tmp_path / "plan.json"), "--solve-again", "20"]
    told = CliRunner().invoke(main, [*words, "--need", "N02"])
    assert (told.exit_code, "solved again with the changes below, it gets" in told.stdout) == (0, True)
    assert CliRunner().invoke(main, words).exit_code == 2
