"""The commands, by whom they are for."""

import typer

from clients.cli import (
    auditing,
    datasets,
    exporting,
    finding,
    investigations,
    operations,
    producers,
    rejections,
    running,
    showing,
    techniques,
    tokens,
    waiting,
    watching,
)
from clients.cli.output import Command

app = typer.Typer(
    name="beamcat",
    help="A dataset is submitted, validated, linked, tracked, committed, found.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

RUN, DATASETS, OPERATE = "Run", "Datasets", "Operate"

app.command("run", rich_help_panel=RUN)(running.run)
app.command("demo", rich_help_panel=RUN)(running.demo)
app.command("up", rich_help_panel=RUN)(running.up)
app.command("announce", rich_help_panel=DATASETS)(investigations.announce)
app.command("submit", rich_help_panel=DATASETS)(datasets.submit)
app.command("check", rich_help_panel=DATASETS)(datasets.check)
app.command("status", rich_help_panel=DATASETS)(datasets.status)
app.command("show", rich_help_panel=DATASETS)(showing.show)
app.command("pending", rich_help_panel=DATASETS)(waiting.pending)
app.command("watch", rich_help_panel=DATASETS)(watching.watch)
app.command("find", rich_help_panel=DATASETS)(finding.find)
app.command("lineage", rich_help_panel=DATASETS)(finding.lineage)
app.command("export", rich_help_panel=DATASETS)(exporting.export)
app.add_typer(techniques.app, name="techniques", rich_help_panel=DATASETS)
app.add_typer(rejections.app, name="rejections", rich_help_panel=DATASETS)
app.command("serve", rich_help_panel=OPERATE)(operations.serve)
app.command("migrate", rich_help_panel=OPERATE)(operations.migrate)
app.command("audit", rich_help_panel=OPERATE)(auditing.audit)
app.command("producers", rich_help_panel=OPERATE)(producers.list_producers)
app.command("rebuild", rich_help_panel=OPERATE)(operations.rebuild)
app.command("recover", rich_help_panel=OPERATE)(operations.recover)
app.add_typer(operations.topics, name="topics", rich_help_panel=OPERATE)
app.add_typer(tokens.app, name="tokens", rich_help_panel=OPERATE)

for commands in (app, techniques.app, rejections.app, operations.topics, tokens.app):
    for command in commands.registered_commands:
        command.cls = Command


def main() -> None:
    """The entry point of the console script."""
    app()
