"""Patterns of single-source needs: the sets asked for are the best there are, dives are valid, and no assignment passes their bound."""

import itertools

import numpy as np
import pytest

from matching.solver import pattern_search
from matching.solver.assignment import Assignment
from matching.solver.instance import NO_LIMIT
from matching.solver.pattern_search import Turns, search_group
from matching.solver.patterns import Patterns, best_sets, near_sets, too_large
from matching.solver.relaxation import solve_lp
from matching.solver.work import Work

LONG = 3_600.0


def _subsets(items):
    return itertools.chain.from_iterable(itertools.combinations(range(items), k) for k in range(items + 1))


def _fits(chosen, load, size, most):
    return len(chosen) <= most and sum(int(load[k]) for k in chosen) <= size


def _drawn(seed, needs=7, offerings=4):
    """A small assignment in which capacities, places (0 to 3) and households' caps all bind; some loads and worths are 0."""
    draw = np.random.default_rng(seed)
    pairs = [(n, o) for n in range(needs) for o in range(offerings) if draw.random() < 0.7]
    need, offering = (np.array([p[k] for p in pairs]) for k in (0, 1))
    return Assignment(
        need, offering, draw.integers(0, 7, len(need)), draw.integers(1, 60, len(need)),
        draw.integers(4, 13, offerings), np.where(draw.random(offerings) < 0.6, draw.integers(0, 4, offerings), NO_LIMIT),
        draw.integers(0, 3, needs), draw.integers(0, 6, len(need)), np.where(draw.random(3) < 0.7, 7, NO_LIMIT),
    )  # fmt: skip


def _all_plans(problem):
    choices = [[-1, *range(problem.by_need[n], problem.by_need[n + 1])] for n in range(problem.count)]
    plans = (np.array(plan) for plan in itertools.product(*choices))
    return [plan for plan in plans if problem.valid(plan)]


def _best(problem):
    """The greatest profit, by trying every way to serve one need after another within what is left."""
    left = [problem.capacity.tolist(), problem.max_needs.tolist(), problem.group_cap.tolist()]
    rows = [
        [
            (int(problem.offering[c]), int(problem.load[c]), int(problem.worth[c]), int(problem.profit[c]))
            for c in range(problem.by_need[n], problem.by_need[n + 1])
        ]
        for n in range(problem.count)
    ]
    group = problem.group.tolist()

    def best_from(n):
        if n == problem.count:
            return 0
        best = best_from(n + 1)
        for o, load, worth, profit in rows[n]:
            if left[0][o] >= load and left[1][o] >= 1 and left[2][group[n]] >= worth:
                for place, (row, amount) in enumerate(((o, load), (o, 1), (group[n], worth))):
                    left[place][row] -= amount
                best = max(best, profit + best_from(n + 1))
                for place, (row, amount) in enumerate(((o, load), (o, 1), (group[n], worth))):
                    left[place][row] += amount
        return best

    return best_from(0)


def _nothing(problem):
    return np.full(problem.count, -1)


def _searched(problem, *, start=None, lean=None, urgent=(), ticks=60, record=None):
    """What `search_group` finds within so many looks at the clock (a second each), and the record of its work."""
    work = Work(LONG, record, itertools.count().__next__)
    start = _nothing(problem) if start is None else start
    lean = problem.profit.astype(float) if lean is None else lean
    found = search_group(problem, start, lean, np.array(urgent, np.int64), work, "hours 1", Turns(work, 1, ticks, 1))
    return (*found, work.record)


