"""Markdown tables and figures as the page of benchmarks writes them."""

from collections.abc import Sequence


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
