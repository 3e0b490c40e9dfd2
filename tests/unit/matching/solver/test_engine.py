"""The door of the solver: progress in the caller's thread, stopping, time limits, row order, and a plan never worse than greedy."""

import threading
import time
from contextlib import contextmanager

import pytest

from matching.baseline import greedy
from matching.generator import generate
from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solution import result_sha256
from matching.solver import exact, stages
from matching.solver.engine import solve
from matching.solver.instance import build_instance
from matching.solver.levels import tier_points
from matching.solver.work import Work
from matching.validation import violations


def small_round():
    """A village with few needs, so that every level is proven."""
    document = generate("village", 4)
    return document | {"needs": document["needs"][:14], "offerings": document["offerings"][:12]}


def in_parts(instance, work, start):
    """The search for large problems in the place of the exact one."""
    return stages.solve_levels(instance, work, 1, instance.low.copy(), start)[:2]


@contextmanager
def machine_stalls():
    """Seconds (one or more) by which a thread that only wants to sleep is kept waiting: what the machine does to every thread."""
    stalls, over = [0.0], threading.Event()

    def doze():
        while not over.is_set():
            begin = time.monotonic()
            time.sleep(0.1)
            stalls.append(time.monotonic() - begin - 0.1)

    sleeper = threading.Thread(target=doze)
    sleeper.start()
    yield stalls
    over.set()
    sleeper.join()


class Enough(Exception):
    """What a callback raises to stop a search."""


def test_progress_is_told_in_the_callers_thread_and_at_least_once_a_second():
    heard = []
    with machine_stalls() as stalls:
        solve(
            parse_problem(generate("township", 2)),
            time_limit=4,
            progress=lambda p: heard.append((time.monotonic(), threading.get_ident(), p)),
        )
    assert {ident for _, ident, _ in heard} == {threading.get_ident()}
    times = [at for at, _, _ in heard]
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) < 1.5 + 2 * max(stalls)
    assert "tier1" in {p.level for _, _, p in heard}
    assert all(p.gap is None or 0 <= p.gap <= 1 for _, _, p in heard)


@pytest.mark.parametrize("search", [exact.solve_levels, in_parts])
def test_every_tier_and_the_last_level_are_told(search, monkeypatch):
    monkeypatch.setattr(exact, "solve_levels", search)
    heard = []
    solve(parse_problem(small_round()), time_limit=60, progress=heard.append)
    assert {"tier1", "tier2", "tier3", "lottery"} <= {p.level for p in heard}


def test_a_callback_that_raises_stops_the_search():
    def stop(progress):
        raise Enough

    begin = time.monotonic()
    with pytest.raises(Enough):
        solve(parse_problem(generate("township", 2)), time_limit=600, progress=stop)
    assert time.monotonic() - begin < 200


@pytest.mark.parametrize("limit", [0.2, 1.0, 4.0])
def test_the_best_valid_plan_so_far_is_given_when_time_runs_out(limit):
    problem = parse_problem(generate("township", 3))
    begin = time.monotonic()
    build_instance(problem, build_pairs(problem))
    ready = time.monotonic()
    plan = solve(problem, time_limit=limit)
    assert time.monotonic() - ready < limit + 4 + 20 * (ready - begin)  # a slow machine is slow in both
    assert violations(problem, plan) == []
    for level in plan.levels[:3]:
        assert level.bound >= level.value
        assert level.proven == (level.bound == level.value)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_large_plan_is_never_lexicographically_below_greedy_by_tier_and_weight(seed):
    problem = parse_problem(generate("township", seed))
    units = {(a.need, a.offering): a.quantity for a in solve(problem, time_limit=3).allocations}

    def points(served):
        earned = [0, 0, 0]
        for (need, _), quantity in served.items():
            row = problem.needs[problem.need_index[need]]
            earned[row.tier - 1] += row.unit_points * quantity
        return tuple(earned)

    assert points(units) >= points(greedy(problem, build_pairs(problem)))


def test_the_order_of_rows_decides_nothing():  # promise 26
    document = small_round()
    turned = document | {part: document[part][::-1] for part in ("needs", "offerings", "funds", "limits", "regions")}
    one, other = (solve(parse_problem(d), time_limit=30) for d in (document, turned))
    assert one.allocations == other.allocations
    assert result_sha256(one) == result_sha256(other)


def test_the_search_by_parts_reaches_the_proven_tiers_of_a_village():
    problem = parse_problem(generate("village", 6))
    best = solve(problem, time_limit=10)
    instance = build_instance(problem, build_pairs(problem))
    work = Work(6.0)
    steps, results, _ = stages.solve_levels(instance, work, 2, instance.low.copy(), instance.low.copy())
    found = tier_points(instance, steps)
    for position, (result, level) in enumerate(zip(results[:3], best.levels, strict=False)):
        if best.levels[position].proven and found[:position] == tuple(known.value for known in best.levels[:position]):
            assert found[position] <= level.value <= result.bound
