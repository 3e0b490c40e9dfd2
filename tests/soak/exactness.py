"""Small random problems with every rule of the contract: each level equals the optimum of an independent model. Not part of `make test`:

    .venv/bin/pytest -q -s tests/soak/exactness.py     ZHONGFU_EXACTNESS_SEEDS (5000), ZHONGFU_EXACTNESS_FIRST (0)

Two processes. A seed that disagrees is named with the file of its problem, to be solved again by `zhongfu solve`.
"""

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from tests.independent.generator import small_problem
from tests.unit.matching.exactness import differences, saved

ROOT = Path(__file__).resolve().parents[2]
SEEDS = int(os.environ.get("ZHONGFU_EXACTNESS_SEEDS", "5000"))
FIRST = int(os.environ.get("ZHONGFU_EXACTNESS_FIRST", "0"))
SLOW = 30  # seconds from which on a seed is named
pytestmark = pytest.mark.timeout(4 * 3600)


def test_every_level_of_every_small_problem_is_the_exact_optimum(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))  # the processes find this module however pytest was started
    begun, disagreeing = time.monotonic(), []
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        compared = pool.imap_unordered(compare, range(FIRST, FIRST + SEEDS), chunksize=5)
        for count, (seed, found, lasted) in enumerate(compared, start=1):
            if lasted > SLOW:
                print(f"seed {seed} took {lasted:.0f} s", flush=True)
            if found:
                disagreeing.append(seed)
                print(f"seed {seed}: {saved(small_problem(seed), f'seed-{seed}')}", *found, sep="\n    ", flush=True)
            if count % 100 == 0 or count == SEEDS:
                seconds = time.monotonic() - begun
                print(f"{count - len(disagreeing)} of {count} agree, {seconds:.0f} s", flush=True)
    assert disagreeing == [], f"{len(disagreeing)} of {SEEDS} seeds disagree"


def compare(seed):
    """(seed, differences, seconds); an error in either way of solving is a difference too, so that the campaign goes on."""
    begun = time.monotonic()
    try:
        found = differences(small_problem(seed))
    except Exception as error:
        found = [f"{type(error).__name__}: {error}"]
    return seed, found, time.monotonic() - begun
