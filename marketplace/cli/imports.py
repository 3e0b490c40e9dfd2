"""`zhongfu import`: the import page for people at a terminal; the same checks, the same rights."""

from pathlib import Path

import click

from kernel.accounts.rules import Person, require_scope
from kernel.clock import day_of, utc_now
from kernel.errors import DomainError
from kernel.regions.queries import get_region
from marketplace.cli.context import cli_session, person_by_login
from marketplace.i18n import sentences
from marketplace.imports.columns import COLUMNS
from marketplace.imports.operations import apply_import, check_file, check_import
from marketplace.tasks.imports import scope_of_kind


def scope_for(person: Person, kind: str) -> tuple[str, ...]:
    """The regions in which the person may import this kind; ends the command where there are none."""
    if not (scope := scope_of_kind(person, kind)):
        raise click.ClickException(f"{person.login} may not import {kind}")
    return scope


LARGE = 2_000
"""Rows from which the terminal is told how far the import is"""


def _told(stage: str, done: int, total: int) -> None:
    """How far the import is, on the error stream."""
    if total >= LARGE:
        click.echo(f"{stage} {done:,} of {total:,}", err=True)


@click.command("import")
@click.argument("kind", type=click.Choice(list(COLUMNS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--region", "region_code", required=True, help="Every row lies in this region (code).")
@click.option("--as", "login", required=True, help="The account that imports; its rights hold.")
@click.option("--dry-run", is_flag=True, help="Only name the faults; write nothing.")
@click.option("--partial", is_flag=True, help="Import the rows that hold, and write the others to FILE.rejected.xlsx.")
def import_(kind: str, file: Path, region_code: str, login: str, *, dry_run: bool, partial: bool) -> None:
    """Import donors, offerings, households, needs or departments' data from an XLSX or CSV FILE. Exit 1: faults, each named on its line."""
    content = file.read_bytes()
    now = utc_now()
    with cli_session() as session:
        person = person_by_login(session, login)
        scope = scope_for(person, kind)
        try:
            require_scope(scope, region_code)
            get_region(session, region_code)
            checked = check_file(
                session,
                kind=kind,
                content=content,
                region_code=region_code,
                scope=scope,
                today=day_of(now),
                progress=_told,
            )
            for fault in checked.faults:
                place = ":".join(str(part) for part in (fault.sheet, fault.row, fault.column) if part is not None)
                click.echo(f"{place}: {fault.message % fault.values if fault.values else fault.message}", err=True)
            report = checked.report
            click.echo(f"{report['rows']} rows, {report['good']} hold, {report['bad']} have faults")
            if dry_run or (checked.faults and not partial):
                session.rollback()
                if checked.faults:
                    raise click.exceptions.Exit(1)
                return
            batch = check_import(
                session, kind=kind, file_name=file.name, content=content, region_code=region_code,
                actor=person.actor, scope=scope, now=now,
            )  # fmt: skip
            applied = apply_import(
                session, batch_id=batch.id, partial=partial, actor=person.actor, scope=scope, now=now,
                translate=sentences(chinese=person.locale.startswith("zh")), chinese=person.locale.startswith("zh"), progress=_told,
            )  # fmt: skip
        except DomainError as error:
            session.rollback()
            raise click.ClickException(error.text) from error
        click.echo(f"{applied.batch.report['written']} {kind} imported")
        if applied.rejected is not None:
            target = file.with_name(f"{file.stem}.rejected.xlsx")
            target.write_bytes(applied.rejected)
            click.echo(f"rows left out, each with its reason: {target}")


commands: list[click.Command] = [import_]
