"""`zhongfu solve` from the outside: a plan that the validator accepts, or an exit code that says why not."""

import json

import pytest
from click.testing import CliRunner, Result

from marketplace.cli.main import main
from matching.problem import read_problem
from matching.solution import parse_plan, read_plan
from matching.validation import violations
from tests.unit.matching.problems import SAMPLES, small


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize("path", SAMPLES[:3], ids=lambda path: path.stem)
def test_a_solved_sample_is_a_valid_plan_on_file_or_standard_output(path, tmp_path):
    written = run("solve", path, "--out", tmp_path / "plan.json", "--time-limit", 20, "--threads", 1)
    assert written.exit_code == 0, written.output
    assert violations(read_problem(path), read_plan(tmp_path / "plan.json")) == []
    printed = run("solve", path, "--time-limit", 20, "--threads", 1)
    assert parse_plan(json.loads(printed.stdout)).served() == read_plan(tmp_path / "plan.json").served()


def test_progress_is_one_json_object_per_line(tmp_path):
    result = run("solve", SAMPLES[0], "--out", tmp_path / "plan.json", "--time-limit", 20, "--progress-json")
    assert result.exit_code == 0
    assert all(isinstance(json.loads(line), dict) for line in result.stderr.splitlines())


def test_a_faulty_problem_is_refused_with_exit_2_and_all_its_faults(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps(small(seed=-1, offers=[])))
    result = run("solve", tmp_path / "p.json", "--out", tmp_path / "plan.json")
    assert result.exit_code == 2
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == ["p.json:top:offers", "p.json:top:seed"]
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize(
    "pin",
    [
        {"need": "N3", "offering": "O3", "quantity": 1},  # single: all or nothing
        {"need": "N3", "offering": "O1", "quantity": 2},  # not compatible
        {"need": "N1", "offering": "O2", "quantity": 6},  # more than asked
    ],
)
def test_pins_that_contradict_the_constraints_end_with_exit_3_and_the_conflict(tmp_path, pin):
    (tmp_path / "p.json").write_text(json.dumps(small(pins=[pin])))
    result = run("solve", tmp_path / "p.json", "--out", tmp_path / "plan.json")
    assert result.exit_code == 3, result.output
    assert pin["need"] in result.stderr
    assert not (tmp_path / "plan.json").exists()


def test_only_the_same_problem_is_replayed(tmp_path):
    run("solve", SAMPLES[0], "--out", tmp_path / "plan.json", "--time-limit", 20)
    assert run("solve", SAMPLES[1], "--replay", tmp_path / "plan.json").exit_code == 2
    again = run("solve", SAMPLES[0], "--replay", tmp_path / "plan.json", "--out", tmp_path / "again.json")
    assert again.exit_code == 0
    assert read_plan(tmp_path / "again.json").allocations == read_plan(tmp_path / "plan.json").allocations
