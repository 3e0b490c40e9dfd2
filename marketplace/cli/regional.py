"""`zhongfu solve-region`: a prefecture or province, county by county, over processes of this machine or over the workers.

Exit codes as `zhongfu solve`: 0 a valid joint plan was written; 2 the problem is faulty, every fault named; 3 pins contradict the
constraints; 4 a county's or the joint plan was refused by its judge: nothing is written, each violation is named.
"""

import os
from pathlib import Path

import click

from marketplace.cli.context import cli_sessions, cli_settings
from marketplace.cli.problems import CONTRADICTING_PINS, FAULTY, INTERNAL, PROBLEM, leave
from marketplace.tasks.regional import PieceFailed, Queue, regions_folder
from matching.faults import FaultyProblem
from matching.regional.coordination import Effort, Joint, RefusedJointPlan, solve_region
from matching.regional.joining import write_joint_plan
from matching.regional.pieces import FailedPiece
from matching.regional.workers import Processes
from matching.solver.engine import ContradictingPins


@click.command("solve-region")
@click.argument("problem", type=PROBLEM)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for what is done so far; named again, a run goes on there (default: beside OUT, or in the home with --queue).",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=lambda: len(os.sched_getaffinity(0)),
    help="Counties worked on at a time (default: all processors).",
)
@click.option(
    "--queue", is_flag=True, help="Hand the counties to the running workers instead of processes of this command."
)
@click.option(
    "--county-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=Effort.seconds,
    show_default=True,
    help="For the integer search of one county.",
)
@click.option(
    "--scouts",
    type=click.IntRange(min=1),
    default=Effort.scouts,
    show_default=True,
    help="Counties that say first what money is worth; more where counties differ much.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=Effort.rounds,
    show_default=True,
    help="Rounds of prices and clearing before the plan.",
)
def solve_region_command(
    problem: Path,
    out: Path,
    work: Path | None,
    workers: int,
    queue: bool,
    county_seconds: float,
    scouts: int,
    rounds: int,
) -> None:
    """Solve PROBLEM county by county, with shared funds and offerings coordinated by prices, and write the joint plan.

    A run that was stopped goes on where it was when it is started again with the same work folder.
    """
    effort = Effort(scouts=scouts, rounds=rounds, seconds=county_seconds)

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        if queue:
            folder = work or regions_folder(cli_settings().home) / out.stem
            with cli_sessions() as sessions:
                joint = solve_region(problem, folder.resolve(), Queue(sessions), effort=effort, say=say)
        else:
            folder = work or out.with_name(out.name + ".work")
            with Processes(workers) as run:
                joint = solve_region(problem, folder, run, effort=effort, say=say)
    except FaultyProblem as error:
        leave(FAULTY, error.faults)
    except ContradictingPins as error:
        leave(CONTRADICTING_PINS, [error])
    except (FailedPiece, PieceFailed, RefusedJointPlan) as error:
        leave(CONTRADICTING_PINS if "ContradictingPins" in str(error) else INTERNAL, [error])
    write_joint_plan(joint, folder, out)
    leave(0, _summary(joint))


def _summary(joint: Joint) -> list[str]:
    lines = []
    for name, (value, bound) in joint.levels.items():
        claim = "no bound" if bound is None else "proven" if bound == value else f"bound {bound}"
        lines.append(f"{name:<9} {value} ({claim})")
    figures = joint.figures.values()
    counts = f"{sum(f['allocations'] for f in figures)} allocations, {sum(f['unmet'] for f in figures)} needs unmet"
    return [*lines, f"joint gap {100 * joint.gap:.2f} %, {len(joint.figures)} counties, {counts}"]


commands: list[click.Command] = [solve_region_command]
