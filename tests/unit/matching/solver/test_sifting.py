"""A programme begun with few columns ends where the whole one does, and keeps every row when it is left early."""

import numpy as np
import pytest
from scipy import sparse

from matching.solver.relaxation import price_bound, solve_lp
from matching.solver.sifting import solve_sifted


def drawn(seed, needs=40, offerings=12):
    draw = np.random.default_rng(seed)
    key = np.repeat(np.arange(needs), offerings)
    at = np.arange(needs * offerings)
    entries = (np.ones(2 * len(at)), (np.concatenate((key, needs + at % offerings)), np.tile(at, 2)))
    matrix = sparse.csr_matrix(entries, shape=(needs + offerings, len(at)))
    upper = np.concatenate((draw.integers(1, 5, needs), draw.integers(3, 14, offerings))).astype(float)
    rows = np.full(len(upper), -np.inf), upper, matrix
    return rows, (np.zeros(len(at)), np.full(len(at), 5.0)), draw.integers(1, 50, len(at)).astype(float), key


@pytest.mark.parametrize("seed", range(10))
def test_few_columns_at_the_start_lead_to_the_same_optimum(seed):
    rows, box, objective, key = drawn(seed)
    _, whole, _ = solve_lp(*rows, *box, objective)
    start = np.random.default_rng(seed).random(len(objective)) < 0.1
    _, x, prices = solve_sifted(*rows, *box, objective, start=start, key=key, close=0.0)
    bound, _ = price_bound(*rows, *box, objective, prices)
    assert objective @ x <= objective @ whole + 1e-6
    assert objective @ whole <= bound
    assert objective @ x == pytest.approx(objective @ whole, rel=0.02)
    assert (rows[2] @ x <= rows[1] + 1e-6).all()


def test_it_is_left_where_it_is_close_enough():
    rows, box, objective, key = drawn(1)
    start = np.zeros(len(objective), bool)
    start[::7] = True
    _, x, _ = solve_sifted(*rows, *box, objective, start=start, key=key, close=np.inf)
    assert not x[~start].any()
    _, better, _ = solve_sifted(*rows, *box, objective, start=start, key=key, close=0.0)
    assert better[~start].any()
    assert objective @ better > objective @ x
