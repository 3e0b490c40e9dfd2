"""`make bench`: measures and writes docs/benchmarks.md. Figures belong to the machine they were taken on; compare ratios."""

import os
import platform
import statistics
import sys
from importlib.metadata import version
from pathlib import Path

from bench import optimiser, pages

TARGET = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def main() -> None:
    """Runs every measurement and writes the page."""
    parts = [
        "# Benchmarks",
        "Written by `make bench`; do not edit. "
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"OR-Tools {version('ortools')}, NumPy {version('numpy')}, SQLAlchemy {version('sqlalchemy')}.",
    ]
    proven, seconds = optimiser.samples()
    parts += ["## Samples", f"{proven} of 12 samples proven at all eight levels; {seconds:.2f} s each (median)."]
    rows = optimiser.generalised_assignment()
    head = ["file", "cost", "bound", "best known", "seconds"]
    parts += [
        "## Generalised assignment, public files",
        _table(
            head, [[r["file"], str(r["cost"]), str(r["bound"]), str(r["best"]), f"{r['seconds']:.1f}"] for r in rows]
        ),
    ]
    head = ["problem", "method", "seconds", "tier 1", "tier 2", "tier 3", "gap 1", "gap 2", "gap 3"]
    county = optimiser.county([1, 2], 60)
    body = [
        [r["problem"], r["method"], f"{r['seconds']:.1f}", *(f"{r[tier]:,}" for tier in optimiser.TIERS), *r["gaps"]]
        for r in county
    ]
    parts += [
        "## County",
        "Gap: (bound − value) / value. A bound of tiers 2 and 3 holds given our values of the tiers before, so it says nothing of the others.",
        _table(head, body),
    ]
    ready, timed = pages.measure()
    p95 = statistics.quantiles([worst for *_, worst in timed], n=20)[-1]
    parts += [
        "## Pages, demo county",
        f"`zhongfu serve --demo` answers {ready:.1f} s after its start with an empty data folder. 95th percentile of the worst of ten: {p95:.0f} ms.",
        _table(
            ["login", "page", "median ms", "worst of ten ms"], [[a, b, f"{c:.0f}", f"{d:.0f}"] for a, b, c, d in timed]
        ),
    ]
    TARGET.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    sys.stdout.write(TARGET.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
