"""`zhongfu explain`: why needs stay unmet in a plan, and what would help.

Exit codes: 0 explained; 1 the plan is not valid, each violation named; 2 the problem or the plan cannot be read, or there
is no such need.
"""

import json
from pathlib import Path
from typing import Any

import click

from marketplace.cli.problems import FAULTY, INVALID, PROBLEM, leave, plan_or_leave, problem_or_leave
from matching.confirmation import confirmed, unproven
from matching.explanation import explain_unmet
from matching.pairs import build_pairs
from matching.problem import Problem
from matching.solution import Plan, Unmet
from matching.solver.confirming import MOST_PAIRS, proving_solver
from matching.solver.shadow import prices_of_plan
from matching.validation import violations

BY_ITSELF = 30.0  # seconds of solving again that a proven plan is given without being asked


@click.command()
@click.argument("problem", type=PROBLEM)
@click.argument("plan", type=PROBLEM)
@click.option("--need", "need_id", help="Only this need.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with all details.")
@click.option(
    "--solve-again",
    type=click.FloatRange(min=0),
    help="Seconds, in all, for solving the problem again with what would help (30 where the plan is proven optimal; 0: do not).",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File for what --json writes.")
@click.option("--prices", is_flag=True, help="What one more unit or 1,000 yuan more would do, instead of the needs.")
def explain(
    problem: Path, plan: Path, need_id: str | None, as_json: bool, solve_again: float | None, out: Path | None, prices: bool
) -> None:  # fmt: skip
    """Say why needs of PROBLEM stay unmet in PLAN, and which smallest change would help.

    Where the plan is proven optimal, what would help is tried by solving everything again, and the change named is the
    smallest; where it is not, or the time is over, it is tried with the rest of the plan as it is, and that is said.
    Exit 0: explained. Exit 1: the plan is not valid, so nothing can be said about it. Exit 2: a file cannot be read,
    or there is no such need.
    """
    read = problem_or_leave(problem)
    if need_id is not None and need_id not in read.need_index:
        leave(FAULTY, [f"need {need_id!r} is not in {problem.name}"])
    stated = plan_or_leave(plan)
    found = violations(read, stated)
    if found:
        leave(INVALID, [*found, f"{len(found)} violations: an invalid plan cannot be explained"])
    if prices:
        _tell_prices(read, stated, as_json)
        return
    pairs = build_pairs(read)
    entries = explain_unmet(read, pairs, stated.served())
    chosen = [entry for entry in entries if need_id in (None, entry.need)]
    seconds = BY_ITSELF if solve_again is None else solve_again
    if stated.status != "optimal" or len(pairs) > MOST_PAIRS:
        if solve_again:
            click.echo(
                "the plan is not proven optimal, or too large to solve again: rest of the plan held fixed", err=True
            )
        seconds = 0.0
    if seconds:
        chosen = _confirmed(read, stated, chosen, seconds)
    if out is not None:
        out.write_text("".join(f"{_as_json(entry)}\n" for entry in chosen), encoding="utf-8")
    for entry in chosen if out is None else ():
        click.echo(_as_json(entry) if as_json else _as_text(entry))
    if not chosen and not as_json:
        click.echo("every need is met in full" if need_id is None else f"need {need_id} is met in full")


def _confirmed(problem: Problem, plan: Plan, entries: list[Unmet], seconds: float) -> list[Unmet]:
    """The entries with what holds when solved again; told to be unproven where solving again does not give this plan."""
    told = confirmed(problem, entries, plan, proving_solver(seconds=seconds, seconds_in_all=seconds))
    if told is None:
        click.echo("solving again does not give this plan: rest of the plan held fixed", err=True)
        return [unproven(entry) for entry in entries]
    return told


def _tell_prices(problem: Problem, plan: Plan, as_json: bool) -> None:
    """The shadow prices: one JSON document, or a line for each row that would gain."""
    document = prices_of_plan(problem, plan.served())
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    click.echo("gain of tier 1, 2, 3 in weight served; an estimate for small changes, from the linear relaxation")
    for name, unit in (
        ("funds", "1,000 yuan more in fund {id}"),
        ("limits", "limit {id} 1,000 yuan higher"),
        ("places", "one more unit of {category} given in {township}, for {needs} needs"),
        ("offerings", "one more unit at offering {id}"),
    ):
        for row in document[name]:
            gains = ", ".join("?" if gain is None else f"{gain / 1000:+.3f}" for gain in row["gain"])
            click.echo(f"{unit.format(**row)}: {gains}")


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
        small = "nothing smaller does" if detail["smallest"] == "of_its_kind" else "one step less does not"
        lines.append(
            f"  solved again with the changes below, it gets {detail['units_after']} instead of "
            f"{detail['units_before']}; {small}"
        )
    elif detail.get("why_not") == "not_found":
        lines.append("  solved again, others take what the changes below set free, however large they are made")
    elif detail.get("changes"):
        lines.append("  with the rest of the plan as it is (not solved again)")
    lines += [f"  would help: {_change_text(change)}" for change in detail.get("changes", ())]
    for claim in detail.get("claims", ()):
        change = claim["changes"][0]
        lines.append(
            f"  would get {claim['units_after']} with {change['field']} {change['to']} instead of {change['from']}"
        )
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


commands: list[click.Command] = [explain]
