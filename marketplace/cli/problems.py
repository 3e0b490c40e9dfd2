"""Reading problems and plans for the commands: every fault on its own line of standard error, and the exit code it means."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import click

from matching.problem import FaultyProblem, Problem, read_problem
from matching.solution import Plan, UnreadablePlan, read_plan

INVALID, FAULTY, CONTRADICTING_PINS, INTERNAL = 1, 2, 3, 4

PROBLEM = click.Path(path_type=Path)


def leave(code: int, lines: Iterable[object]) -> NoReturn:
    """Ends the command with this exit code after one line each on standard error."""
    for line in lines:
        click.echo(str(line), err=True)
    sys.exit(code)


def problem_or_leave(path: Path) -> Problem:
    """Exit 2 with `file:row:field: reason` for every fault."""
    try:
        return read_problem(path)
    except FaultyProblem as error:
        leave(FAULTY, error.faults)


def plan_or_leave(path: Path) -> Plan:
    """Exit 2 with `file:row:field: reason` for every fault."""
    try:
        return read_plan(path)
    except UnreadablePlan as error:
        leave(FAULTY, error.faults)
