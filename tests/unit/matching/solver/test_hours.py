"""Hours placed and brought nearer: nothing gets worse, nobody loses help, every row is kept, and the bound in metres holds."""

import contextlib
import itertools

import numpy as np
import pytest

from matching.generator import generate
from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver import nearer
from matching.solver.construct import fill
from matching.solver.flows import Flow
from matching.solver.hours import place_hours
from matching.solver.instance import NO_LIMIT, SINGLE, build_instance
from matching.solver.large import LargeSearch
from matching.solver.levels import exact_sum, tier_points
from matching.solver.pins import start_from_pins
from matching.solver.state import broken, used_rows
from matching.solver.transfers import least_of_singles, single_columns
from matching.solver.work import Work

LONG = 3_600.0


def _instance(document):
    problem = parse_problem(document)
    return build_instance(problem, build_pairs(problem))


@contextlib.contextmanager
def _search(instance, steps, record=None):
    """A search whose clock advances a second whenever it is looked at."""
    search = LargeSearch(instance, Work(LONG, record, itertools.count().__next__), 1, steps)
    try:
        yield search
    finally:
        search.close()


def _groups(search, tier):
    single = search.by_category(100_000, tier + 1, search.instance.fill == SINGLE)
    return [needs for needs in single if search.is_free(needs)]


def _singles(instance, steps):
    return np.where(instance.fill[instance.need] == SINGLE, steps, 0)


def _from_households(instance, steps):
    return used_rows(instance.household[instance.need], steps * instance.worth, len(instance.household_cap))


def _served(instance, steps):
    return used_rows(instance.need, steps, len(instance.fill))


@pytest.fixture(scope="module")
def village():
    """A village whose household caps bind for hours: every hour is worth 20 yuan against a cap of 200."""
    document = generate("village", 1)
    document["policy"]["household_cap_fen"] = 20_000
    for need in document["needs"]:
        if need.get("fill") == "single":
            need["unit_worth_fen"] = 2_000
    return _instance(document)


@pytest.mark.parametrize("anew", [True, False])
@pytest.mark.parametrize("tier", [0, 1, 2])
def test_hours_lose_nothing_of_any_tier_and_keep_every_row(village, tier, anew):
    start = fill(village, start_from_pins(village))
    with _search(village, start) as search:
        left = place_hours(search, "hours", tier, _groups(search, tier), 40.0, anew=anew)
        assert broken(village, search.steps) == []
        assert tier_points(village, search.steps)[: tier + 1] >= tier_points(village, start)[: tier + 1]
        goods = village.fill[village.need] != SINGLE
        assert (search.steps[goods] == start[goods]).all()
        assert all((village.fill[needs] == SINGLE).all() for needs in left)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_hours_take_no_more_of_a_household_cap_than_they_are_given(village, share):
    capped = village.household_cap < NO_LIMIT
    room = np.where(capped, (village.household_cap * share).astype(np.int64), NO_LIMIT)
    with _search(village, np.zeros(village.size, np.int64)) as search:
        place_hours(search, "hours", 2, _groups(search, 2), 40.0, household=room)
        assert broken(village, search.steps) == []
        assert (_from_households(village, search.steps) <= room)[capped].all()
        if share:
            assert tier_points(village, search.steps) > (0, 0, 0)


@pytest.mark.parametrize("tier", [0, 1, 2])
@pytest.mark.parametrize("begun", [True, False])
def test_goods_that_flow_and_hours_that_take_what_is_kept_free_keep_every_cap_together(village, tier, begun):
    i = village
    start = _singles(i, fill(i, start_from_pins(i))) * (i.tier[i.need] < tier) if begun else np.zeros(i.size, np.int64)
    flow = Flow(i, start, tier)
    none = np.zeros(len(flow.rows))
    goods = flow.plan(flow.best(none), none)
    capped = i.household_cap < NO_LIMIT
    of_goods = _from_households(i, np.where(i.fill[i.need] == SINGLE, 0, goods))
    assert (of_goods + flow.left <= i.household_cap)[capped].all()
    assert (_from_households(i, start) <= flow.left)[capped].all()
    with _search(i, start) as search:
        place_hours(search, "hours", tier, _groups(search, tier), 40.0, household=flow.left)
        assert broken(i, np.where(i.fill[i.need] == SINGLE, search.steps, goods)) == []


def test_what_hours_hold_already_stays_theirs_where_less_is_given_than_they_hold(village):
    start = _singles(village, fill(village, start_from_pins(village)))
    with _search(village, start) as search:
        place_hours(search, "hours", 2, _groups(search, 2), 40.0, household=np.zeros(len(village.household_cap), int))
        assert broken(village, search.steps) == []
        assert tier_points(village, search.steps) >= tier_points(village, start)
        assert (_from_households(village, search.steps) <= _from_households(village, start)).all()


def _far(instance, steps, seed):
    """The same single needs served, but by the farthest offerings that a shuffled greedy finds."""
    i = instance
    singles = np.flatnonzero((_served(i, _singles(i, steps)) > 0)[: len(i.fill)])
    order = np.random.default_rng(seed).permutation(singles)
    rest = np.where(i.fill[i.need] == SINGLE, 0, steps)
    return fill(i, rest, order=order, key=-i.distance.astype(float))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nearer_hours_serve_the_same_needs_on_a_shorter_way_and_the_bound_holds(seed):
    i = _instance(generate("village", seed))
    start = _far(i, fill(i, start_from_pins(i)), seed)
    assert broken(i, start) == []
    with _search(i, start) as search:
        more = nearer.nearer_hours(search, 60.0)
        assert broken(i, search.steps) == []
        assert (_served(i, search.steps) == _served(i, start)).all()
        before, after = (exact_sum(i.distance, x) for x in (start, search.steps))
        assert after < before
        assert exact_sum(i.cost, search.steps) == exact_sum(i.cost, start)
        singles = single_columns(i, search.steps)
        reached = exact_sum(i.distance[singles], search.steps[singles])
        assert least_of_singles(i, start, i.distance) + more <= reached


