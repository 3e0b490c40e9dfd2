"""The twelve samples that are to be solved to proof at every level."""

import json
import statistics
import time
from pathlib import Path

from matching.problem import parse_problem
from matching.solver.engine import solve

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "data" / "problems"


def measure() -> tuple[int, int, float]:
    """How many samples end proven at every level with the values known, how many there are, and the median seconds of one."""
    known = json.loads((FOLDER / "levels.json").read_text())
    proven, seconds = 0, []
    for path in sorted(FOLDER.glob("sample-*.json")):
        started = time.perf_counter()
        plan = solve(parse_problem(json.loads(path.read_text())), time_limit=60, threads=2)
        seconds.append(time.perf_counter() - started)
        reached = {level.name: level.value for level in plan.levels}
        proven += plan.status == "optimal" and reached == known[path.stem]
    return proven, len(seconds), statistics.median(seconds)
