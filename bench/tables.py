"""Markdown tables and figures as the page of benchmarks writes them."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; columns whose cells are all figures stand to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    right = [
        bool(cells) and all(row[place][:1].isdigit() or row[place] in ("", "—") for row in cells)
        for place in range(len(head))
    ]
    lines = [
        "| " + " | ".join(head) + " |",
        "| " + " | ".join("---:" if one else "---" for one in right) + " |",
        *("| " + " | ".join(row) + " |" for row in cells),
    ]
    return "\n".join(lines)


def gap(value: int, bound: int | float | None) -> float | None:
    """|bound − value| / value; None without a bound."""
    return None if bound is None else abs(bound - value) / max(1, abs(value))


def percent(share: float | None, decimals: int = 2) -> str:
    """``0.47 %``; — where there is none."""
    return "—" if share is None else f"{100 * share:.{decimals}f} %"


def gap_text(value: int, bound: int | float | None) -> str:
    """The gap in percent, or what stands for it."""
    if bound is None:
        return "no bound"
    return "proven" if bound == value else percent(gap(value, bound))


def machine() -> str:
    """The machine that figures belong to, in a sentence."""
    named, info = platform.machine(), Path("/proc/cpuinfo")
    if info.exists():
        models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        named = models[0] if models else named
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({named}), {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}."
    )