# -- knapsacks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_the_best_set_of_every_knapsack_is_the_best_of_all_its_sets(seed):
    draw = np.random.default_rng(seed)
    count = draw.integers(1, 8, 6)
    first = np.concatenate(([0], np.cumsum(count)))
    load, worth = draw.integers(0, 8, first[-1]), draw.integers(1, 40, first[-1]) + draw.random(first[-1])
    size = draw.integers(0, 18, 6)
    most = np.where(draw.random(6) < 0.6, draw.integers(1, 5, 6), NO_LIMIT)
    value, taken = best_sets(first, load, worth, size, most)
    for k in range(6):
        own = slice(first[k], first[k + 1])
        sets = [s for s in _subsets(int(count[k])) if _fits(s, load[own], size[k], most[k])]
        assert value[k] == pytest.approx(max(sum(worth[own][list(s)]) for s in sets))
        chosen = tuple(np.flatnonzero(taken[own]).tolist())
        assert chosen in sets
        assert sum(worth[own][taken[own]]) == pytest.approx(value[k])


def test_a_knapsack_of_items_without_load_takes_the_most_it_may():
    worth = np.array([3.0, 9.0, 5.0, 7.0])
    value, taken = best_sets(np.array([0, 4]), np.zeros(4, int), worth, np.array([0]), np.array([2]))
    assert (value.tolist(), taken.tolist()) == ([16.0], [False, True, False, True])


@pytest.mark.parametrize("seed", range(60))
def test_the_near_sets_are_exactly_those_within_the_loss_of_the_best(seed):
    draw = np.random.default_rng(seed)
    items = int(draw.integers(1, 9))
    load, worth = draw.integers(0, 7, items).tolist(), (draw.integers(-10, 40, items) + 0.25).tolist()
    size, most = int(draw.integers(0, 15)), int(draw.integers(1, 6))
    order = sorted(range(items), key=lambda k: -worth[k])
    load, worth = [load[k] for k in order], [worth[k] for k in order]
    loss = float(draw.integers(0, 40))
    worth_of = {s: sum(worth[k] for k in s) for s in _subsets(items) if _fits(s, load, size, most)}
    due = {s for s, v in worth_of.items() if s and v >= max(worth_of.values()) - loss}
    found = near_sets(load, worth, size, most, loss, 10_000)
    assert len(found) == len(set(found))
    assert set(found) == due
    assert set(near_sets(load, worth, size, most, loss, 2)) <= due
    assert len(near_sets(load, worth, size, most, loss, 2)) == min(2, len(due))


def test_an_offering_with_far_more_room_than_is_asked_of_it_needs_no_more_memory():
    assert set(near_sets([3, 2], [9.0, 4.0], 10**15, 5, 4.0, 10)) == {(0, 1), (0,)}


def test_knapsacks_whose_tables_would_fill_the_memory_are_not_begun():
    def wide(load, most):
        return Assignment(
            np.arange(300), np.zeros(300, int), np.full(300, load), np.ones(300, int), np.array([10**9]), np.array([most]),
            np.zeros(300, int), np.zeros(300, int), np.array([NO_LIMIT]),
        )  # fmt: skip

    assert not too_large(wide(3, NO_LIMIT))
    assert too_large(wide(300, NO_LIMIT))
    assert too_large(wide(3, 150))


# -- dives and their bound ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_no_assignment_passes_the_bound_and_a_dive_keeps_every_row(seed):
    problem = _drawn(seed)
    best = _best(problem)
    mine = Patterns(problem)
    profit = problem.profit.astype(float)
    for draw in (None, np.random.default_rng(seed), np.random.default_rng(seed + 1)):
        chosen, bound = mine.dive(profit, draw)
        assert problem.valid(chosen)
        assert problem.total(chosen) <= best <= bound + 1e-6
    assert bound <= profit.sum()
    for prices in (np.zeros(problem.count), np.full(problem.count, 25.0), np.arange(problem.count) * 9.0 - 5):
        for rounds in (1, 2, 50):
            assert Patterns(problem).bound(profit, prices, rounds) >= best - 1e-6


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_over_patterns_is_at_most_the_linear_one_over_pairs(seed):
    problem = _drawn(seed)
    profit = problem.profit.astype(float)
    most = np.minimum(problem.max_needs, problem.count)
    rows = np.zeros((problem.count + 2 * len(most) + 3, problem.size))
    every = np.arange(problem.size)
    rows[problem.need, every] = 1
    rows[problem.count + problem.offering, every] = problem.load
    rows[problem.count + len(most) + problem.offering, every] = 1
    rows[problem.count + 2 * len(most) + problem.group[problem.need], every] = problem.worth
    room = np.concatenate((np.ones(problem.count), problem.capacity, most, np.minimum(problem.group_cap, 10**6)))
    status, x, _ = solve_lp(
        np.full(len(room), -np.inf), room.astype(float), rows, np.zeros(problem.size), np.ones(problem.size), profit
    )
    assert status == "OPTIMAL"
    assert Patterns(problem).bound(profit, np.zeros(problem.count), 100) <= profit @ x + 1e-6


