"""What the commands that search have in common: how long, on how many threads, and how they tell their progress."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from matching.solver.engine import Progress

F = TypeVar("F", bound=Callable[..., Any])


def search_options(command: F) -> F:
    """Gives a command ``time_limit`` (seconds), ``threads`` and ``progress_json``."""
    for option in (
        click.option("--progress-json", is_flag=True, help="One JSON object per step on standard error."),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            default=lambda: len(os.sched_getaffinity(0)),
            help="Default: all processors.",
        ),
        click.option(
            "--time-limit",
            type=click.FloatRange(min=0, min_open=True),
            default=60.0,
            show_default=True,
            help="Seconds.",
        ),
    ):
        command = option(command)
    return command


def as_json_lines(progress: Progress) -> None:
    """Tells a step of the search as a JSON object on standard error."""
    click.echo(json.dumps(asdict(progress), ensure_ascii=False), err=True)
