"""`zhongfu policy` and `zhongfu portraits`: policy sets and the portraits that follow from them, from the operator's shell."""

import json
import time
from pathlib import Path
from typing import Any

import click

from households.policy.document import FaultyPolicy
from households.policy.operations import add_policy_set
from households.policy.preview import preview
from households.policy.queries import get_policy_set, list_policy_sets
from households.policy.reading import read_policy
from households.portrait.renewal import ask_renewal, renew_piece
from kernel.clock import day_of, utc_now
from kernel.errors import DomainError, InvalidFields
from marketplace.cli.context import cli_session, cli_sessions, person_by_login
from marketplace.security.permissions import roles_with

DOCUMENT = click.Path(exists=True, dir_okay=False, path_type=Path)
AS = click.option("--as", "login", required=True, help="The account that acts; its rights hold.")
FAULTY = 1


@click.group()
def policy() -> None:
    """List, show, check, preview and add policy sets."""


@policy.command("list")
@AS
def list_command(login: str) -> None:
    """The sets that hold in the account's regions and above them, the newest first."""
    with cli_session() as session:
        scope = _scope(session, login, "policy.read")[1]
        today = day_of(utc_now())
        for row in list_policy_sets(session, scope=scope):
            mark = "*" if row.holds.lower <= today and (row.holds.upper is None or today < row.holds.upper) else " "
            end = row.holds.upper.isoformat() if row.holds.upper else "open"
            click.echo(f"{mark} {row.code:<40} {row.region_code:<12} {row.holds.lower.isoformat()} to before {end}")


@policy.command()
@click.argument("code")
@AS
def show(code: str, login: str) -> None:
    """The document of a set, as JSON."""
    with cli_session() as session:
        try:
            row = get_policy_set(session, code, scope=_scope(session, login, "policy.read")[1])
        except DomainError as error:
            raise click.ClickException(error.text) from error
        click.echo(json.dumps(row.document, ensure_ascii=False, indent=2))


@policy.command()
@click.argument("file", type=DOCUMENT)
def check(file: Path) -> None:
    """Read FILE and name every fault by its place; needs no database. Exit 1: faults."""
    try:
        read = read_policy(_read(file))
    except FaultyPolicy as error:
        for place, words in error.faults:
            click.echo(f"{place or 'document'}: {words}", err=True)
        raise click.exceptions.Exit(FAULTY) from None
    click.echo(f"{read.id} for {read.region} from {read.valid_from}: {len(read.rules)} rules, {len(read.measures)} measures")  # fmt: skip


@policy.command("preview")
@click.argument("file", type=DOCUMENT)
@AS
@click.option("--list", "listed", is_flag=True, help="Also the number of every household that would change.")
def preview_command(file: Path, login: str, *, listed: bool) -> None:
    """What FILE would change for the households of its region; nothing is kept. Exit 1: faults, each named."""
    with cli_session() as session:
        scope = _scope(session, login, "policy.write")[1]
        content, day = _read(file), day_of(utc_now())
        try:
            found = preview(session, document=content, scope=scope, day=day, limit=2**31 if listed else 0)
        except DomainError as error:
            _leave(error)
        click.echo(f"{found.changed} of {found.count} households would change category, main type or risk tier")
        for (what, old, new), times in found.moves.items():
            click.echo(f"{times:>8}  {what}: {old or 'none'} -> {new or 'none'}")
        for change in found.changes:
            click.echo(f"no. {change.household.number}: {_short(change.before)} -> {_short(change.after)}")
        session.rollback()


@policy.command()
@click.argument("file", type=DOCUMENT)
@AS
def add(file: Path, login: str) -> None:
    """Publish FILE; the set that would hold beside it ends the day before. Exit 1: faults, each named."""
    content = _read(file)
    with cli_session() as session:
        person, scope = _scope(session, login, "policy.write")
        try:
            made = add_policy_set(session, document=content, actor=person.actor, scope=scope, now=utc_now())
        except DomainError as error:
            session.rollback()
            _leave(error)
        click.echo(f"{made.code} holds for {made.region_code} from {made.holds.lower.isoformat()}")


@click.group()
def portraits() -> None:
    """Make the portraits of a region's households anew."""


@portraits.command()
@click.option("--region", "region_code", required=True, help="The region's code.")
@AS
def renew(region_code: str, login: str) -> None:
    """Make the portraits of all households of a region anew, here and now; only what changed is written."""
    started = time.monotonic()
    with cli_sessions() as sessions:
        with sessions() as session:
            person, scope = _scope(session, login, "policy.write")
            try:
                planned = ask_renewal(
                    session, region_code=region_code, actor=person.actor, scope=scope, now=utc_now()
                ).id
            except DomainError as error:
                raise click.ClickException(error.text) from error
            session.commit()
        while True:
            with sessions() as session:
                found = renew_piece(session, renewal_id=planned, now=utc_now())
                if found is None:
                    # a worker of this installation has a piece in hand; wait for it
                    session.rollback()
                    time.sleep(0.5)
                    continue
                session.commit()
            click.echo(f"{found.done} of {found.total} households, {found.changed} changed", err=True)
            if found.status == "done":
                break
    click.echo(f"{found.done} households, {found.changed} portraits changed, {time.monotonic() - started:.1f} s")


def _scope(session: Any, login: str, permission: str) -> Any:
    """The account and the regions in which it holds the permission; ends the command where there are none."""
    person = person_by_login(session, login)
    scope = person.scope(*roles_with(permission))
    if not scope:
        raise click.ClickException(f"{login} holds no role with the right {permission}")
    return person, scope


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{file.name} is no JSON text: {error}") from error


def _leave(error: DomainError) -> Any:
    for fault in error.faults if isinstance(error, InvalidFields) else [error]:
        click.echo(f"{fault.field}: {fault.text}" if fault.field else fault.text, err=True)
    raise click.exceptions.Exit(FAULTY) from error


def _short(told: Any) -> str:
    return "none" if told is None else "/".join(one or "none" for one in told)


commands: list[click.Command] = [policy, portraits]
