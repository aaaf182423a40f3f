"""The command that shows what a dataset was made from, and what was made from it."""

from typing import Annotated

import typer

from clients.cli.catalogue.lineage import SHOWN_DATASETS, lineage_of, print_lineage
from clients.cli.connection.api import connect
from clients.cli.terminal.output import Json, console, print_json


def lineage(
    path: Annotated[str, typer.Argument(help="A dataset's path.")],
    *,
    direction: Annotated[
        str, typer.Option(help="up: what it was made from; down: what was made from it; both.")
    ] = "both",
    depth: Annotated[int, typer.Option(min=0, max=50)] = 5,
    limit: Annotated[int, typer.Option(min=1, help="The number of datasets, the nearest first.")] = SHOWN_DATASETS,
    as_json: Json = False,
) -> None:
    """Show what a dataset was made from, and what was made from it."""
    api = connect()
    graph = lineage_of(api, path, direction, depth, limit)
    if as_json:
        print_json(graph)
        return
    print_lineage(graph)
    if graph["next"] is not None:
        console.print(f"these are the nearest {len(graph['nodes'])} datasets, and there are more: raise --limit")
    elif graph["truncated"]:
        console.print(f"it goes on beyond {depth} steps: raise --depth")
