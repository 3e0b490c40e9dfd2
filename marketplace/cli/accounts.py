"""`zhongfu user`: accounts from the operator's shell."""

import click
import sqlalchemy as sa

from kernel import clock
from kernel.accounts.models import ROLES, User
from kernel.accounts.operations import create_user, end_sessions, grant_role
from kernel.audit import Actor
from kernel.errors import DomainError
from marketplace.cli.context import cli_session

OPERATOR = Actor(None, "operator")


@click.group()
def user() -> None:
    """Make accounts, grant roles, end sessions."""


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="The person's name as colleagues know it.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    metavar="ROLE@REGION",
    help=f"One of {', '.join(ROLES)}, at a region code.",
)
@click.password_option(help="At least 10 characters; asked for when not given.")
def create(login: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Make an account, e.g. `zhongfu user create li.na --name 李娜 --role coordinator@330324`."""
    pairs = [tuple(role.split("@", 1)) for role in roles]
    if any(len(pair) != 2 for pair in pairs):
        raise click.BadParameter("write a role as role@region, such as coordinator@330324", param_hint="--role")
    try:
        with cli_session() as session:
            create_user(
                session,
                login=login,
                display_name=name,
                password=password,
                roles=pairs,
                actor=OPERATOR,
                now=clock.utc_now(),
            )  # type: ignore[arg-type]
    except DomainError as error:
        raise click.ClickException(error.text) from error
    click.echo(f"Account {login} is made.")


@user.command()
@click.argument("login")
@click.argument("role", type=click.Choice(ROLES))
@click.argument("region")
def grant(login: str, role: str, region: str) -> None:
    """Give LOGIN the ROLE within the subtree of REGION."""
    try:
        with cli_session() as session:
            grant_role(
                session, user=_user(session, login), role=role, region_code=region, actor=OPERATOR, now=clock.utc_now()
            )
    except DomainError as error:
        raise click.ClickException(error.text) from error
    click.echo(f"{login} is now {role} at {region}.")


@user.command("sign-out")
@click.argument("login")
def sign_out(login: str) -> None:
    """End every session of LOGIN at its next request."""
    with cli_session() as session:
        end_sessions(session, user_id=_user(session, login).id, actor=OPERATOR, now=clock.utc_now())
    click.echo(f"The sessions of {login} are ended.")


def _user(session, login: str) -> User:  # type: ignore[no-untyped-def]
    found = session.scalar(sa.select(User).where(User.login == login.strip().lower()))
    if found is None:
        raise click.ClickException(f"There is no account {login!r}")
    return found


commands = [user]
