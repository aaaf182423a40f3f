"""Commands that help to define a technique. They run the rules of the services, so they need no running beamcat."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from clients.cli.terminal.output import FAILED, Json, console, fail, print_json
from deploy.commands.servers import own_settings
from shared.vocabulary.datafiles import DataFileInvalid

if TYPE_CHECKING:  # imported late: it imports validator and linker
    from deploy.definitions.report import TechniqueReport


def check(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Files of techniques, or directories of schemas with their examples.", exists=True),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Check technique files and their examples as the services would, without any service.

    Exit code 1 if no service would start with them, or if an example gets another verdict than it states.
    """
    from deploy.definitions.report import examine, files_of

    files = [file for path in paths for file in files_of(path)]
    if not files:
        fail(f"{paths[0]}: there is no technique in it; name a file, or a directory with techniques/*.toml")
    try:
        reports = examine(files, own_settings().facility)
    except DataFileInvalid as error:
        fail(str(error))
    if as_json:
        print_json([_as_json(report) for report in reports])
    else:
        for report in reports:
            _print_report(report)
    if not all(report.is_well for report in reports):
        raise typer.Exit(FAILED)


def new(
    name: Annotated[str, typer.Argument(help="Its name in submissions, such as MX.")],
    *,
    into: Annotated[
        Path,
        typer.Option(help="A directory of schemas: beamcat's, or your own.", exists=True, file_okay=False),
    ] = Path("schemas"),
    title: Annotated[str, typer.Option(help="Its full name.")] = "",
    pid: Annotated[str, typer.Option(help="Its term in ESRFET or PaNET, or a URI of your own.")] = "",
) -> None:
    """Write the file of a new technique and its first examples. They are valid; edit them."""
    from deploy.definitions.skeletons import NotANameError, files_of, is_of_schemas, write

    uri = pid or f"https://{own_settings().facility.name}/techniques#{name}"
    try:
        if not is_of_schemas(into):
            fail(f"{into}: this is not a directory of schemas; make an empty one, and name it with --into")
        for file in write(into, files_of(name, title or name, uri)):
            console.print(str(file), markup=False, soft_wrap=True)
    except (NotANameError, OSError) as error:
        fail(str(error))


def _print_report(report: "TechniqueReport") -> None:
    examples = f"{report.examples} example{'' if report.examples == 1 else 's'}"
    verdict = f"well, with {examples}" if report.is_well else "not well"
    console.print(f"{report.file}  {verdict}", markup=False, soft_wrap=True)
    for colour, word, sentences in (
        ("red", "error", [*map(str, report.faults), *report.misjudged]),
        ("yellow", "warning", report.warnings),
    ):
        for sentence in sentences:
            console.print(f"  [{colour}]{word}[/] {escape(sentence)}", soft_wrap=True)


def _as_json(report: "TechniqueReport") -> dict[str, Any]:
    return {
        "file": report.file,
        "technique": report.technique.name if report.technique else None,
        "well": report.is_well,
        "faults": [fault._asdict() for fault in report.faults],
        "warnings": report.warnings,
        "examples": report.examples,
        "misjudged": report.misjudged,
    }
