"""What assignments of some dozens of needs are worth at best, by a solver that is not ours."""

import numpy as np
from scipy import optimize


def best(problem):
    """The greatest profit, by a mixed-integer programme over the pairs."""
    p = problem
    rows = [(p.need, np.ones(p.size), np.ones(p.count)), (p.offering, p.load, p.capacity),
            (p.offering, np.ones(p.size), p.max_needs), (p.group[p.need], p.worth, p.group_cap)]  # fmt: skip
    limits = []
    for key, use, most in rows:
        matrix = np.zeros((len(most), p.size))
        matrix[key, np.arange(p.size)] = use
        limits.append(optimize.LinearConstraint(matrix, -np.inf, np.minimum(most, 10**6)))
    found = optimize.milp(-p.profit, constraints=limits, integrality=np.ones(p.size), bounds=optimize.Bounds(0, 1))
    assert found.status == 0
    return round(-found.fun)
