"""Problems that are to be solved to proof: the twelve samples, and public generalised-assignment files."""

import json
import statistics
import time
from pathlib import Path
from typing import Any

from matching.gap import problem_from_gap
from matching.problem import parse_problem
from matching.solver.engine import solve

DATA = Path(__file__).resolve().parents[1] / "tests" / "data"


def samples() -> tuple[int, float]:
    """How many of the twelve samples end proven at every level, and the median seconds of one."""
    proven, seconds = 0, []
    for path in sorted((DATA / "problems").glob("sample-*.json")):
        started = time.perf_counter()
        plan = solve(parse_problem(json.loads(path.read_text())), time_limit=60, threads=2)
        seconds.append(time.perf_counter() - started)
        proven += plan.status == "optimal"
    return proven, statistics.median(seconds)


def generalised_assignment() -> list[dict[str, Any]]:
    """The public files that are to be proven: cost reached, bound, best known, seconds."""
    rows = []
    for name, best in (("c0515_1", 261), ("c05100", 1931)):
        problem = parse_problem(problem_from_gap((DATA / "gap" / name).read_text(), name))
        started = time.perf_counter()
        plan = solve(problem, time_limit=60, threads=2)
        cost = next(level for level in plan.levels if level.name == "cost")
        took = time.perf_counter() - started
        rows.append({"file": name, "cost": cost.value, "bound": cost.bound, "best": best, "seconds": took})
    return rows