def _visits(needs, offerings, distances):
    """Hours in one place: quantities of the needs, (category, capacity) of the offerings, and metres per pair."""
    return _instance(
        {
            "format": "zhongfu-problem/1",
            "regions": [{"code": "330324101", "parent": ""}],
            "needs": [
                {
                    "id": f"N{k}", "household": f"H{k}", "region": "330324101", "category": category, "quantity": hours,
                    "tier": 1, "weight": 10, "type": "care", "fill": "single", "accepts": ["care", "repair"],
                }
                for k, (category, hours) in enumerate(needs)
            ],
            "offerings": [
                {"id": f"O{k}", "donor": "D", "category": "care", "capacity": capacity}
                for k, capacity in enumerate(offerings)
            ],
            "pairs": [
                {"need": f"N{n}", "offering": f"O{o}", "distance_m": metres} for (n, o), metres in distances.items()
            ],
        }
    )  # fmt: skip


def _steps(instance, plan):
    named = {
        (instance.need_ids[n], instance.offering_ids[o]): k
        for k, (n, o) in enumerate(zip(instance.need, instance.offering, strict=True))
    }
    steps = np.zeros(instance.size, np.int64)
    for need, offering in plan.items():
        steps[named[f"N{need}", f"O{offering}"]] = 1
    return steps


def _least_metres(instance, steps):
    """Fewest metres for the needs served in `steps`, by trying every plan."""
    i = instance
    some = [i.columns_of_need(n) for n in np.flatnonzero(_served(i, steps))]
    plans = []
    for columns in itertools.product(*some):
        plan = np.zeros(i.size, np.int64)
        plan[list(columns)] = 1
        if not broken(i, plan):
            plans.append(exact_sum(i.distance, plan))
    return min(plans)


def test_nobody_is_left_out_for_the_many_metres_it_would_save_others():
    hours = [("care", 1)] * 9 + [("care", 9)]
    distances = {(n, 0): 1 for n in range(9)} | {(n, 1): 9_000 for n in range(9)} | {(9, 0): 1}
    i = _visits(hours, [9, 9], distances)
    start = _steps(i, dict.fromkeys(range(9), 1) | {9: 0})
    assert broken(i, start) == []
    with _search(i, start) as search:
        nearer.nearer_hours(search, 60.0)
        assert (_served(i, search.steps) == 1).all()


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_in_metres_is_passed_by_no_plan_where_two_categories_share_an_offering(seed):
    draw = np.random.default_rng(seed)
    needs = [(str(draw.choice(["care", "repair"])), int(draw.integers(1, 4))) for _ in range(5)]
    distances = {(n, o): int(draw.integers(1, 5_000)) for n in range(5) for o in range(3)}
    i = _visits(needs, [5, 5, 6], distances)
    start = fill(i, np.zeros(i.size, np.int64), key=-i.distance.astype(float))
    linear = least_of_singles(i, start, i.distance)
    with _search(i, start) as search:
        more = nearer.nearer_hours(search, 60.0)
        assert broken(i, search.steps) == []
        reached = exact_sum(i.distance, search.steps)
        assert linear + more <= _least_metres(i, start) <= reached <= exact_sum(i.distance, start)


def test_of_one_category_alone_the_bound_in_metres_is_reached_and_above_the_linear_one():
    i = _visits([("care", 2)] * 3, [3, 6], {(n, o): 100 * (n + 1) + 4_000 * o for n in range(3) for o in range(2)})
    start = fill(i, np.zeros(i.size, np.int64), key=-i.distance.astype(float))
    with _search(i, start) as search:
        more = nearer.nearer_hours(search, 60.0)
        assert more > 0
        reached = exact_sum(i.distance, search.steps)
        assert least_of_singles(i, start, i.distance) + more == reached == _least_metres(i, start)


def test_a_group_that_is_proven_is_not_named_for_a_further_search():
    """Of three visits of two hours, two fit two volunteers of three hours: patterns prove it, halves of visits would not."""
    i = _visits([("care", 2)] * 3, [3, 3], {(n, o): 0 for n in range(3) for o in range(2)})
    with _search(i, np.zeros(i.size, np.int64)) as search:
        assert place_hours(search, "hours", 0, _groups(search, 0), 40.0) == []
        assert search.steps.sum() == 2


def test_all_hours_of_a_township_are_placed_better_than_first_come_first_served():
    i = _instance(generate("township", 1))
    start = _singles(i, fill(i, start_from_pins(i)))
    with _search(i, start) as search:
        place_hours(search, "hours", 2, _groups(search, 2), 8.0)
        assert broken(i, search.steps) == []
        before, after = tier_points(i, start), tier_points(i, search.steps)
        assert after[0] >= before[0]
        assert after > before
        record = search.work.record
    with _search(i, start, record) as search:
        place_hours(search, "hours", 2, _groups(search, 2), 0.0)
        assert tier_points(i, search.steps) == after
