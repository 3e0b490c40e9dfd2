"""The search for large problems, put to a problem small enough that the exact solver knows the optimum."""

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver import stages
from matching.solver.construct import first_plan
from matching.solver.engine import ContradictingPins, solve
from matching.solver.instance import UnplacedPin, build_instance
from matching.solver.levels import tier_points
from matching.solver.pins import start_from_pins
from matching.solver.state import broken
from matching.solver.work import Work

PATIENCE = 600.0  # seconds for the exact solver; the clock decides nothing


def faults(document, *, seconds=2.0):
    """Sentences on what is wrong with the large search's plan or bounds; empty: nothing. None where there is nothing to search."""
    problem = parse_problem(document)
    pairs = build_pairs(problem)
    try:
        instance = build_instance(problem, pairs)
        exact = solve(problem, time_limit=PATIENCE, threads=1)
    except (UnplacedPin, ContradictingPins):
        return None
    if not instance.size:
        return None
    pinned = start_from_pins(instance)
    start = first_plan(instance, pinned)
    steps, results, _ = stages.solve_levels(instance, Work(seconds), 2, pinned.copy(), start)
    reached = tuple(result.value for result in results[:3])
    best = tuple(level.value for level in exact.levels[:3])
    found = [f"the plan breaks {row}" for row in broken(instance, steps)]
    if reached < tier_points(instance, start):
        found.append(f"{reached} is below the start, {tier_points(instance, start)}")
    if reached > best:
        found.append(f"{reached} is above the optimum, {best}")
    for tier, result in enumerate(results[:3]):
        if reached[:tier] == best[:tier] and result.bound < best[tier]:
            found.append(f"the bound of tier {tier + 1}, {result.bound}, is below the optimum, {best[tier]}")
    if results[4].bound < exact.levels[4].value:
        found.append(f"the bound of coverage, {results[4].bound}, is below the optimum, {exact.levels[4].value}")
    return found