def test_halves_of_needs_are_promised_by_the_linear_bound_and_not_by_patterns():
    """Three needs of two hours and two volunteers of three hours: pairs could be filled by halves, whole needs make two."""
    need, offering = np.repeat(np.arange(3), 2), np.tile(np.arange(2), 3)
    problem = Assignment(
        need, offering, np.full(6, 2), np.full(6, 10), np.array([3, 3]), np.full(2, NO_LIMIT),
        np.arange(3), np.zeros(6, int), np.full(3, NO_LIMIT),
    )  # fmt: skip
    chosen, bound = Patterns(problem).dive(problem.profit.astype(float))
    assert (problem.total(chosen), round(bound, 6)) == (20, 20.0)


def test_a_household_cap_shared_by_needs_enters_the_bound():
    problem = Assignment(
        np.arange(3), np.arange(3), np.ones(3, int), np.full(3, 10), np.ones(3, int), np.full(3, NO_LIMIT),
        np.zeros(3, int), np.full(3, 4), np.array([8]),
    )  # fmt: skip
    chosen, bound = Patterns(problem).dive(problem.profit.astype(float))
    assert (problem.total(chosen), round(bound, 6)) == (20, 20.0)


@pytest.mark.parametrize("seed", range(40))
def test_a_search_that_says_nothing_is_better_has_the_optimum(seed):
    problem = _drawn(seed, needs=6)
    best = _best(problem)
    chosen, proven, bound, _ = _searched(problem)
    assert problem.valid(chosen)
    assert problem.total(chosen) <= best
    assert bound >= best - 1e-6
    if proven:
        assert problem.total(chosen) == best


def test_a_point_less_than_the_bound_is_no_proof():
    for seed in range(60):
        problem = _drawn(seed, needs=7, offerings=3)
        problem.profit = 1 + problem.profit % 4
        chosen, proven, _, _ = _searched(problem, ticks=20)
        assert not proven or problem.total(chosen) == _best(problem)


def test_dives_prove_most_small_assignments():
    proven = [_searched(_drawn(seed, needs=6))[1] for seed in range(20)]
    assert sum(proven) >= 12


def test_where_an_earlier_need_waits_points_of_its_own_prove_nothing():
    """One volunteer, one hour: the later need is worth more in the programme's numbers, the earlier one more in truth."""
    problem = Assignment(
        np.arange(2), np.zeros(2, int), np.ones(2, int), np.array([1_000, 50]), np.array([1]), np.array([NO_LIMIT]),
        np.arange(2), np.zeros(2, int), np.full(2, NO_LIMIT),
    )  # fmt: skip
    chosen, proven, _, _ = _searched(problem, lean=np.array([10.0, 50.0]), urgent=[0])
    assert (chosen.tolist(), proven) == ([0, -1], False)


@pytest.mark.parametrize("seed", range(6))
def test_no_assignment_as_good_as_the_loss_allows_uses_a_pattern_that_was_not_added(seed):
    problem = _drawn(seed, needs=5, offerings=3)
    profit = problem.profit.astype(float)
    mine = Patterns(problem)
    bound = mine.converge(profit)[0]
    loss = bound - _best(problem) + 3
    mine.add_near(profit, loss, 100_000)
    for plan in _all_plans(problem):
        if problem.total(plan) >= bound - loss:
            columns = plan[plan >= 0]
            for o in np.unique(problem.offering[columns]):
                assert tuple(columns[problem.offering[columns] == o].tolist()) in mine.seen


