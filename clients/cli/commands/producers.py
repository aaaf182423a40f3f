"""The command that shows how the submissions of each producer fare."""

from typing import Annotated

import typer

from clients.cli.connection.api import connect
from clients.cli.connection.settings import settings, time_of
from clients.cli.terminal.output import Json, errors, print_json, print_table
from shared.events.states import COUNTED_STATES


def list_producers(
    *,
    since: Annotated[str | None, typer.Option(help="ISO 8601; default: a day ago; at most a month ago.")] = None,
    as_json: Json = False,
) -> None:
    """Show what became of each producer's recent submissions, most rejections first."""
    begin = time_of("--since", since, settings()).isoformat() if since else None
    api = connect()
    answer = api.search("/producers", since=begin)
    if not answer["producers"]:
        errors.print(api.nothing("no producer was found"), markup=False, soft_wrap=True)
    if as_json:
        print_json(answer)
        return
    rows = []
    for producer in answer["producers"]:
        newest = producer["newest_rejection"] or {}
        told = f"{newest['code']}: {newest['message']}" if newest else ""
        rows.append([producer["producer"], *(producer[name] for name in COUNTED_STATES), producer["last_heard"], told])
    print_table(("producer", *COUNTED_STATES, "last_heard", "newest_rejection"), rows)
