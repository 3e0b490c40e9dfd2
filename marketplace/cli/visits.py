"""`zhongfu visits`: plans at once what the dispatcher plans hour by hour, after a large import for one."""

import click

from households.visits.schedule import plan_reviews, plan_visits
from kernel.clock import day_of, utc_now
from marketplace.cli.context import cli_sessions


@click.group()
def visits() -> None:
    """Plan care visits and reviews."""


@visits.command()
def plan() -> None:
    """Plan the next visit and review of every household that has none; may be called at any time and again."""
    now = utc_now()
    with cli_sessions() as sessions:
        with sessions.begin() as session:
            found = plan_visits(session, today=day_of(now), now=now)
        click.echo(f"visits: {found.planned} planned, {found.moved} moved, {found.dropped} dropped")
        planned = moved = 0
        while True:
            with sessions.begin() as session:
                portion = plan_reviews(session, today=day_of(now), now=now)
            planned, moved = planned + portion.planned, moved + portion.moved
            if not portion.seen:
                break
    click.echo(f"reviews: {planned} planned, {moved} moved")


commands = [visits]
