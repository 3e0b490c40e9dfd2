"""From a problem to a plan: the one door of this folder.

`solve` runs the search in a thread of its own and tells the caller's thread what it finds, so that a callback may use what belongs to
that thread (a database session, a terminal) and stops the search by raising.
"""

import threading
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from matching.certificate import certificate_document
from matching.explanation import explain_unmet
from matching.pairs import build_pairs
from matching.problem import problem_sha256
from matching.solution import Level, Plan
from matching.solver import assignment_levels, exact, stages
from matching.solver.charges import charged_allocations
from matching.solver.construct import first_plan
from matching.solver.instance import UnplacedPin, build_instance
from matching.solver.levels import tier_points
from matching.solver.multipliers import certificate_of
from matching.solver.pins import ContradictingPins, start_from_pins
from matching.solver.prices import TierPrices
from matching.solver.shadow import shadow_prices
from matching.solver.state import broken
from matching.solver.work import Work

__all__ = ["ContradictingPins", "Progress", "solve"]

EXACT_COLUMNS = 3_000  # up to here every level goes whole to CP-SAT
TICK = 0.5  # seconds between two reports of progress


@dataclass(frozen=True)
class Progress:
    """Where a solve stands: value and bound of `level` in its own unit, `gap` relative (None: no bound), seconds since the start."""

    level: str
    value: int | None
    bound: int | None
    gap: float | None
    seconds: float
    stage: str
    percent: int


def solve(problem, *, time_limit=60.0, threads=None, progress=None, replay=None):
    """The best plan for `problem` within `time_limit` seconds; always valid, each bound true.

    `threads` searches side by side (default 2; the result is the same for any). `progress` is called with a Progress about twice a second
    in the caller's thread; what it raises stops the search and is raised here. `replay` is an earlier Plan of the same problem whose
    recorded work is repeated without regard to time. Raises ContradictingPins.
    """
    work = Work(time_limit, None if replay is None else replay.solver.get("work", []))
    outcome = {}

    def run():
        try:
            outcome["plan"] = _solve(problem, work, max(1, threads or 2))
        except BaseException as error:  # handed to the caller's thread below
            outcome["error"] = error

    runner = threading.Thread(target=run, name="solve", daemon=True)
    runner.start()
    last = Progress("tier1", None, None, None, 0.0, "reading", 0)
    try:
        while runner.is_alive():
            runner.join(TICK)
            if progress is not None:
                last = _report(work, last, progress)
    except BaseException:
        work.stop.set()
        if work.on_stop is not None:
            work.on_stop()
        runner.join()
        raise
    if "error" in outcome:
        raise outcome["error"]
    return outcome["plan"]


def _report(work, last, progress):
    """Passes on every improvement heard since the last tick, or a sign of life."""
    news = work.heard()
    share = 0 if work.seconds <= 0 else work.elapsed() / work.seconds
    percent = min(99, int(100 * share))
    if not news:
        last = Progress(last.level, last.value, last.bound, last.gap, work.elapsed(), last.stage, percent)
        progress(last)
        return last
    for one in news[-20:]:
        value, bound = one.get("value"), one.get("bound")
        gap = None if value is None or bound is None else abs(bound - value) / max(1, abs(value), abs(bound))
        last = Progress(one["level"], value, bound, gap, one["seconds"], one["stage"], percent)
        progress(last)
    return last


def _solve(problem, work, threads):
    pairs = build_pairs(problem)
    try:
        instance = build_instance(problem, pairs)
    except UnplacedPin as error:
        raise ContradictingPins(str(error), [(error.need, error.offering)]) from None
    pinned = start_from_pins(instance)
    start = first_plan(instance, pinned)
    work.tell(level="tier1", value=tier_points(instance, start)[0], bound=None, stage="first plan")
    assigned = assignment_levels.assign(instance, work, start) if assignment_levels.fits(instance) else None
    if assigned is not None:
        (steps, results), prices = assigned, None
    elif instance.size <= EXACT_COLUMNS:
        (steps, results), prices = exact.solve_levels(instance, work, start), None
    else:
        steps, results, prices = stages.solve_levels(instance, work, threads, pinned, start)
    wrong = broken(instance, steps)
    if wrong:
        raise AssertionError(f"the solver's own check refuses its result: {', '.join(wrong)}")
    return _plan(problem, pairs, instance, steps, results, prices or _prices(instance, work), work)


def _prices(instance, work):
    """The prices of a problem that was solved without them; what is not ready in time stays unpriced."""
    prices = TierPrices(instance)
    try:
        for tier in range(3):
            prices.ready(tier, min(2.0, max(0.2, work.remaining())))
    finally:
        prices.close()
    return prices


def _plan(problem, pairs, instance, steps, results, prices, work):
    achieved = tier_points(instance, steps)
    allocations = charged_allocations(instance, steps)
    served = {(a.need, a.offering): a.quantity for a in allocations}
    levels = tuple(
        Level(
            r.name, int(r.value), None if r.bound is None else int(r.bound), bool(r.proven), round(r.seconds, 3),
            achieved[position] if position < 3 else None, r.bound_deliveries,
        )
        for position, r in enumerate(results)
    )  # fmt: skip
    return Plan(
        problem_sha256=problem_sha256(problem),
        status="optimal" if all(r.proven for r in results) else "feasible",
        levels=levels,
        allocations=allocations,
        unmet=tuple(explain_unmet(problem, pairs, served)),
        solver={
            "versions": {"ortools": version("ortools"), "numpy": np.__version__},
            "seconds": round(work.elapsed(), 3),
            "pairs": len(pairs),
            "work": work.record,
            "prices": shadow_prices(problem, pairs, instance, prices, steps),
        },
        certificate=certificate_document(
            certificate_of(problem, pairs, instance, prices, [r.value for r in results[:3]])
        ),
    )
