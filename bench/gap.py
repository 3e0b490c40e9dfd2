"""Generalised assignment on public files: what `solve` reaches beside the best values known, for `make bench`.

`python -m bench.gap [FOLDER] [SECONDS] [NAME …]` measures the files of a folder (default: those kept with the tests).
"""

import sys
import time
from pathlib import Path
from typing import Any

from matching.gap import problem_from_gap
from matching.problem import parse_problem
from matching.solver.engine import solve
from matching.validation import violations

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "data" / "gap"
# (greatest bound, least cost) known, as listed by rafaelmartinelli/AssignmentProblems.jl for the files of the OR-Library and of Yagiura
KNOWN = {
    "c0515_1": (261, 261),
    "c05100": (1931, 1931), "c05200": (3456, 3456), "c10100": (1402, 1402), "c10200": (2806, 2806),
    "c20100": (1243, 1243), "c20200": (2391, 2391), "c10400": (5597, 5597), "c20400": (4782, 4782),
    "d05100": (6353, 6353), "d05200": (12742, 12742), "d10100": (6345, 6348), "d10200": (12426, 12432),
    "d20100": (6177, 6190), "d20200": (12230, 12241), "d20400": (24561, 24574),
    "e05100": (12681, 12681), "e05200": (24929, 24930), "e10100": (11576, 11577), "e10200": (23305, 23307),
    "e20100": (8436, 8436), "e20200": (22378, 22379), "e10400": (45745, 45746), "e20400": (44876, 44877),
}  # fmt: skip
HEAD = ["file", "needs × offerings", "cost", "bound", "best known", "above best known", "seconds", "processor seconds"]


def measure(folder: Path = FOLDER, time_limit: float = 25.0, names: list[str] | None = None) -> list[dict[str, Any]]:
    """One row per file, one thread: cost, our bound, best known, per cent above it, seconds, processor seconds and the steps done.

    A plan that the validator refuses, or that leaves somebody unserved, ends the run.
    """
    rows = []
    for name in names or sorted(path.name for path in folder.iterdir() if path.name in KNOWN):
        problem = parse_problem(problem_from_gap((folder / name).read_text(encoding="ascii"), name))
        started, busy = time.perf_counter(), time.process_time()
        plan = solve(problem, time_limit=time_limit, threads=1)
        seconds, processor = time.perf_counter() - started, time.process_time() - busy
        levels = {level.name: level for level in plan.levels}
        found = violations(problem, plan)
        if found or levels["tier1"].value != 1000 * len(problem.needs):
            raise SystemExit(f"{name}: the plan is refused or leaves somebody unserved: {found[:5]}")
        cost, best = levels["cost"], KNOWN[name][1]
        rows.append(
            {
                "file": name, "size": f"{len(problem.needs)} × {len(problem.offerings)}", "cost": cost.value,
                "bound": cost.bound, "proven": cost.proven, "best": best, "gap": 100 * (cost.value - best) / best,
                "seconds": seconds, "processor": processor,
                "work": {entry["stage"]: entry.get("steps", entry.get("nodes")) for entry in plan.solver["work"]},
            }
        )  # fmt: skip
    return rows


def table(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Cells under HEAD."""
    return [
        [
            row["file"], row["size"], f"{row['cost']:,}", "proven" if row["proven"] else f"{row['bound']:,}",
            f"{row['best']:,}", f"{row['gap']:.3f} %", f"{row['seconds']:.1f}", f"{row['processor']:.1f}",
        ]
        for row in rows
    ]  # fmt: skip


def main() -> None:
    """Prints one line per file as it is measured."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    limit = float(sys.argv[2]) if len(sys.argv) > 2 else 25.0
    for name in sys.argv[3:] or sorted(path.name for path in folder.iterdir() if path.name in KNOWN):
        rows = measure(folder, limit, [name])
        sys.stdout.write(" | ".join(table(rows)[0]) + f" | {rows[0]['work']}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
