"""The command `zhongfu`. Commands are loaded when they are called, so that `zhongfu solve` does not wait for the web."""

from importlib import import_module

import click

# command → (module, one line for the help)
COMMANDS = {
    "serve": ("marketplace.cli.serve", "Start database, web, worker and dispatcher; stop them cleanly"),
    "db": ("marketplace.cli.database", "Upgrade and check the database"),
    "user": ("marketplace.cli.accounts", "Make accounts, grant roles, end sessions"),
    "audit": ("marketplace.cli.audit", "Verify the audit chain"),
    "ledger": ("marketplace.cli.audit", "Recompute balances from ledger entries"),
    "import": (
        "marketplace.cli.imports",
        "Import donors, offerings, households, needs or departments' data from XLSX or CSV",
    ),
    "visits": ("marketplace.cli.visits", "Plan care visits and reviews"),
    "policy": ("marketplace.cli.policies", "List, show, check, preview and add policy sets"),
    "portraits": ("marketplace.cli.policies", "Make the portraits of a region's households anew"),
    "demo": ("marketplace.cli.demo", "Fill the demo county"),
    "solve": ("marketplace.cli.solve", "Solve a problem file"),
    "solve-region": ("marketplace.cli.regional", "Solve a prefecture or province county by county"),
    "verify": ("marketplace.cli.matching", "Check a plan against its problem, without the solver"),
    "explain": ("marketplace.cli.explain", "Say why needs went unmet"),
    "whatif": ("marketplace.cli.what_if", "Ask what other money, another floor or another pair would do to a plan"),
    "problem": ("marketplace.cli.matching", "Generate and convert problem files"),
}


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported on use; each module exports `commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        commands: list[click.Command] = import_module(COMMANDS[cmd_name][0]).commands
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zhongfu", prog_name="zhongfu")
def main() -> None:
    """Zhongfu 众扶: get scarce help to the right household."""


if __name__ == "__main__":
    main()
