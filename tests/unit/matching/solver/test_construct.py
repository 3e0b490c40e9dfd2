"""The first fit looks only at columns that can take something, and at all of these."""

import numpy as np
import pytest

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver.construct import fill
from matching.solver.instance import build_instance
from matching.solver.state import Incumbent
from tests.independent.generator import small_problem


@pytest.mark.parametrize("seed", range(40))
def test_the_usable_columns_are_those_that_can_take_a_step(seed):
    problem = parse_problem({**small_problem(seed), "pins": []})
    instance = build_instance(problem, build_pairs(problem))
    start = fill(instance, np.zeros(instance.size, np.int64))
    half = np.where(np.random.default_rng(seed).random(instance.size) < 0.5, start, 0)
    for steps in (np.zeros(instance.size, np.int64), half, start):
        state = Incumbent(instance, steps)
        takes = [column for column in range(instance.size) if state.most(column) > 0]
        assert state.usable().tolist() == takes
