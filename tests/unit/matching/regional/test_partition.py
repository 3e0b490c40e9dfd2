"""A large problem cut into counties: nothing is lost, nothing is added."""

import json

import pytest

from matching.faults import FaultyProblem
from matching.pairs import build_pairs
from matching.problem import problem_sha256, read_problem
from matching.regional.invention import write_region
from matching.regional.partition import partition
from tests.unit.matching.regional.regions import SMALL, small_region


@pytest.fixture
def region(tmp_path):
    return small_region(tmp_path / "region")


def what_is_possible(problem):
    """Every pair with what it costs, how far it is, who may pay and which limits count it."""
    pairs = build_pairs(problem)
    counted = [set(members.tolist()) for members in pairs.limit_members]
    return {
        (
            problem.needs[n].id, problem.offerings[o].id, int(pairs.unit_cost_fen[p]), int(pairs.distance_m[p]),
            int(pairs.load[p]), int(pairs.lottery[p]), pairs.townships[pairs.township[n]],
            tuple(sorted(problem.funds[f].id for f in pairs.payers(p))),
            tuple(sorted(k.id for k, members in zip(problem.limits, counted, strict=True) if p in members)),
        )
        for p, (n, o) in enumerate(zip(pairs.need.tolist(), pairs.offering.tolist(), strict=True))
    }  # fmt: skip


def test_the_pairs_of_the_counties_are_the_pairs_of_the_problem(region, tmp_path):
    cut = partition(region, tmp_path / "work")
    parts = [read_problem(tmp_path / "work" / "parts" / name) for name in cut.parts]
    found = [what_is_possible(part) for part in parts]
    whole = read_problem(region)
    assert set().union(*found) == what_is_possible(whole)
    assert sum(map(len, found)) == len(build_pairs(whole))
    assert sorted(n.id for part in parts for n in part.needs) == sorted(n.id for n in whole.needs)


def test_the_hash_is_that_of_the_whole_problem_whatever_the_order_of_rows(region, tmp_path):
    assert partition(region, tmp_path / "work").problem_sha256 == problem_sha256(read_problem(region))


def test_a_family_with_needs_in_two_counties_stays_together(region, tmp_path):
    cut = partition(region, tmp_path / "work")
    homes = [{n.household for n in read_problem(tmp_path / "work" / "parts" / name).needs} for name in cut.parts]
    assert not homes[0] & homes[1] | homes[0] & homes[2] | homes[1] & homes[2]


def test_what_stands_in_several_counties_is_listed_as_shared(region, tmp_path):
    cut = partition(region, tmp_path / "work")
    assert {f"F-type-{k}" for k in range(5)} <= set(cut.funds)
    # a county's own money is shared only where a family of the county has a need in another
    assert sum("general" in fund for fund in cut.funds) == 1
    assert "budget" in cut.limits
    assert cut.pinned


def test_a_cut_that_is_done_is_not_done_again_and_a_changed_problem_is(region, tmp_path):
    first = partition(region, tmp_path / "work")
    marker = tmp_path / "work" / "parts" / first.parts[0] / "marker"
    marker.touch()
    assert partition(region, tmp_path / "work") == first
    assert marker.exists()
    head = json.loads((region / "problem.json").read_text())
    head["seed"] = 6
    (region / "problem.json").write_text(json.dumps(head))
    assert partition(region, tmp_path / "work").problem_sha256 != first.problem_sha256
    assert not marker.exists()


def test_every_fault_is_named_with_its_line(region, tmp_path):
    lines = (region / "needs.jsonl").read_text().splitlines()
    broken = json.loads(lines[3]) | {"tier": 7, "region": "nowhere"}
    lines[3:4] = [json.dumps(broken), lines[0]]
    (region / "needs.jsonl").write_text("\n".join(lines))
    with pytest.raises(FaultyProblem) as caught:
        partition(region, tmp_path / "work")
    assert {(f.row, f.field) for f in caught.value.faults} == {
        ("line 4", "tier"),
        ("line 4", "region"),
        ("line 5", "id"),
    }


def test_equal_seeds_give_equal_files(tmp_path):
    for name in ("a", "b"):
        write_region(SMALL, 5, tmp_path / name)
    for file in ("problem.json", "needs.jsonl.gz", "offerings.jsonl.gz"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
