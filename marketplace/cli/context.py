"""What commands stand on: the settings, the database (started when it is the embedded one), a session, an account to act as."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from kernel.accounts.models import User
from kernel.accounts.operations import person_of
from kernel.accounts.rules import Person
from kernel.crypto import open_vault
from kernel.database import make_engine, make_session_factory
from marketplace import models
from marketplace.config import BadSetting, Settings, settings_from
from marketplace.serving.postgres import EmbeddedPostgres, PostgresFailed

assert models.MODULES  # importing them lets foreign keys find their tables


def cli_settings() -> Settings:
    """Settings from the environment; a bad one ends the command with its name."""
    try:
        return settings_from(os.environ)
    except BadSetting as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def running_database(settings: Settings) -> Iterator[Settings]:
    """Settings that name a running database: the operator's own, or the embedded one, started if need be and left as found."""
    if settings.database_url:
        yield settings
        return
    try:
        server = EmbeddedPostgres(settings.home)
        was_running = server.is_running()
        server.start()
    except PostgresFailed as error:
        raise click.ClickException(str(error)) from error
    try:
        yield replace(settings, database_url=server.url("zhongfu_app"), database_owner_url=server.url("zhongfu_owner"))
    finally:
        if not was_running:
            server.stop()


@contextmanager
def cli_sessions() -> Iterator[sessionmaker[Session]]:
    """A session factory over the installation's database."""
    with running_database(cli_settings()) as settings:
        assert settings.database_url
        engine = make_engine(settings.database_url, pool_size=2)
        try:
            yield make_session_factory(engine, vault=open_vault(settings.keys_folder))
        finally:
            engine.dispose()


@contextmanager
def cli_session() -> Iterator[Session]:
    """One session, committed when the command ends well."""
    with cli_sessions() as factory, factory() as session:
        yield session
        session.commit()


def person_by_login(session: Session, login: str) -> Person:
    """The active account that a command acts as; ends the command where there is none."""
    user = session.scalar(sa.select(User).where(User.login == login.strip().lower(), User.active))
    if user is None:
        raise click.ClickException(f"There is no active account {login!r}")
    return person_of(user)
