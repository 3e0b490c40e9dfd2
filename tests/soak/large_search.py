"""The search for large problems on thousands of small random ones. Not part of `make test`:

    .venv/bin/pytest -q -s tests/soak/large_search.py     ZHONGFU_LARGE_SEEDS (1000), ZHONGFU_LARGE_FIRST (100)

Two processes. A seed with a fault is named with the file of its problem.
"""

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from tests.independent.generator import small_problem
from tests.unit.matching.exactness import saved
from tests.unit.matching.large_search import faults

ROOT = Path(__file__).resolve().parents[2]
SEEDS = int(os.environ.get("ZHONGFU_LARGE_SEEDS", "1000"))
FIRST = int(os.environ.get("ZHONGFU_LARGE_FIRST", "100"))
pytestmark = pytest.mark.timeout(4 * 3600)


def test_the_large_search_is_sound_on_small_problems(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))  # the processes find this module however pytest was started
    begun, wrong, searched = time.monotonic(), [], 0
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for seed, found in pool.imap_unordered(searched_for_faults, range(FIRST, FIRST + SEEDS), chunksize=5):
            searched += found is not None
            if found:
                wrong.append(seed)
                print(f"seed {seed}: {saved(problem_of(seed), f'large-{seed}')}", *found, sep="\n    ", flush=True)
    print(f"{searched - len(wrong)} of {searched} are sound, {time.monotonic() - begun:.0f} s", flush=True)
    assert searched > SEEDS // 2
    assert wrong == []


def problem_of(seed):
    """The document of a seed."""
    return small_problem(seed, needs=16, offerings=10)


def searched_for_faults(seed):
    """(seed, faults, or None where nothing can be searched); an error is a fault too, so that the campaign goes on."""
    try:
        return seed, faults(problem_of(seed))
    except Exception as error:
        return seed, [f"{type(error).__name__}: {error}"]
