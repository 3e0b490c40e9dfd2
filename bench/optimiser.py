"""The optimiser on generated problems and public files, beside first come first served and greedy, in one run."""

import json
import statistics
import time
from pathlib import Path
from typing import Any

from matching.baseline import first_come, greedy
from matching.gap import problem_from_gap
from matching.generator import generate
from matching.pairs import build_pairs
from matching.problem import Problem, parse_problem
from matching.rules import Rules
from matching.solver.engine import solve
from matching.validation import violations

DATA = Path(__file__).resolve().parents[1] / "tests" / "data"
TIERS = ("tier1", "tier2", "tier3")


def _gap(value: int, bound: int | None) -> str:
    if bound is None:
        return "no bound"
    return "proven" if bound == value else f"{100 * (bound - value) / max(value, 1):.2f} %"


def _baseline(problem: Problem, served: dict[tuple[str, str], int]) -> dict[str, int]:
    return Rules(problem).levels(served)


def county(seeds: list[int], time_limit: float) -> list[dict[str, Any]]:
    """One row per seed and method: points per tier, gap to our bound, seconds. A plan that the validator refuses ends the run."""
    rows = []
    for seed in seeds:
        problem = parse_problem(generate("county", seed))
        started = time.perf_counter()
        pairs = build_pairs(problem)
        pairs_s = time.perf_counter() - started
        started = time.perf_counter()
        plan = solve(problem, time_limit=time_limit, threads=2)
        ours_s = time.perf_counter() - started
        found = violations(problem, plan)
        if found:
            raise SystemExit(f"county seed {seed}: the validator refuses the plan: {found[:5]}")
        levels = {level.name: level for level in plan.levels}
        size = f"{len(problem.needs):,} × {len(problem.offerings):,}, {len(pairs):,} pairs in {pairs_s:.2f} s"
        rows.append(
            {
                "problem": f"county {seed} ({size})",
                "method": f"Zhongfu, limit {time_limit:.0f} s",
                "seconds": ours_s,
                **{tier: levels[tier].value for tier in TIERS},
                "gaps": [_gap(levels[tier].value, levels[tier].bound) for tier in TIERS],
            }
        )
        for name, method in (("first come, nearest", first_come), ("greedy by tier and weight", greedy)):
            started = time.perf_counter()
            values = _baseline(problem, method(problem, pairs))
            rows.append(
                {
                    "problem": "",
                    "method": name,
                    "seconds": time.perf_counter() - started,
                    **{tier: values[tier] for tier in TIERS},
                    "gaps": [_gap(values[tier], levels[tier].bound) if tier == "tier1" else "" for tier in TIERS],
                }
            )
    return rows


def generalised_assignment() -> list[dict[str, Any]]:
    """The public files that are to be proven: cost reached, bound, best known, seconds."""
    rows = []
    for name, best in (("c0515_1", 261), ("c05100", 1931)):
        problem = parse_problem(problem_from_gap((DATA / "gap" / name).read_text(), name))
        started = time.perf_counter()
        plan = solve(problem, time_limit=60, threads=2)
        cost = next(level for level in plan.levels if level.name == "cost")
        rows.append(
            {
                "file": name,
                "cost": cost.value,
                "bound": cost.bound,
                "best": best,
                "seconds": time.perf_counter() - started,
            }
        )
    return rows


def samples() -> tuple[int, float]:
    """How many of the twelve samples end proven at every level, and the median seconds of one."""
    proven, seconds = 0, []
    for path in sorted((DATA / "problems").glob("sample-*.json")):
        started = time.perf_counter()
        plan = solve(parse_problem(json.loads(path.read_text())), time_limit=60, threads=2)
        seconds.append(time.perf_counter() - started)
        proven += plan.status == "optimal"
    return proven, statistics.median(seconds)
