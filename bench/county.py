"""The county problems: our solver beside what a county could use instead, all held against the same bound."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from bench import charts
from bench.tables import gap, gap_text, percent, table
from matching.solver.levels import coverage_of

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "bench"
TIERS = ("tier1", "tier2", "tier3")
NAMES = {
    "zhongfu": "Zhongfu",
    "first-come": "first come, nearest",
    "greedy": "greedy by tier and weight",
    "cp-sat": "CP-SAT, whole",
    "highs": "HiGHS, whole",
}
OURS, PEERS = "zhongfu", ("greedy", "first-come", "cp-sat", "highs")
Result = dict[str, Any]


def run(method: str, seed: int, seconds: float, *, scale: str = "county") -> Result:
    """One method in a process of its own; its log stays in build/bench/logs. Raises SystemExit with the end of the log."""
    name = f"{scale}-{seed}-{method}-{seconds:.0f}s"
    out, log = RESULTS / f"{name}.json", RESULTS / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    sys.stderr.write(f"{name} …\n")
    command = [sys.executable, "-m", "bench.method", method, scale, str(seed), str(seconds), str(out)]
    with open(log, "wb") as output:
        ended = subprocess.run(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, timeout=3 * seconds + 300, check=False
        )
    if ended.returncode or not out.exists():
        raise SystemExit(f"{name} failed, see {log}:\n{log.read_text(errors='replace')[-2_000:]}")
    return dict(json.loads(out.read_text()))


def run_all(
    seeds: Sequence[int], *, seconds: float, peers: Sequence[str], peer_seconds: float, scale: str = "county"
) -> list[list[Result]]:
    """Per seed ours, then the peers."""
    return [
        [run(OURS, seed, seconds, scale=scale), *(run(peer, seed, peer_seconds, scale=scale) for peer in peers)]
        for seed in seeds
    ]


def bounds_of(ours: Result) -> dict[str, int]:
    """The bound of each tier that our run proved."""
    return {level["name"]: level["bound"] for level in ours["levels"] if level["name"] in TIERS}


def shares_of(result: Result, bounds: dict[str, int]) -> dict[str, float]:
    """Each tier's points as shares of the bounds, and all three by the weights of the contract's coverage, 10000 : 100 : 1.

    A plain sum would praise whoever takes from the urgent to serve the rest.
    """
    shares = {tier: result["values"][tier] / bounds[tier] for tier in TIERS}
    value, bound = (coverage_of([points[tier] for tier in TIERS]) for points in (result["values"], bounds))
    return {**shares, "weighted": value / bound}


def placed(results: Sequence[Result]) -> list[int]:
    """The lexicographic place of each (V1, V2, V3), 1 the best."""
    values = [tuple(result["values"][tier] for tier in TIERS) for result in results]
    return [1 + sum(other > value for other in values) for value in values]


def beside_peers(runs: Sequence[Sequence[Result]]) -> str:
    """The one table: value per tier, shares of the same bound, time and memory of every method on every county."""
    rows: list[list[object]] = []
    for results in runs:
        bounds = bounds_of(results[0])
        for result, place in zip(results, placed(results), strict=True):
            shares = shares_of(result, bounds)
            rows.append(
                [
                    result["seed"],
                    NAMES[result["method"]],
                    place,
                    *(f"{result['values'][tier]:,}" for tier in TIERS),
                    *(percent(shares[tier]) for tier in (*TIERS, "weighted")),
                    f"{result['seconds']:.1f}",
                    f"{result['peak_mb']:,.0f}",
                ]
            )
    head = ["seed", "method", "place", "tier 1", "tier 2", "tier 3", "of bound 1", "of bound 2", "of bound 3", "weighted", "seconds", "peak MB"]  # fmt: skip
    return table(head, rows)


def own_gaps(ours: Sequence[Result]) -> str:
    """Size, hand-over, and the gap of every level of our own runs."""
    rows: list[list[object]] = []
    for one in ours:
        levels = {level["name"]: level for level in one["levels"]}
        bounds, values = bounds_of(one), {tier: levels[tier]["value"] for tier in TIERS}
        joint = gap(sum(values.values()), sum(bounds.values()))
        later = [_later_gap(levels[name]) for name in ("fairness", "coverage", "cost", "distance")]
        rows.append(
            [
                one["seed"],
                f"{one['pairs']:,}",
                f"{one['pairs_s'] + one['model_s']:.2f}",
                f"{one['limit']:.0f}",
                proven_after(one),
                *(gap_text(values[tier], bounds[tier]) for tier in TIERS),
                percent(joint),
                *later,
                f"{one['peak_mb']:,.0f}",
            ]
        )
    head = ["seed", "pairs", "pairs + model s", "limit s", "tier 1 proven at s", "gap 1", "gap 2", "gap 3", "joint", "fairness", "coverage", "cost", "distance", "peak MB"]  # fmt: skip
    return table(head, rows)


def _later_gap(level: Result) -> str:
    """Against the level's bound, else against the one for the amounts delivered."""
    bound = level["bound_deliveries"] if level["bound"] is None else level["bound"]
    return gap_text(level["value"], bound)


def proven_after(ours: Result) -> str:
    """Seconds until tier 1's value met its bound."""
    for row in ours["trace"]:
        if row["level"] == "tier1" and row["value"] == row["bound"]:
            return f"{row['s']:.1f}"
    first = ours["levels"][0]
    return f"≤ {first['seconds']:.1f}" if first["value"] == first["bound"] else "—"


def share_chart(runs: Sequence[Sequence[Result]]) -> str:
    """Bars: each tier and their sum as shares of the bound, the mean over the counties."""
    groups: dict[str, dict[str, float]] = {}
    for label, key in (("tier 1", "tier1"), ("tier 2", "tier2"), ("tier 3", "tier3"), ("weighted", "weighted")):
        groups[label] = {
            NAMES[method]: mean(
                shares_of(result, bounds_of(results[0]))[key]
                for results in runs
                for result in results
                if result["method"] == method
            )
            for method in (result["method"] for result in runs[0])
        }
    over = f"mean of {len(runs)} counties" if len(runs) > 1 else f"county {runs[0][0]['seed']}"
    return charts.bars(f"Points delivered as shares of the same bound, {over}", groups)


def gap_chart(ours: Result) -> str:
    """Steps: how the gap of each tier closed while it was searched."""
    series: dict[str, list[tuple[float, float]]] = {}
    for label, tier in (("tier 1", "tier1"), ("tier 2", "tier2"), ("tier 3", "tier3")):
        line = [
            (row["s"], gap(row["value"], row["bound"]) or 0.0)
            for row in ours["trace"]
            if row["level"] == tier and row["bound"] is not None
        ]
        if line:
            series[label] = line
    return charts.steps(f"Gap of each tier while it is searched, county {ours['seed']}", series)
