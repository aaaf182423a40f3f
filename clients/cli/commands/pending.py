"""The command that lists the datasets that wait for inputs, and what to do about them."""

import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from clients.cli.connection.api import Api, connect
from clients.cli.connection.fields import any_of
from clients.cli.terminal.output import Json, console, errors, print_json, print_table
from clients.cli.terminal.times import seen_from, utc_now

MOST_OF_A_PAGE = 500
MOST_ADVISED = 5
"""The most missing inputs with advice."""
COLUMNS = ("path", "kind", "waits for", "since", "given up")

Row = dict[str, Any]


def pending(  # noqa: PLR0913  # each is an option of the command
    *,
    beamline: Annotated[list[str] | None, typer.Option(help="Only of this beamline; any of several.")] = None,
    proposal: Annotated[list[str] | None, typer.Option(help="Only of this proposal; any of several.")] = None,
    producer: Annotated[
        str | None, typer.Option(help="Only submissions of this producer, as `beamcat producers` names it.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only of this kind; any of several.")] = None,
    waits_for: Annotated[str | None, typer.Option(help="Only datasets that wait for the dataset at this path.")] = None,
    path: Annotated[str | None, typer.Option(help="Only the dataset at this path.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The number of datasets to show.")] = 20,
    as_json: Json = False,
) -> None:
    """List the datasets that wait for inputs, the oldest first, and what to do about them."""
    api = connect()
    wanted = {
        "beamline": any_of(beamline),
        "proposal": any_of(proposal),
        "producer": producer,
        "kind": any_of(kind),
        "waits_for": waits_for,
        "path": path,
    }
    answer = waiting(api, wanted, limit)
    if not answer["pending"]:
        which = "nothing of this" if any(wanted.values()) else "nothing"
        errors.print(api.nothing(f"{which} waits for its inputs"), markup=False)
    if as_json:
        print_json(answer)
    elif answer["pending"]:
        print_waiting(answer)
        for line in advice(api, answer["pending"]):
            console.print(line, markup=False, soft_wrap=True)


def waiting(api: Api, wanted: dict[str, str | None], limit: int) -> Row:
    """The pending datasets, from as many pages as needed."""
    answer: Row = {"pending": [], "count": 0, "next": None}
    while (left := limit - len(answer["pending"])) > 0:
        page = api.search("/pending", **wanted, limit=min(left, MOST_OF_A_PAGE), cursor=answer["next"])
        answer = page | {"pending": [*answer["pending"], *page["pending"]]}
        if page["next"] is None:
            break
    return answer


def print_waiting(answer: Row) -> None:
    """Print a row for each pending submission, and the total count."""
    now = utc_now()
    print_table(COLUMNS, [_cells(row, now) for row in answer["pending"]])
    shown, count = len(answer["pending"]), answer["count"]
    console.print(f"{shown} of {count}" + ("; --limit shows more" if shown < count else ""))


def _cells(row: Row, now: datetime) -> tuple[object, ...]:
    missing = row["waits_for"][0] if row["waits_for"] else "(its inputs have come)"
    if row["waits_for_count"] > 1:
        missing += f" and {row['waits_for_count'] - 1} more"
    return row["path"], row["kind"], missing, seen_from(now, row["since"]), seen_from(now, row["deadline"])


def advice(api: Api, rows: Iterable[Row]) -> Iterator[str]:
    """Advice on the first missing inputs, once each."""
    near = {each["path"]: each["near"] for row in rows for each in row["near"]}
    missing = dict.fromkeys(path for row in rows for path in row["waits_for"])
    for path in sorted(missing, key=lambda path: path not in near)[:MOST_ADVISED]:
        if path in near:
            meant = "these are: if one of them" if len(near[path]) > 1 else "this is: if it"
            yield f"{path} is not catalogued, but {meant} is meant, submit the result again with that as the input;"
            yield "  it goes on when this submission is given up"
            yield from (f"  {other}" for other in near[path])
        else:
            yield f"{path} {_fate(api, path)}"


def _fate(api: Api, path: str) -> str:
    """The state of a missing input, and the next command."""
    receipts = api.search("/receipts", path=path, limit=1)["receipts"]
    if not receipts:
        return "was never submitted: `beamcat submit FILE` with the file that describes it"
    match receipts[0]["state"]:
        case "rejected":
            return f"was rejected: beamcat rejections show {receipts[0]['rejection_id']}"
        case "pending":
            return f"waits for its own inputs: beamcat pending --path {shlex.quote(path)}"
        case "committed" | "unchanged":
            return "is catalogued, and not complete: the rest of it has to be submitted"
        case _:
            return "is on its way"
