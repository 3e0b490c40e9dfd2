"""`zhongfu serve`: database, web, worker and dispatcher as one."""

import os
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import click

from kernel import clock
from kernel.crypto import open_vault
from kernel.database import make_engine, make_session_factory
from kernel.errors import DomainError
from marketplace.cli.context import cli_settings, running_database
from marketplace.cli.database import prepare
from marketplace.config import Settings
from marketplace.demo.accounts import DEMO_LOGINS, DEMO_PASSWORD, require_local, require_no_demo_accounts
from marketplace.demo.county import fill_demo_county
from marketplace.serving.supervisor import Part, Supervisor
from migrations.runner import analyse

ROOT = Path(__file__).resolve().parents[2]


def _parts(settings: Settings) -> list[Part]:
    programs = Path(sys.executable).parent
    return [
        Part(
            "web",
            [
                str(programs / "gunicorn"), "wsgi:app", "--workers", str(settings.web_workers), "--threads", "4", "--timeout", "120",
                "--bind", f"{settings.host}:{settings.port}", "--log-level", "warning", "--graceful-timeout", "5", "--preload",
            ],
        ),
        Part("worker", [sys.executable, "-m", "marketplace.tasks.worker"]),
        Part("dispatcher", [sys.executable, "-m", "marketplace.tasks.dispatcher"]),
    ]  # fmt: skip


def _wait_until_answering(settings: Settings, *, seconds: float) -> None:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://{host}:{settings.port}/healthz", timeout=5) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise click.ClickException(
        f"The web server did not answer at port {settings.port} within {seconds:.0f} s; is the port taken? Choose another with PORT=…"
    )


def _print_welcome(settings: Settings, *, demo: bool) -> None:
    click.echo(
        f"\nZhongfu 众扶 is at http://{'localhost' if settings.host == '127.0.0.1' else settings.host}:{settings.port}/"
    )
    if demo:
        click.echo(f"Demo logins (password {DEMO_PASSWORD}):")
        for login in DEMO_LOGINS:
            click.echo(f"  {login.login:<14}{login.name_zh}  {login.name_en}")
    click.echo("Stop with Ctrl-C.\n")


def _demo_county(settings: Settings, *, wanted: bool) -> None:
    """Fills the demo county where it is wanted; in production neither it nor an account of it is let through."""
    assert settings.database_url and settings.database_owner_url
    if wanted:
        require_local(os.environ)
    engine = make_engine(settings.database_url, pool_size=2)
    factory = make_session_factory(engine, vault=open_vault(settings.keys_folder))
    try:
        if settings.production:
            with factory() as session:
                require_no_demo_accounts(session)
        if wanted:
            now = clock.utc_now()
            filled = fill_demo_county(factory, today=clock.day_of(now), now=now).filled
            if filled:
                analyse(settings.database_owner_url)
    finally:
        engine.dispose()


@click.command()
@click.option("--demo/--no-demo", default=False, help="Fill the demo county of Yongjia when the database is empty.")
def serve(demo: bool) -> None:
    """Start database, web, worker and dispatcher; stop them cleanly with Ctrl-C or SIGTERM."""
    settings = cli_settings()
    with ExitStack() as stack:
        settings = stack.enter_context(running_database(settings))
        assert settings.database_url
        prepare(settings)
        try:
            _demo_county(settings, wanted=demo)
        except DomainError as error:
            raise click.ClickException(error.text) from error
        environment = {
            **os.environ,
            "DATABASE_URL": settings.database_url.replace("+psycopg", "", 1),
            "ZHONGFU_HOME": str(settings.home),
            "PORT": str(settings.port),
        }
        environment.pop("DATABASE_OWNER_URL", None)  # the parts need no more than the weak role
        supervisor = Supervisor(
            _parts(settings), environment=environment, folder=ROOT, say=lambda text: click.echo(text, err=True)
        )
        supervisor.start()
        try:
            _wait_until_answering(settings, seconds=60)
            _print_welcome(settings, demo=demo)
        except click.ClickException:
            supervisor.stop()
            supervisor.watch()
            raise
        supervisor.watch()


commands = [serve]
