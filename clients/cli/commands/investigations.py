"""The command that announces investigations, as the user office does."""

from typing import Annotated

import typer
from rich.markup import escape

from clients.cli.connection.api import connect
from clients.cli.terminal.output import Json, console, print_json

When = "ISO 8601 with its zone, such as 2024-11-30T08:00:00+01:00"


def announce(  # noqa: PLR0913  # each is an option of the command
    facility_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The user office's own id; if it is a number, also ICAT's. Announcing the same id again changes it.",
        ),
    ],
    *,
    proposal: Annotated[str, typer.Option(help="The proposal, as it is to be displayed: MX-1111.")],
    beamline: Annotated[str, typer.Option(help="The beamline.")],
    start: Annotated[str, typer.Option(help=f"Its start, {When}.")],
    end: Annotated[str | None, typer.Option(help="Its end, likewise; leave it out while it is open.")] = None,
    title: str | None = None,
    as_json: Json = False,
) -> None:
    """Announce an investigation. Datasets that are measured in it, or within 48 hours of it, belong to it."""
    said = {
        "facility_id": facility_id,
        "proposal": proposal,
        "beamline": beamline,
        "start": start,
        "end": end,
        "title": title,
    }
    noted = connect().announce({name: value for name, value in said.items() if value is not None})
    if as_json:
        print_json(noted)
    else:
        console.print(f"announced [bold]{escape(facility_id)}[/], receipt {noted['receipt_id']}", soft_wrap=True)
