"""A recorded plan can be made again: the work is repeated, not the seconds, on any number of threads."""

from pathlib import Path

import pytest

from matching.generator import generate
from matching.problem import parse_problem, read_problem
from matching.solution import result_sha256
from matching.solver.engine import solve
from matching.validation import violations

SAMPLES = sorted((Path(__file__).parents[3] / "data" / "problems").glob("sample-*.json"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_gives_the_same_result_on_one_two_and_four_threads(path):  # promise 24
    problem = read_problem(path)
    plan = solve(problem, time_limit=20, threads=1)
    assert plan.status == "optimal"
    for threads in (2, 4):
        assert result_sha256(solve(problem, time_limit=20, threads=threads)) == result_sha256(plan)
        assert result_sha256(solve(problem, time_limit=20, threads=threads, replay=plan)) == result_sha256(plan)


def test_a_township_stopped_by_the_clock_is_replayed_to_the_same_result_on_one_two_and_four_threads():  # promise 24
    problem = parse_problem(generate("township", 5))
    for limit in (6, 12, 24, 48):  # how far a machine comes in so many seconds is its own affair
        plan = solve(problem, time_limit=limit, threads=2)
        done = {entry["stage"]: entry for entry in plan.solver["work"]}
        if done.get("tier3 hours 1 dives 1", {"steps": 0})["steps"] and done["bounds"]["tightened"]:
            break
    assert done["tier3 hours 1 dives 1"]["steps"] > 0
    assert sum(done["tier3 flows"]["rounds"]) > 0
    assert done["bounds"]["tightened"]
    assert plan.status == "feasible"
    assert violations(problem, plan) == []
    for threads in (1, 2, 4):
        assert result_sha256(solve(problem, time_limit=0.01, threads=threads, replay=plan)) == result_sha256(plan)
