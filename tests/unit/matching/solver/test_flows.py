"""What flows work on: offerings give no more than they have, and a plan over some of the columns is one over all."""

import numpy as np
import pytest

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver.construct import fill
from matching.solver.flows import Flow
from matching.solver.instance import build_instance, narrowed
from matching.solver.state import broken, used_rows
from tests.unit.matching.scarce import scarce

SEEDS = range(12)


def instance_of(seed):
    problem = parse_problem(scarce(seed, needs=80))
    return build_instance(problem, build_pairs(problem))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_an_offering_does_not_have_is_taken_back_and_nothing_else(seed):
    i = instance_of(seed)
    flow = Flow(i, np.zeros(i.size, np.int64), 2)
    asked = i.high[flow.columns]
    offering, load = i.offering[flow.columns], i.load[flow.columns]
    over = used_rows(offering, asked * load, len(i.capacity)) > i.capacity
    kept = flow._within_capacity(asked)
    assert over.any()
    assert (used_rows(offering, kept * load, len(i.capacity)) <= i.capacity).all()
    assert (kept[~over[offering]] == asked[~over[offering]]).all()
    assert ((kept >= 0) & (kept <= asked)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_over_some_columns_is_a_plan_over_all(seed):
    i = instance_of(seed)
    nothing = np.zeros(i.size, np.int64)
    assert (fill(narrowed(i, np.arange(i.size)), nothing) == fill(i, nothing)).all()
    some = np.flatnonzero((np.random.default_rng(seed).random(i.size) < 0.5) | (i.low > 0))
    part = narrowed(i, some)
    assert [part.columns_of_need(n).size for n in range(len(i.fill))] == np.bincount(
        i.need[some], minlength=len(i.fill)
    ).tolist()
    steps = nothing.copy()
    steps[some] = fill(part, np.zeros(part.size, np.int64))
    assert steps.any()
    assert not broken(i, steps)
