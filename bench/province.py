"""`make bench-province`: joint plans of a prefecture and of parts of a province; writes docs/benchmarks-province.md.

    python -m bench.province                    the prefecture with 1 and 2 workers, then 10, 30 and 90 counties of the province
    python -m bench.province prefecture         only these (prefecture, tenth, third, province), the page keeps the others' last figures
    python -m bench.province province --resume  goes on with a run that was stopped; its seconds then count only what was left to do

Every run's work folder stays in build/bench/province, its progress on standard error. Figures belong to the machine they were taken on.
"""

import argparse
import json
import os
import shutil
import sys
import threading
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.tables import machine, percent, table
from matching.problem import read_problem
from matching.regional.coordination import Effort, solve_region
from matching.regional.invention import REGIONAL_SCALES, RegionalScale, write_region
from matching.regional.joining import write_joint_plan
from matching.regional.workers import Processes
from matching.solution import read_plan
from matching.validation import violations

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks-province.md"
FOLDER = ROOT / "build" / "bench" / "province"
SEED = 1
_WHOLE = REGIONAL_SCALES["province"]


def _counties(count: int) -> RegionalScale:
    """The first counties of the province, in proportion."""
    part = count / _WHOLE.counties
    return replace(
        _WHOLE, prefectures=count // 10, counties=count, needs=round(_WHOLE.needs * part), offerings=round(_WHOLE.offerings * part)
    )  # fmt: skip


RUNS: dict[str, tuple[RegionalScale, int, Effort]] = {
    "prefecture, 1 worker": (REGIONAL_SCALES["prefecture"], 1, Effort(seconds=25.0)),
    "prefecture, 2 workers": (REGIONAL_SCALES["prefecture"], 2, Effort(seconds=25.0)),
    "tenth of a province": (_counties(10), 2, Effort(scouts=2, seconds=22.0)),
    "third of a province": (_counties(30), 2, Effort(scouts=2, seconds=22.0)),
    "province": (_WHOLE, 2, Effort(scouts=4, seconds=22.0)),
}
JUDGED_WHOLE = 100_000
"""Up to so many needs the joint plan also goes to the ordinary validator at once"""


class _Peak(threading.Thread):
    """The largest sum of resident memory (proportional where pages are shared) of this process and its children, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.done = 0.0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.5):
            self.most = max(self.most, sum(map(_resident, _family(os.getpid()))))


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += _family(int(child))
        except OSError:
            continue
    return found


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except (OSError, StopIteration, ValueError):
        return 0.0


def measure(name: str, *, resume: bool) -> dict[str, Any]:
    """One run from files to a judged plan file. Raises RuntimeError where a judge refuses it."""
    scale, workers, effort = RUNS[name]
    slug = name.replace(",", "").replace(" ", "-")
    source, work = FOLDER / f"problem-{scale.counties}-{scale.needs}", FOLDER / slug
    if not (source / "problem.json").exists():
        write_region(scale, SEED, source)
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    sys.stderr.write(f"{name}: {scale.needs} needs, {scale.offerings} offerings, {workers} workers\n")
    peak = _Peak()
    peak.start()
    began = time.monotonic()
    with Processes(workers) as run:
        joint = solve_region(
            source, work, run, effort=effort, say=lambda line: sys.stderr.write(f"  {line}\n") and None
        )
    write_joint_plan(joint, work, work / "plan.json")
    seconds = time.monotonic() - began
    peak.done.set()
    peak.join()
    judged = "county by county, then jointly"
    if scale.needs <= JUDGED_WHOLE:
        found = violations(read_problem(source), read_plan(work / "plan.json"))
        if found:
            raise RuntimeError(f"{name}: the validator refuses the joint plan: {found[0]}")
        judged = "and the whole by `zhongfu verify`"
    processor = sum(
        json.loads(path.read_text(encoding="utf-8"))["cpu_seconds"] for path in (work / "results").glob("*/*.json")
    )
    return {
        "run": name,
        "counties": scale.counties,
        "needs": scale.needs,
        "offerings": scale.offerings,
        "pairs": sum(figure["pairs"] for figure in joint.figures.values()),
        "seconds": round(seconds, 1),
        "processor": round(processor, 1),
        "peak_mb": round(peak.most),
        "tiers": [joint.levels[f"tier{t}"] for t in (1, 2, 3)],
        "gap": joint.gap,
        "stages": joint.seconds,
        "judged": judged,
        "resumed": resume,
    }


def page(found: list[dict[str, Any]]) -> str:
    """The page with every run's last figures."""
    rows = []
    for one in found:
        gaps = [percent((bound - value) / max(1, value)) for value, bound in one["tiers"]]
        seconds = f"{one['seconds']:.0f}" + (" (resumed)" if one["resumed"] else "")
        rows.append([
            one["run"], f"{one['needs']:,}", f"{one['offerings']:,}", f"{one['pairs']:,}", seconds, f"{one['processor']:.0f}",
            f"{1e6 * one['processor'] / one['pairs']:.0f}", f"{one['peak_mb']:,}", *gaps, percent(one["gap"]),
        ])  # fmt: skip
    head = ["problem", "needs", "offerings", "pairs", "seconds", "processor seconds", "… per million pairs", "peak MB",
            "gap 1", "gap 2", "gap 3", "joint gap"]  # fmt: skip
    stages = [
        [one["run"], ", ".join(f"{name} {seconds:.0f}" for name, seconds in one["stages"].items())] for one in found
    ]
    by_run = {one["run"]: one["seconds"] for one in found if not one["resumed"]}
    single, double = by_run.get("prefecture, 1 worker"), by_run.get("prefecture, 2 workers")
    parts = [
        "# Benchmarks: prefecture and province",
        "Written by `make bench-province`; do not edit. "
        f"{machine()} "
        f"OR-Tools {version('ortools')}, NumPy {version('numpy')}. Seed {SEED}.",
        "Gap of a tier: (bound − value) / value; joint gap: the tiers' differences over the sum of their values. The bound is proven for the "
        "joint problem by prices of all that counties share. Seconds are of the clock, from the files to the plan's file; peak memory is the "
        "sum over all processes. Every plan was judged county by county and jointly; up to 100,000 needs also as a whole. "
        "A run marked resumed was stopped and went on where it was: its seconds, those of its stages and its memory are of the last part only, "
        "its processor seconds of the whole.",
        table(head, rows),
        "## Seconds of each stage",
        table(["problem", "stages"], stages),
    ]
    if single and double:
        parts.append(f"Twice the workers: {double / single:.2f} of the time.")
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str]) -> None:
    """Measures what is named (everything by default) and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.province")
    parser.add_argument("runs", nargs="*", help="the beginnings of names of runs; default: all")
    parser.add_argument("--resume", action="store_true")
    chosen = parser.parse_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept = FOLDER / "figures.json"
    figures = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    names = [name for name in RUNS if not chosen.runs or any(name.startswith(word) for word in chosen.runs)]
    for name in names:
        figures[name] = measure(name, resume=chosen.resume)
        kept.write_text(json.dumps(figures), encoding="utf-8")
        PAGE.write_text(page([figures[run] for run in RUNS if run in figures]), encoding="utf-8")
    sys.stdout.write(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])
