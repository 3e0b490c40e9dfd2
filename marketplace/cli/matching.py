"""`zhongfu verify` and `problem`: the judge and the tools around problem files; neither needs the solver.

Exit codes: 0 as asked; 1 the plan is not valid, each violation named; 2 the problem or the plan cannot be read, every
fault named.
"""

import json
from pathlib import Path

import click

from marketplace.cli.problems import FAULTY, INVALID, PROBLEM, leave, problem_or_leave
from matching.gap import NoGapFile, problem_from_gap
from matching.generator import SCALES, generate
from matching.pairs import build_pairs
from matching.rules import Rules
from matching.solution import FaultyPlan, UnreadablePlan, read_plan, result_sha256
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


commands: list[click.Command] = [verify, problem]
