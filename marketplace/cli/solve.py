"""`zhongfu solve`: from a problem file to a plan that the validator has accepted.

Exit codes: 0 a valid plan was written (also when time ran out); 2 the problem (or the plan to replay) is faulty, every
fault named; 3 pins contradict the constraints, the conflict named; 4 the solver returned a plan that the validator
refuses: nothing is written, each violation is named.
"""

import time
from pathlib import Path

import click

from marketplace.cli.problems import (
    CONTRADICTING_PINS,
    FAULTY,
    INTERNAL,
    PROBLEM,
    leave,
    plan_or_leave,
    problem_or_leave,
)
from marketplace.cli.searching import as_json_lines, search_options
from matching.problem import problem_sha256
from matching.solution import Level, Plan, plan_text, result_sha256, write_plan
from matching.solver.engine import ContradictingPins
from matching.solver.engine import solve as find_plan
from matching.validation import violations


@click.command()
@click.argument("problem", type=PROBLEM)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write (default: standard output)."
)
@click.option("--replay", type=PROBLEM, help="Repeat the recorded work of this plan, not its seconds.")
@search_options
def solve(
    problem: Path, out: Path | None, time_limit: float, threads: int, replay: Path | None, progress_json: bool
) -> None:
    """Solve PROBLEM (a JSON file or a folder) and write the plan.

    Exit 0: a valid plan. Exit 2: the problem is faulty. Exit 3: pins contradict the constraints.
    """
    began = time.monotonic()
    read = problem_or_leave(problem)
    reading = time.monotonic() - began
    before = None if replay is None else plan_or_leave(replay)
    if before is not None and before.problem_sha256 != problem_sha256(read):
        leave(
            FAULTY, [f"{replay}:top:problem_sha256: belongs to another problem; only the same problem can be replayed"]
        )

    try:
        plan = find_plan(
            read,
            time_limit=_search_seconds(time_limit, reading),
            threads=threads,
            progress=as_json_lines if progress_json else None,
            replay=before,
        )
    except ContradictingPins as error:
        leave(CONTRADICTING_PINS, [error])
    found = violations(read, plan)
    if found:
        leave(INTERNAL, [*found, f"internal error: the solver's plan has {len(found)} violations and was not written"])
    if out is None:
        click.echo(plan_text(plan), nl=False)
    else:
        write_plan(plan, out)
    if not progress_json:
        leave(0, _summary(plan))


def _search_seconds(time_limit: float, reading: float) -> float:
    """What the search may use so that the whole command keeps the limit: checking and writing take about as long as reading did,
    starting half a second; never less than half the limit."""
    return max(0.5 * time_limit, time_limit - 0.5 - 3 * reading)


def _claim(level: Level) -> str:
    if level.proven:
        return "proven"
    if level.bound is not None:
        return f"bound {level.bound}"
    if level.bound_deliveries is not None:
        return f"bound {level.bound_deliveries} for what is delivered"
    return "no bound"


def _summary(plan: Plan) -> list[str]:
    lines = []
    for level in plan.levels:
        lines.append(f"{level.name:<9} {level.value} ({_claim(level)})")
    return [
        *lines,
        f"{plan.status}, {len(plan.allocations)} allocations, {len(plan.unmet)} needs unmet, {result_sha256(plan)}",
    ]


commands: list[click.Command] = [solve]
