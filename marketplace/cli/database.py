"""`zhongfu db`: bring the schema up, load reference data, check that nothing drifted."""

import click

from kernel.crypto import open_vault
from kernel.database import make_engine, make_session_factory
from marketplace.cli.context import cli_settings, running_database
from marketplace.config import Settings
from marketplace.demo.reference import load_reference
from migrations import runner


def prepare(settings: Settings) -> None:
    """Migrates and loads the reference data (regions, categories, skills) of a running database; safe to repeat."""
    assert settings.database_url and settings.database_owner_url
    app_role = (
        None
        if settings.database_url == settings.database_owner_url
        else make_engine(settings.database_url).url.username
    )
    runner.upgrade(settings.database_owner_url, app_role=app_role)
    engine = make_engine(settings.database_url, pool_size=2)
    with make_session_factory(engine, vault=open_vault(settings.keys_folder))() as session:
        load_reference(session)
        session.commit()
    engine.dispose()


@click.group()
def db() -> None:
    """Upgrade and check the database."""


@db.command()
def upgrade() -> None:
    """Migrate to the newest schema and load the reference data."""
    with running_database(cli_settings()) as settings:
        prepare(settings)
    click.echo(f"The database is at revision {runner.head()}.")


@db.command()
def check() -> None:
    """Fail when models and migrations have drifted apart."""
    with running_database(cli_settings()) as settings:
        assert settings.database_owner_url
        runner.check(settings.database_owner_url)
    click.echo("Models and migrations agree.")


commands = [db]
