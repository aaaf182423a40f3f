"""Commands that tell what may be submitted, as the gateway describes it, and that help to describe more."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape

from clients.cli.api import connect
from clients.cli.completing import techniques_and_kinds
from clients.cli.output import FAILED, Json, console, fail, print_json, print_table
from clients.cli.surroundings import own_settings
from shared.vocabulary.datafiles import DataFileInvalid

if TYPE_CHECKING:  # late where it is used: it needs validator and linker
    from clients.cli.described import Report

app = typer.Typer(help="Techniques: what may be submitted.", no_args_is_help=True)

COLUMNS = ["kind", "title", "says", "comes from"]


@app.command("list")
def list_techniques(*, as_json: Json = False) -> None:
    """List every technique, with the PIDs and definitions that mean it."""
    techniques = connect().describe("/techniques")["techniques"]
    if as_json:
        print_json(techniques)
        return
    rows = [(each["name"], each["title"], ", ".join(each["definitions"]), each["pid"]) for each in techniques]
    print_table(["technique", "title", "words", "PID"], rows)


@app.command("show")
def show(
    name: Annotated[
        str,
        typer.Argument(
            help="A technique, such as MX, or a kind, such as mx.raw.datacollection.",
            autocompletion=techniques_and_kinds,
        ),
    ],
    *,
    as_json: Json = False,
) -> None:
    """Show the kinds of a technique. For a kind, or with --json: the JSON Schema of a submission."""
    api = connect()
    found = [each for each in api.describe("/techniques")["techniques"] if each["name"].lower() == name.lower()]
    if as_json or not found:
        print_json(api.describe(f"/techniques/{quote(found[0]['name'] if found else name, safe='')}/schema"))
        return
    rows = [
        (
            kind["name"],
            kind["title"],
            ", ".join([*kind["required"], *kind.get("expected", [])]),
            _inputs(kind["inputs"]),
        )
        for kind in found[0]["kinds"]
    ]
    print_table(COLUMNS, rows, f"{found[0]['name']}: {found[0]['title']}")


@app.command("check")
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
    from clients.cli.described import examine, files_of

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


@app.command("new")
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
    from clients.cli.skeletons import NotANameError, files_of, is_of_schemas, write

    uri = pid or f"https://{own_settings().facility.name}/techniques#{name}"
    try:
        if not is_of_schemas(into):
            fail(f"{into}: this is no directory of schemas; make an empty one, and name it with --into")
        for file in write(into, files_of(name, title or name, uri)):
            console.print(str(file), markup=False, soft_wrap=True)
    except (NotANameError, OSError) as error:
        fail(str(error))


def _print_report(report: "Report") -> None:
    examples = f"{report.examples} example{'' if report.examples == 1 else 's'}"
    verdict = f"well, with {examples}" if report.is_well else "not well"
    console.print(f"{report.file}  {verdict}", markup=False, soft_wrap=True)
    for colour, word, sentences in (
        ("red", "error", [*map(str, report.faults), *report.misjudged]),
        ("yellow", "warning", report.warnings),
    ):
        for sentence in sentences:
            console.print(f"  [{colour}]{word}[/] {escape(sentence)}", soft_wrap=True)


def _as_json(report: "Report") -> dict[str, Any]:
    return {
        "file": report.file,
        "technique": report.technique.name if report.technique else None,
        "well": report.is_well,
        "faults": [fault._asdict() for fault in report.faults],
        "warnings": report.warnings,
        "examples": report.examples,
        "misjudged": report.misjudged,
    }


def _inputs(relations: list[str] | None) -> str:
    return "" if relations is None else " and ".join(relations) or "nothing"
