"""`zhongfu verify`, `explain` and `problem`: the judge and the tools around problem files; none of them needs the solver.

Exit codes: 0 as asked; 1 the plan is not valid, each violation named; 2 the problem or the plan cannot be read, every
fault named.
"""

import json
from pathlib import Path
from typing import Any

import click

from marketplace.cli.problems import FAULTY, INVALID, PROBLEM, leave, plan_or_leave, problem_or_leave
from matching.explanation import explain_unmet
from matching.gap import NoGapFile, problem_from_gap
from matching.generator import SCALES, generate
from matching.pairs import build_pairs
from matching.rules import Rules
from matching.solution import FaultyPlan, Unmet, UnreadablePlan, read_plan, result_sha256
from matching.validation import TIERS, violations


@click.command()
@click.argument("problem", type=PROBLEM)
@click.argument("plan", type=PROBLEM)
def verify(problem: Path, plan: Path) -> None:
    """Check PLAN against PROBLEM, without the solver: every constraint and every level.

    Exit 0: valid. Exit 1: every violation named. Exit 2: one of the files cannot be read.
    """
    read = problem_or_leave(problem)
    try:
        stated = read_plan(plan)
    except FaultyPlan as error:
        for fault in error.faults:
            click.echo(str(fault))
        leave(INVALID, [f"{len(error.faults)} violations"])
    except UnreadablePlan as error:
        leave(FAULTY, error.faults)
    found = violations(read, stated)
    for violation in found:
        click.echo(str(violation))
    if found:
        leave(INVALID, [f"{len(found)} violations"])
    tiers = {level.name: level.value for level in stated.levels if level.name in TIERS}
    click.echo("levels " + json.dumps(Rules(read).levels(stated.served(), [tiers[name] for name in TIERS])))
    click.echo(f"valid {stated.status} {result_sha256(stated)}")


@click.command()
@click.argument("problem", type=PROBLEM)
@click.argument("plan", type=PROBLEM)
@click.option("--need", "need_id", help="Only this need.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with all details.")
def explain(problem: Path, plan: Path, need_id: str | None, as_json: bool) -> None:
    """Say why needs of PROBLEM stay unmet in PLAN, and which smallest change would help.

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
    entries = explain_unmet(read, build_pairs(read), stated.served())
    chosen = [entry for entry in entries if need_id in (None, entry.need)]
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


@click.group()
def problem() -> None:
    """Generate and convert problem files."""


@problem.command("generate")
@click.option("--scale", type=click.Choice(list(SCALES)), default="village", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write.")
def generate_problem(scale: str, seed: int, out: Path) -> None:
    """Write an invented problem as a folder: problem.json, needs.jsonl, offerings.jsonl."""
    document = generate(scale, seed)
    out.mkdir(parents=True, exist_ok=True)
    for part in ("needs", "offerings"):
        rows = document.pop(part)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / f"{part}.jsonl").write_text(lines, encoding="utf-8")
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    (out / "problem.json").write_text(text, encoding="utf-8")
    read = problem_or_leave(out)
    click.echo(
        f"{out}: {len(read.needs)} needs, {len(read.offerings)} offerings, {len(build_pairs(read))} pairs", err=True
    )


@problem.command("from-gap")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write (default: standard output)."
)
def convert_gap(file: Path, out: Path | None) -> None:
    """Convert a generalised-assignment FILE (OR-Library format) to a problem."""
    try:
        document = problem_from_gap(file.read_text(encoding="utf-8"), file.name)
    except (NoGapFile, UnicodeDecodeError) as error:
        leave(FAULTY, [error])
    text = json.dumps(document, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


commands: list[click.Command] = [verify, explain, problem]
