"""Commands that show what may be submitted, as the gateway describes it."""

from typing import Annotated
from urllib.parse import quote

import typer

from clients.cli.connection.api import connect
from clients.cli.terminal.completion import techniques_and_kinds
from clients.cli.terminal.output import Json, print_json, print_table

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


def _inputs(relations: list[str] | None) -> str:
    return "" if relations is None else " and ".join(relations) or "nothing"
