"""One method on one problem in a process of its own, so that its time and memory are its own.

``python -m bench.method METHOD SCALE SEED SECONDS OUT`` writes a JSON object to OUT; what the solver says goes to the standard output.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import peers
from matching.baseline import first_come, greedy, plan_of
from matching.charging import units_of
from matching.explanation import explain_unmet
from matching.generator import generate
from matching.pairs import Pairs, build_pairs
from matching.problem import Problem, parse_problem
from matching.rules import Rules
from matching.solution import Plan
from matching.solver.engine import Progress, solve
from matching.solver.instance import build_instance
from matching.validation import violations

TIERS = ("tier1", "tier2", "tier3")
THREADS = 2


def _peak_mb() -> float:
    """The most memory this process has held. (`ru_maxrss` would count what the process that started it held as well.)"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(method: str, scale: str, seed: int, seconds: float) -> dict[str, Any]:
    """Points per tier, seconds, peak memory in MB; for our solver also bounds, levels and how the gap closed.

    `seconds` counts from the parsed problem to the quantities; explaining what stays unmet and checking the plan come after. Raises
    SystemExit when the validator refuses the plan.
    """
    problem = parse_problem(generate(scale, seed))
    before_mb = _peak_mb()
    began = time.perf_counter()
    pairs = build_pairs(problem)
    pairs_s = time.perf_counter() - began
    found: dict[str, Any] = {"method": method, "scale": scale, "seed": seed, "limit": seconds, "pairs_s": pairs_s}
    found |= {"needs": len(problem.needs), "offerings": len(problem.offerings), "pairs": len(pairs)}
    plan = METHODS[method](problem, pairs, seconds, found)
    found.setdefault("seconds", time.perf_counter() - began)
    found["peak_mb"], found["problem_mb"] = _peak_mb(), before_mb
    used = resource.getrusage(resource.RUSAGE_SELF)
    found["cpu_s"] = (
        used.ru_utime + used.ru_stime
    )  # what a busy machine gave: far below seconds × cores, the figures say little
    wrong = violations(problem, plan)
    if wrong:
        raise SystemExit(f"{method}, {scale} {seed}: the validator refuses the plan: {[str(one) for one in wrong[:5]]}")
    values = Rules(problem).levels(plan.served())
    found["values"] = {tier: values[tier] for tier in TIERS}
    return found


def _ours(problem: Problem, pairs: Pairs, seconds: float, found: dict[str, Any]) -> Plan:
    """The solver of this project, all eight levels."""
    began = time.perf_counter()
    build_instance(problem, pairs)
    found["model_s"] = time.perf_counter() - began
    trace: list[dict[str, Any]] = []

    def heard(one: Progress) -> None:
        if one.value is not None:
            row = {"s": round(one.seconds, 2), "level": one.level, "value": one.value, "bound": one.bound}
            if not trace or trace[-1]["value"] != row["value"] or trace[-1]["bound"] != row["bound"]:
                trace.append(row)

    began = time.perf_counter()
    plan = solve(problem, time_limit=seconds, threads=THREADS, progress=heard)
    found["seconds"] = time.perf_counter() - began
    found["trace"] = trace
    found["levels"] = [
        {
            "name": level.name,
            "value": level.value,
            "bound": level.bound,
            "bound_deliveries": level.bound_deliveries,
            "seconds": level.seconds,
        }
        for level in plan.levels
    ]
    return plan


def _served(problem: Problem, pairs: Pairs, served: dict[tuple[str, str], int]) -> Plan:
    return plan_of(problem, pairs, served, units_of(problem, pairs, served), explain_unmet(problem, pairs, served))


def _baseline(method: Callable[[Problem, Pairs], dict[tuple[str, str], int]]) -> Callable[..., Plan]:
    def run(problem: Problem, pairs: Pairs, seconds: float, found: dict[str, Any]) -> Plan:
        began = time.perf_counter()
        served = method(problem, pairs)
        found["seconds"] = found["pairs_s"] + time.perf_counter() - began
        return _served(problem, pairs, served)

    return run


def _peer(solver: type[peers.Search]) -> Callable[..., Plan]:
    def run(problem: Problem, pairs: Pairs, seconds: float, found: dict[str, Any]) -> Plan:
        began = time.perf_counter()
        instance = build_instance(problem, pairs)
        start = units_of(problem, pairs, greedy(problem, pairs)) // instance.step
        steps = peers.tier_by_tier(instance, solver, start, seconds - (time.perf_counter() - began) - found["pairs_s"])
        found["seconds"] = found["pairs_s"] + time.perf_counter() - began
        units = (steps * instance.step).tolist()
        needs, offerings = instance.need.tolist(), instance.offering.tolist()
        served = {
            (instance.need_ids[needs[k]], instance.offering_ids[offerings[k]]): x for k, x in enumerate(units) if x
        }
        return _served(problem, pairs, served)

    return run


METHODS: dict[str, Callable[..., Plan]] = {
    "zhongfu": _ours,
    "first-come": _baseline(first_come),
    "greedy": _baseline(greedy),
    "highs": _peer(peers.Highs),
    "cp-sat": _peer(peers.CpSat),
}


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(prog="python -m bench.method")
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("scale")
    parser.add_argument("seed", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    found = measure(given.method, given.scale, given.seed, given.seconds)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
