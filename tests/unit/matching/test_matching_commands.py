"""`zhongfu verify`, `explain` and `problem` from the outside: exit codes, and every fault on its own line."""

import json

import pytest
from click.testing import CliRunner, Result

from marketplace.cli.main import main
from matching.gap import NoGapFile, problem_from_gap
from matching.generator import generate
from matching.problem import parse_problem, read_problem
from matching.solution import write_plan
from tests.unit.matching.plans import greedy_plan
from tests.unit.matching.problems import DATA, SAMPLES, small


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def plan_file(tmp_path):
    write_plan(greedy_plan(read_problem(SAMPLES[1])), tmp_path / "plan.json")
    return tmp_path / "plan.json"


def test_a_valid_plan_is_verified_with_exit_0(plan_file):
    result = run("verify", SAMPLES[1], plan_file)
    assert (result.exit_code, result.stdout.splitlines()[-1].split()[0]) == (0, "valid")


def test_each_violation_is_named_with_exit_1(plan_file):
    document = json.loads(plan_file.read_text())
    document["allocations"][0]["quantity"] += 100
    document["levels"][7]["value"] += 1
    plan_file.write_text(json.dumps(document))
    result = run("verify", SAMPLES[1], plan_file)
    assert result.exit_code == 1
    assert "level lottery: stated" in result.stdout
    assert " delivered of " in result.stdout


def test_a_plan_with_fields_of_the_wrong_kind_is_invalid_and_a_file_that_is_no_plan_unreadable(plan_file):
    document = json.loads(plan_file.read_text())
    document["allocations"][0]["quantity"] = 1.5
    plan_file.write_text(json.dumps(document))
    result = run("verify", SAMPLES[1], plan_file)
    assert (result.exit_code, "plan.json:allocations[0]:quantity: must be a whole number" in result.stdout) == (1, True)
    plan_file.write_text("{")
    assert run("verify", SAMPLES[1], plan_file).exit_code == 2
    assert run("verify", SAMPLES[1], plan_file.with_name("no.json")).exit_code == 2


@pytest.mark.parametrize("command", ["verify", "explain"])
def test_every_fault_of_a_problem_is_printed_with_exit_2(tmp_path, plan_file, command):
    (tmp_path / "p.json").write_text(json.dumps(small(seed=-1, offers=[])))
    result = run(command, tmp_path / "p.json", plan_file)
    assert result.exit_code == 2
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == ["p.json:top:offers", "p.json:top:seed"]


def test_unmet_needs_are_explained_one_or_all_as_text_or_json(plan_file):
    everything = run("explain", SAMPLES[1], plan_file, "--json")
    rows = [json.loads(line) for line in everything.stdout.splitlines()]
    assert everything.exit_code == 0
    assert {row["reason"] for row in rows}
    one = run("explain", SAMPLES[1], plan_file, "--need", rows[0]["need"])
    assert one.stdout.startswith(f"need {rows[0]['need']} lacks {rows[0]['missing']}: {rows[0]['reason']}")
    assert "would help: " in one.stdout
    assert run("explain", SAMPLES[1], plan_file, "--need", "nobody").exit_code == 2


def test_an_invalid_plan_is_not_explained(plan_file):
    assert run("explain", SAMPLES[0], plan_file).exit_code == 1


def test_a_generated_folder_reads_back_as_what_was_generated(tmp_path):
    result = run("problem", "generate", "--scale", "village", "--seed", 3, "--out", tmp_path / "v")
    assert result.exit_code == 0, result.output
    assert read_problem(tmp_path / "v") == parse_problem(generate("village", 3))


def test_a_gap_file_becomes_a_problem(tmp_path):
    result = run("problem", "from-gap", DATA / "gap" / "c0515_1", "--out", tmp_path / "g.json")
    assert result.exit_code == 0
    problem = read_problem(tmp_path / "g.json")
    assert (len(problem.needs), len(problem.offerings), len(problem.pairs)) == (15, 5, 75)
    assert json.loads(run("problem", "from-gap", DATA / "gap" / "c0515_1").stdout) == problem.document


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must begin"),
        ("0 3", "must begin"),
        ("1 1 5 6", "need 5 numbers, the file has 4"),
        ("1 1\n5 x 6", "line 2: 'x' is not"),
    ],
)
def test_a_faulty_gap_file_is_refused_with_its_place(tmp_path, text, said):
    with pytest.raises(NoGapFile, match=said):
        problem_from_gap(text, "g")
    (tmp_path / "g").write_text(text)
    assert run("problem", "from-gap", tmp_path / "g").exit_code == 2