def test_near_patterns_stop_at_about_the_number_asked_for():
    problem = _drawn(2, needs=12, offerings=3)
    few, many = Patterns(problem), Patterns(problem)
    few.add_near(problem.profit.astype(float), 400.0, 5)
    many.add_near(problem.profit.astype(float), 400.0, 100_000)
    assert few.size < many.size
    for members, offering in zip(many.members, many.offering, strict=True):
        assert (problem.offering[members] == offering).all()
        assert problem.load[members].sum() <= problem.capacity[offering]
        assert len(members) <= problem.max_needs[offering]


def test_patterns_already_known_are_not_added_again():
    problem = _drawn(4)
    mine = Patterns(problem)
    chosen, _ = mine.dive(problem.profit.astype(float))
    size = mine.size
    mine.add_chosen(chosen)
    assert mine.size == size
    assert not mine.add([])


@pytest.mark.parametrize("seed", range(4))
def test_the_best_of_the_patterns_seen_is_valid_and_never_worse(seed):
    problem = _drawn(seed, needs=8)
    mine = Patterns(problem)
    chosen, _ = mine.dive(problem.profit.astype(float))
    found = pattern_search._best_of(mine, chosen, Work(LONG), "patterns", LONG, 0.2)
    assert problem.valid(found)
    assert problem.total(chosen) <= problem.total(found) <= _best(problem)
    nothing = pattern_search._best_of(mine, _nothing(problem), Work(LONG), "patterns", LONG, 0.2)
    assert problem.total(nothing) == problem.total(found)


def test_a_search_by_patterns_repeats_after_a_replay():  # promise 24
    problem = _drawn(3, needs=40, offerings=9)
    *first, record = _searched(problem, ticks=150)
    assert {"hours 1 dives 1", "hours 1 patterns 1", "hours 1 between 1"} <= {entry["stage"] for entry in record}
    *again, done = _searched(problem, ticks=0, record=record)
    assert done == record
    assert (first[0] == again[0]).all()
    assert first[1:] == again[1:]


def test_nobody_who_is_served_loses_the_help_where_everybody_is_served():
    """Nine short visits would save more way than one long visit is worth, were it left out."""
    need = np.array([*range(9), *range(9), 9])
    offering = np.array([0] * 9 + [1] * 9 + [0])
    order = np.argsort(need, kind="stable")
    far = np.array([0] * 9 + [1_000] * 9 + [1_000])
    problem = Assignment(
        need[order], offering[order], np.array([1] * 18 + [9])[order], (9_008 - far)[order], np.array([9, 9]),
        np.full(2, NO_LIMIT), np.arange(10), np.zeros(19, int), np.full(10, NO_LIMIT), everyone=True,
    )  # fmt: skip
    chosen = problem.by_need[:-1] + 1
    chosen[9] = problem.by_need[9]
    assert problem.valid(chosen)
    assert (_searched(problem, start=chosen)[0] >= 0).all()


def test_where_rounds_find_nothing_new_only_neighbourhoods_go_on():
    """A need of three hours, and two offerings of two: nothing can be placed, and a fast machine would begin thousands of rounds."""
    problem = Assignment(
        np.zeros(2, int), np.arange(2), np.full(2, 3), np.full(2, 100), np.full(2, 2), np.full(2, NO_LIMIT),
        np.zeros(1, int), np.zeros(2, int), np.array([NO_LIMIT]),
    )  # fmt: skip
    chosen, proven, _, record = _searched(problem, urgent=(0,), ticks=20_000)
    assert (chosen.tolist(), proven) == ([-1], False)
    assert [entry["stage"] for entry in record if "dives" in entry["stage"]] == [
        f"hours 1 dives {k}" for k in (1, 2, 3)
    ]
    again = _searched(problem, urgent=(0,), ticks=20_000, record=record)
    assert again[0].tolist() == [-1]
    assert again[-1] == record
