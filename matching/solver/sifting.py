"""Large linear programmes over few of their columns: those that were near the best before, and then what the row prices ask for.

Sifting (Bixby, Gregory, Lustig, Marsten, Shanno: "Very large-scale linear programming", Operations Research 40, 1992). The prices of the small
programme bound the large one whenever it is left (`relaxation.price_bound`), so that nothing has to be solved to the end.
"""

import numpy as np

from matching.solver.relaxation import price_bound, solve_lp

ROUNDS = 4
ADDED = 3  # columns of a need that come in at a time


def solve_sifted(lower, upper, matrix, low, high, objective, *, start, key, close):
    """(status, x, row prices) of max objective·x as of `solve_lp`, begun with the columns `start` (C,) bool.

    `key` (C,) the need of a column: of each need the best that are missing come in together. It ends when the bound by the prices is within
    `close` of the value, or after `ROUNDS`; x keeps every row in any case.
    """
    inside, by_column = start.copy(), matrix.tocsc()
    for _ in range(ROUNDS):
        chosen = np.flatnonzero(inside)
        status, found, prices = solve_lp(
            lower, upper, by_column[:, chosen], low[chosen], high[chosen], objective[chosen]
        )
        if found is None:
            return status, None, None
        bound, reduced = price_bound(lower, upper, matrix, low, high, objective, prices)
        missing = np.flatnonzero((reduced > 1e-9) & ~inside)
        if not len(missing) or bound - objective[chosen] @ found <= close:
            break
        missing = missing[np.lexsort((-reduced[missing], key[missing]))]
        rank = np.arange(len(missing)) - np.searchsorted(key[missing], key[missing])
        inside[missing[rank < ADDED]] = True
    x = np.zeros(len(objective))
    x[chosen] = found
    return status, x, prices
