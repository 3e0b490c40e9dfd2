"""`zhongfu audit` and `zhongfu ledger`: what an auditor runs."""

import click

from donors.funds.operations import reconcile
from kernel.audit import verify_chain
from marketplace.cli.context import cli_session


@click.group()
def audit() -> None:
    """Verify the audit chain."""


@audit.command()
def verify() -> None:
    """Walk the whole trail; exit 1 naming each entry that was changed, removed or moved."""
    with cli_session() as session:
        faults = list(verify_chain(session))
    for fault in faults:
        click.echo(f"entry {fault.entry_id}: {fault.reason}")
    click.echo("The audit chain is whole." if not faults else f"{len(faults)} faults in the audit chain.")
    raise SystemExit(1 if faults else 0)


@click.group()
def ledger() -> None:
    """Recompute balances from ledger entries."""


@ledger.command("reconcile")
def reconcile_command() -> None:
    """Compare every balance with the sum of its entries; exit 1 naming each difference in fen."""
    with cli_session() as session:
        differences = reconcile(session)
    for difference in differences:
        click.echo(str(difference))
    click.echo("Every balance equals its entries." if not differences else f"{len(differences)} balances differ.")
    raise SystemExit(1 if differences else 0)


commands = [audit, ledger]
