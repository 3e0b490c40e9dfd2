"""The peers are given the same problem: their whole models reach the same tiers as every exact solve, and their plans are valid."""

import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bench import peers
from bench.method import measure
from bench.whole import build_whole_model
from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver.instance import build_instance
from matching.solver.levels import tier_points
from matching.solver.pins import start_from_pins
from matching.solver.state import broken

PROBLEMS = Path(__file__).resolve().parents[2] / "data" / "problems"
LEVELS = json.loads((PROBLEMS / "levels.json").read_text())


@pytest.fixture(scope="module")
def apart() -> Iterator[ProcessPoolExecutor]:
    """A process of their own, as in the benchmark: HiGHS does not bear that its number of threads was another one before."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def solved(name: str, solver: type[peers.Search]) -> tuple[list[str], list[int]]:
    """(broken rows, points of the tiers) of the sample after the whole model."""
    problem = parse_problem(json.loads((PROBLEMS / f"{name}.json").read_text()))
    instance = build_instance(problem, build_pairs(problem))
    steps = peers.tier_by_tier(instance, solver, start_from_pins(instance), 60)
    return list(map(str, broken(instance, steps))), list(tier_points(instance, steps))


@pytest.mark.parametrize("solver", [peers.CpSat, peers.Highs])
@pytest.mark.parametrize("name", sorted(LEVELS))
def test_a_whole_model_reaches_the_tiers_of_every_sample(
    name: str, solver: type[peers.Search], apart: ProcessPoolExecutor
) -> None:
    wrong, points = apart.submit(solved, name, solver).result()
    assert wrong == []
    assert points == [LEVELS[name][tier] for tier in ("tier1", "tier2", "tier3")]


def test_what_a_start_means_for_every_variable_fits_every_row() -> None:
    problem = parse_problem(json.loads((PROBLEMS / "sample-02.json").read_text()))
    instance = build_instance(problem, build_pairs(problem))
    model = build_whole_model(instance)
    start = start_from_pins(instance)
    known = model.start_from(peers.tier_by_tier(instance, peers.CpSat, start, 30))
    rows = model.matrix() @ known
    assert (np.concatenate(model.lower) <= rows).all() and (rows <= np.concatenate(model.upper)).all()
    assert (np.concatenate(model.low) <= known).all() and (known <= np.concatenate(model.high)).all()


@pytest.mark.parametrize("method", ["greedy", "first-come", "cp-sat", "zhongfu"])
def test_each_method_gives_a_plan_that_the_validator_accepts(method: str) -> None:
    found = measure(method, "village", 1, 5)
    assert found["peak_mb"] > 0 and found["seconds"] < 30
    assert all(found["values"][tier] >= 0 for tier in ("tier1", "tier2", "tier3"))
