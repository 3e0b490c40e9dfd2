"""`zhongfu demo`: the demonstration county, for a machine of one's own."""

import click

from kernel import clock
from kernel.errors import DomainError
from marketplace.cli.context import cli_sessions
from marketplace.demo.accounts import DEMO_LOGINS, DEMO_PASSWORD
from marketplace.demo.county import fill_demo_county


@click.group()
def demo() -> None:
    """Fill the demo county."""


@demo.command()
def fill() -> None:
    """Fill Yongjia with people, help and money that do not exist; a county that is filled already stays as it is."""
    now = clock.utc_now()
    try:
        with cli_sessions() as factory:
            report = fill_demo_county(factory, today=clock.day_of(now), now=now)
    except DomainError as error:
        raise click.ClickException(error.text) from error
    if not report.filled:
        click.echo("The county was filled before; nothing was changed.")
    else:
        click.echo(f"The county is filled, in {report.seconds:.1f} s:")
        for name, count in report.counts.items():
            click.echo(f"  {name.replace('_', ' '):<20}{count:>8,}")
    click.echo(f"Password of all demo logins: {DEMO_PASSWORD}")
    for login in DEMO_LOGINS:
        click.echo(f"  {login.login:<14}{login.name_zh}  {login.name_en}")


commands = [demo]
