"""`zhongfu explain`: why needs stay unmet in a plan, and what would help.

Exit codes: 0 explained; 1 the plan is not valid, each violation named; 2 the problem or the plan cannot be read, or there
is no such need.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from marketplace.cli.problems import FAULTY, INVALID, PROBLEM, leave, plan_or_leave, problem_or_leave
from matching.confirmation import Served, confirm
from matching.explanation import explain_unmet
from matching.pairs import build_pairs
from matching.problem import Problem
from matching.solution import Unmet
from matching.solver.engine import solve
from matching.validation import violations


@click.command()
@click.argument("problem", type=PROBLEM)
@click.argument("plan", type=PROBLEM)
@click.option("--need", "need_id", help="Only this need.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with all details.")
@click.option(
    "--solve-again",
    type=click.FloatRange(min=0, min_open=True),
    help="Try what would help by solving the whole problem again, this many seconds each time (with --need).",
)
def explain(problem: Path, plan: Path, need_id: str | None, as_json: bool, solve_again: float | None) -> None:
    """Say why needs of PROBLEM stay unmet in PLAN, and which smallest change would help.

    What would help is tried with the rest of the plan as it is; with --solve-again also against everybody's new claims.
    Exit 0: explained. Exit 1: the plan is not valid, so nothing can be said about it. Exit 2: a file cannot be read,
    or there is no such need.
    """
    read = problem_or_leave(problem)
    if need_id is not None and need_id not in read.need_index:
        leave(FAULTY, [f"need {need_id!r} is not in {problem.name}"])
    if need_id is None and solve_again is not None:
        raise click.UsageError("--solve-again asks about one need: name it with --need")
    stated = plan_or_leave(plan)
    found = violations(read, stated)
    if found:
        leave(INVALID, [*found, f"{len(found)} violations: an invalid plan cannot be explained"])
    entries = explain_unmet(read, build_pairs(read), stated.served())
    chosen = [entry for entry in entries if need_id in (None, entry.need)]
    if solve_again is not None:
        chosen = [confirm(read, entry, stated.served(), _solver(solve_again)) for entry in chosen]
    for entry in chosen:
        click.echo(_as_json(entry) if as_json else _as_text(entry))
    if not chosen and not as_json:
        click.echo("every need is met in full" if need_id is None else f"need {need_id} is met in full")


def _as_json(entry: Unmet) -> str:
    row = {"need": entry.need, "missing": entry.missing, "reason": entry.reason, "detail": entry.detail}
    return json.dumps(row, ensure_ascii=False)


def _as_text(entry: Unmet) -> str:
    detail = entry.detail
    lines = [f"need {entry.need} lacks {entry.missing}: {entry.reason}", f"  {detail.get('text', '')}"]
    if detail.get("went_before"):
        names = ", ".join(f"{row['need']} (tier {row['tier']}, {row['quantity']})" for row in detail["went_before"])
        more = detail["went_before_count"] - len(detail["went_before"])
        lines.append(f"  went before, by {detail['decided_by']}: {names}" + (f" and {more} more" if more > 0 else ""))
    if detail.get("verified") == "solved_again":
        lines.append(f"  solved again with the changes below, it gets {detail['units_after']}")
    elif detail.get("solved_again") is False:
        lines.append("  solved again, others take what the changes below set free")
    lines += [f"  would help: {_change_text(change)}" for change in detail.get("changes", ())]
    return "\n".join(lines)


def _change_text(change: dict[str, Any]) -> str:
    table = change["table"]
    if "add_row" in change:
        return f"{table}: add {json.dumps(change['add_row'], ensure_ascii=False)}"
    if change.get("remove"):
        return f"{table}: take out {change['need']}, {change['offering']}"
    if "add" in change:
        return f"{table} {change['id']}: {change['field']} with {', '.join(change['add'])} added"
    return f"{table} {change['id']}: {change['field']} {change['to']} instead of {change['from']}"


def _solver(seconds: float) -> Callable[[Problem], Served]:
    return lambda problem: solve(problem, time_limit=seconds, threads=1).served()


commands: list[click.Command] = [explain]
