"""`zhongfu demo`: the demonstration county, for a machine of one's own."""

import os

import click

from kernel import clock
from kernel.crypto import open_vault
from kernel.database import make_engine, make_session_factory
from kernel.errors import DomainError
from marketplace.cli.context import cli_settings, running_database
from marketplace.cli.database import prepare
from marketplace.demo.accounts import DEMO_LOGINS, DEMO_PASSWORD, require_local
from marketplace.demo.county import DemoReport, fill_demo_county


@click.group()
def demo() -> None:
    """Fill the demo county."""


@demo.command()
def fill() -> None:
    """Fill Yongjia with people, help and money that do not exist; a county that is filled already stays as it is."""
    try:
        report = _fill()
    except DomainError as error:
        raise click.ClickException(error.text) from error
    if report.filled:
        click.echo(f"The county is filled, in {report.seconds:.1f} s:")
    else:
        click.echo("The county was filled before and stays as it is; what was written then:")
    for name, count in report.counts.items():
        click.echo(f"  {name.replace('_', ' '):<20}{count:>8,}")
    click.echo(f"Password of all demo logins: {DEMO_PASSWORD}")
    for login in DEMO_LOGINS:
        click.echo(f"  {login.login:<14}{login.name_zh}  {login.name_en}")


def _fill() -> DemoReport:
    settings = cli_settings()
    require_local(os.environ)
    with running_database(settings) as settings:
        prepare(settings)
        assert settings.database_url
        engine = make_engine(settings.database_url, pool_size=2)
        now = clock.utc_now()
        try:
            return fill_demo_county(
                make_session_factory(engine, vault=open_vault(settings.keys_folder)), today=clock.day_of(now), now=now
            )
        finally:
            engine.dispose()


commands = [demo]
