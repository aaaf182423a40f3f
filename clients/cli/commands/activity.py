"""The command that shows commits, waiting datasets and rejections as they happen."""

from collections.abc import Iterator
from datetime import datetime
from time import sleep
from typing import Annotated, Any

import typer
from rich.markup import escape

from clients.cli.connection.api import Api, connect
from clients.cli.connection.fields import any_of
from clients.cli.submissions.states import COLOURS
from clients.cli.terminal.output import UNREACHABLE, Failed, Json, console, errors, json_text
from shared.events.states import ACTIVITY_STATES

REST_SECONDS = 1.0

Row = dict[str, Any]


def watch(
    *,
    beamline: Annotated[list[str] | None, typer.Option(help="Only of this beamline; any of several.")] = None,
    proposal: Annotated[list[str] | None, typer.Option(help="Only of this proposal; any of several.")] = None,
    state: Annotated[list[str] | None, typer.Option(help=f"Only {', '.join(ACTIVITY_STATES)}; any of several.")] = None,
    as_json: Json = False,
) -> None:
    """Show commits, waiting datasets and rejections as they happen, one per line, until Ctrl-C. With --json: NDJSON."""
    wanted = {"beamline": any_of(beamline), "proposal": any_of(proposal), "state": any_of(state)}
    try:
        for row in activity(connect(), wanted):
            if as_json:
                typer.echo(json_text(row))
            else:
                console.print(_line(row), soft_wrap=True)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def activity(api: Api, wanted: dict[str, str | None]) -> Iterator[Row]:
    """Everything that happens from now on, once each. A service that goes away meanwhile is asked again."""
    place: str | None = None
    is_away = False
    while True:
        try:
            answer = api.search("/activity", **wanted, after=place)
        except Failed as failure:
            if place is None or failure.code != UNREACHABLE:
                raise
            if not is_away:
                errors.print(f"{escape(str(failure))}; it is asked again", soft_wrap=True)
            is_away = True
            sleep(REST_SECONDS)
            continue
        if is_away:
            errors.print("it answers again; nothing was missed")
        elif place is None:
            errors.print(f"watching {escape(api.catalogue)}; Ctrl-C ends it", soft_wrap=True)
        place, is_away = answer["next"], False
        yield from answer["activity"]
        if not answer["more"]:
            sleep(REST_SECONDS)


def _line(row: Row) -> str:
    """One line: the time, the state and the dataset, and the reason if it is not committed."""
    at = datetime.fromisoformat(row["at"]).astimezone().strftime("%H:%M:%S")
    state = row["state"]
    name, where = escape(row["name"] or "(no name)"), escape(row["path"] or "(no path)")
    reason = ": ".join(filter(None, (row.get("code"), row.get("message"))))
    revision = f" as revision {row['revision']}" if row.get("revision", 1) > 1 else ""
    told = f"[dim]{at}[/] [{COLOURS.get(state, 'red')}]{state}[/]{revision}  {name}  {where}"
    return f"{told}  {escape(reason)}" if reason else told
