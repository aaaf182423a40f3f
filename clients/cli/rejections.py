"""What was not taken: looking at it, and sending it again after a correction."""

import base64
import json
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from clients.cli.api import connect
from clients.cli.handover import follow
from clients.cli.output import Json, console, fail, print_findings, print_json, print_table
from clients.cli.sources import read_submissions
from clients.cli.states import print_states
from clients.cli.stomp import send
from clients.cli.surroundings import settings, time_of
from shared.topics import QUEUE

app = typer.Typer(help="What was not taken, and why.", no_args_is_help=True)

MOST_LISTED = 500
"""Rejections of one page."""
RejectionId = Annotated[
    UUID, typer.Argument(metavar="REJECTION_ID", help="The id that `beamcat rejections list` shows.")
]


@app.command("list")
def list_rejections(
    *,
    code: Annotated[str | None, typer.Option(help="Only this rejection code.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only what this stage refused.")] = None,
    producer: Annotated[
        str | None, typer.Option(help="Only what this producer sent, as `beamcat producers` names it.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="ISO 8601.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_LISTED)] = 20,
    as_json: Json = False,
) -> None:
    """The newest rejections."""
    begin = time_of("--since", since, settings()).isoformat() if since else None
    answer = connect().search("/rejections", code=code, stage=stage, producer=producer, since=begin, limit=limit)
    if as_json:
        print_json(answer)
    else:
        columns = ("rejection_id", "rejected_at", "stage", "code", "path", "message")
        print_table(columns, [[rejection.get(column) for column in columns] for rejection in answer["rejections"]])


@app.command("show")
def show(rejection_id: RejectionId, *, as_json: Json = False) -> None:
    """One rejection with every finding and the original event."""
    rejection = _rejection(rejection_id)
    if as_json:
        print_json(rejection)
        return
    told = escape(f"by {rejection['stage']}: {rejection['message']}")
    console.print(f"[red]{escape(rejection['code'])}[/] {told}", soft_wrap=True)
    print_findings(rejection["findings"])
    origin = {
        name: rejection.get(name)
        for name in ("receipt_id", "path", "producer", "topic", "partition", "offset", "rejected_at")
    }
    for name, value in origin.items():
        console.print(f"  {name}: {value}", markup=False, soft_wrap=True)
    console.print(
        rejection["value_text"] or "(the original bytes are no text, or too many: see value_base64 with --json)",
        markup=False,
        soft_wrap=True,
    )


@app.command("resubmit")
def resubmit(
    rejection_id: RejectionId,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            help="A corrected submission or frame; without it the original is sent again.", exists=True, dir_okay=False
        ),
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Only write the original here, to be corrected.")] = None,
    as_json: Json = False,
) -> None:
    """Send a rejected submission, or a rejected frame of an ICAT client, again, as it was or corrected."""
    rejection = _rejection(rejection_id)
    is_frame = rejection["topic"].startswith(QUEUE)
    original = file.read_bytes() if file else _value(rejection) if is_frame else _submission(rejection)
    if save:
        _save(original, save)
        told = f"written to {save}; correct it and run: beamcat rejections resubmit {rejection_id} --file {save}"
        if as_json:
            print_json({"saved": str(save)})
        else:
            console.print(told, markup=False, soft_wrap=True)
    elif is_frame:
        send(connect().stomp_address, rejection["topic"].removeprefix(QUEUE), original)
        if as_json:
            print_json({"state": "taken"})
        else:
            console.print("taken; a frame has no receipt: find its dataset, or look whether it was rejected again")
    else:
        _submit(_correction(file) if file else json.loads(original), as_json=as_json)


def _save(original: bytes, file: Path) -> None:
    try:
        file.write_bytes(original)
    except OSError as error:
        fail(f"{file} cannot be written: {error}")


def _correction(file: Path) -> dict[str, Any]:
    submissions = read_submissions(file)
    if len(submissions) > 1:
        fail(f"{file} holds {len(submissions)} submissions; give the corrected one alone")
    return submissions[0]


def _submit(submission: dict[str, Any], *, as_json: bool) -> None:
    states = follow(connect(), [submission])
    if as_json:
        print_json(states)
    else:
        print_states(states)
    if states[0]["state"] in ("refused", "rejected"):
        raise typer.Exit(1)


def _rejection(rejection_id: UUID) -> dict[str, Any]:
    rejection: dict[str, Any] | None = connect().look_up(f"/rejections/{rejection_id}")
    return rejection if rejection is not None else fail(f"there is no rejection {rejection_id}")


def _value(rejection: dict[str, Any]) -> bytes:
    return base64.b64decode(rejection["value_base64"] or "")


def _submission(rejection: dict[str, Any]) -> bytes:
    try:
        submission = json.loads(_value(rejection))["submission"]
    except (ValueError, KeyError, TypeError):
        fail("the original is no readable submission; write a corrected one and give it with --file")
    return f"{json.dumps(submission, indent=2, ensure_ascii=False)}\n".encode()
