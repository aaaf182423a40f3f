"""The program `beamcat`: all commands, in the order of its help.

Commands that speak HTTP are in `clients/cli/`; those that need the services themselves, or their servers, are here.
"""

from typing import Annotated, Any

import typer
from rich.markup import escape

from clients.cli.commands import (
    activity,
    audit,
    backfill,
    dataset,
    export,
    investigations,
    lineage,
    pending,
    producers,
    profiles,
    rejections,
    search,
    submissions,
    techniques,
)
from clients.cli.connection.options import with_choice, with_first_choice
from clients.cli.connection.settings import check_with_settings
from clients.cli.terminal.output import Json, errors
from clients.cli.terminal.program import Command, Program, say_version
from deploy.commands import definitions, installation, operations, tokens
from deploy.settings import misspelt, settings_classes

app = typer.Typer(
    name="beamcat",
    cls=Program,
    help="A dataset is submitted, validated, linked, tracked, committed, found.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
@with_first_choice
def beamcat(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Options before the command's name. `Program` and `say_version` have read them."""


class WarningCommand(Command):
    """A command that first warns of each variable whose name is nearly that of a setting."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  typer does not publish the class of it
        """Warn, and run the command."""
        if ctx.info_name != "serve":  # a service writes the warning into its log
            for sentence in misspelt():
                errors.print(f"[yellow]beamcat:[/] {escape(sentence)}", soft_wrap=True)
        return super().invoke(ctx)


check_with_settings(settings_classes)

RUN, DATASETS, OPERATE, CHOOSE = "Run", "Datasets", "Operate", "Choose a beamcat"

app.command("run", rich_help_panel=RUN)(installation.run)
app.command("demo", rich_help_panel=RUN)(installation.demo)
app.command("up", rich_help_panel=RUN)(installation.up)
app.command("announce", rich_help_panel=DATASETS)(investigations.announce)
app.command("submit", rich_help_panel=DATASETS)(submissions.submit)
app.command("check", rich_help_panel=DATASETS)(submissions.check)
app.command("status", rich_help_panel=DATASETS)(submissions.status)
app.command("show", rich_help_panel=DATASETS)(dataset.show)
app.command("pending", rich_help_panel=DATASETS)(pending.pending)
app.command("watch", rich_help_panel=DATASETS)(activity.watch)
app.command("find", rich_help_panel=DATASETS)(search.find)
app.command("lineage", rich_help_panel=DATASETS)(lineage.lineage)
app.command("export", rich_help_panel=DATASETS)(export.export)
techniques.app.command("check")(definitions.check)
techniques.app.command("new")(definitions.new)
app.add_typer(techniques.app, name="techniques", rich_help_panel=DATASETS)
app.add_typer(rejections.app, name="rejections", rich_help_panel=DATASETS)
app.command("serve", rich_help_panel=OPERATE)(operations.serve)
app.command("migrate", rich_help_panel=OPERATE)(operations.migrate)
app.command("backfill", rich_help_panel=OPERATE)(backfill.backfill)
app.command("audit", rich_help_panel=OPERATE)(audit.audit)
app.command("integrity", rich_help_panel=OPERATE)(operations.integrity)
app.command("producers", rich_help_panel=OPERATE)(producers.list_producers)
app.command("rebuild", rich_help_panel=OPERATE)(operations.rebuild)
app.command("recover", rich_help_panel=OPERATE)(operations.recover)
app.add_typer(operations.topics, name="topics", rich_help_panel=OPERATE)
app.add_typer(tokens.app, name="tokens", rich_help_panel=OPERATE)
app.command("login", rich_help_panel=CHOOSE)(profiles.login)
app.add_typer(profiles.app, name="config", rich_help_panel=CHOOSE)

LOCAL = {
    *(installation.run, installation.demo, installation.up, operations.serve, operations.list_topics),
    *(definitions.check, definitions.new),
    *(profiles.login, profiles.list_all, profiles.use, profiles.forget),
}
"""Commands that ask no beamcat, or that name it with options of their own."""

for commands in (app, techniques.app, rejections.app, operations.topics, tokens.app, profiles.app):
    for command in commands.registered_commands:
        command.cls = WarningCommand
        if command.callback not in LOCAL and command.callback is not None:
            command.callback = with_choice(command.callback)


def main() -> None:
    """The entry point of the console script."""
    app()
