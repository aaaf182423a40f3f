"""Rejected events that are sent again, unchanged or corrected."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import typer
from rich.markup import escape

from clients.cli.connection.api import Api
from clients.cli.connection.stomp import send
from clients.cli.rejections.draft import Draft
from clients.cli.rejections.originals import is_frame, submission_of, value_of, written
from clients.cli.submissions.handover import follow
from clients.cli.submissions.sources import read_submissions
from clients.cli.submissions.states import print_states
from clients.cli.terminal.output import Failed, console, errors, fail, print_findings, print_json, print_verdict
from shared.events.topics import QUEUE


@dataclass(frozen=True)
class Wanted:
    """The options of `beamcat rejections resubmit`."""

    file: Path | None
    save: Path | None
    edit: bool
    as_json: bool


def resubmit(api: Api, rejection_id: UUID, wanted: Wanted) -> None:
    """Send a rejected event again, or only save it."""
    rejection = rejection_of(api, rejection_id)
    original = wanted.file.read_bytes() if wanted.file else _original(rejection)
    if wanted.save:
        _save(original, wanted.save, rejection_id, as_json=wanted.as_json)
    elif wanted.edit:
        print_findings(rejection["findings"])
        _send_edited(api, rejection, original)
    elif is_frame(rejection):
        _send_frame(api, rejection, original, as_json=wanted.as_json)
    else:
        submission = _submission_in(wanted.file) if wanted.file else json.loads(original)
        _submit(api, rejection, submission, as_json=wanted.as_json)


def rejection_of(api: Api, rejection_id: UUID) -> dict[str, Any]:
    """The rejection with an id. If there is none, the command ends."""
    rejection: dict[str, Any] | None = api.look_up(f"/rejections/{rejection_id}")
    return rejection if rejection is not None else fail(api.nothing(f"there is no rejection {rejection_id}"))


def _original(rejection: dict[str, Any]) -> bytes:
    """The original as a file to correct: a frame as it was read, a submission with a line for each value."""
    if not rejection["value_base64"]:
        fail("the original was not kept; write a corrected one and give it with --file")
    if is_frame(rejection):
        return value_of(rejection)
    submission = submission_of(rejection)
    if submission is None:
        fail("the original is not a readable submission; write a corrected one and give it with --file")
    return written(submission)


def _send_edited(api: Api, rejection: dict[str, Any], original: bytes) -> None:
    """Have the original corrected, and send it. If this ends before it is accepted, the text is kept in its file."""
    draft = Draft(original, ".xml" if is_frame(rejection) else ".json")
    try:
        _edit_and_send(api, rejection, original, draft)
    except (Failed, typer.Exit):
        if draft.is_left():
            errors.print(f"your text is kept in {draft.file}", markup=False, soft_wrap=True)
        raise
    draft.discard()


def _edit_and_send(api: Api, rejection: dict[str, Any], original: bytes, draft: Draft) -> None:
    while True:
        edited = draft.edit()
        if edited == original:
            draft.discard()
            wait = "an editor that returns at once needs its option to wait, as in EDITOR='code --wait'"
            fail(f"nothing was changed, so nothing is sent; {wait}")
        submission, is_accepted = (None, True) if is_frame(rejection) else _checked(api, draft)
        match _choice(may_be_sent=is_accepted or submission is not None, is_accepted=is_accepted):
            case "send":
                break
            case "quit":
                fail("nothing is sent")
    if submission is None:
        _send_frame(api, rejection, edited, as_json=False)
    else:
        _submit(api, rejection, submission, as_json=False)


def _checked(api: Api, draft: Draft) -> tuple[dict[str, Any] | None, bool]:
    """The submission, if it can be read, and whether it would be accepted. Prints the gateway's verdict."""
    try:
        submission = _submission_in(draft.file)
    except Failed as failure:
        console.print(f"[red]it cannot be sent[/]: {escape(str(failure))}", soft_wrap=True)
        return None, False
    (verdict,) = api.check([submission])
    is_accepted = bool(verdict.get("accepted"))
    console.print("[green]it would be accepted[/]" if is_accepted else "[red]it would be refused[/]")
    print_verdict(verdict)
    return submission, is_accepted


def _choice(*, may_be_sent: bool, is_accepted: bool) -> str:
    """The user's choice for an edited text. Without a terminal, it is sent if it would be accepted."""
    default = "send" if is_accepted else "edit"
    if not sys.stdin.isatty():
        return "send" if is_accepted else "quit"
    words = (["send"] if may_be_sent else []) + ["edit", "quit"]
    while True:
        try:
            said = str(typer.prompt(", ".join(words), default=default)).strip().lower()
        except typer.Abort:
            return "quit"
        if meant := [word for word in words if said and word.startswith(said)]:
            return meant[0]


def _save(original: bytes, file: Path, rejection_id: UUID, *, as_json: bool) -> None:
    try:
        file.write_bytes(original)
    except OSError as error:
        fail(f"{file} cannot be written: {error}")
    if as_json:
        print_json({"saved": str(file)})
    else:
        told = f"written to {file}; correct it and run: beamcat rejections resubmit {rejection_id} --file {file}"
        console.print(told, markup=False, soft_wrap=True)


def _submission_in(file: Path) -> dict[str, Any]:
    submissions = read_submissions(file)
    if len(submissions) > 1:
        fail(f"{file} contains {len(submissions)} submissions; give the corrected one alone")
    return submissions[0]


def _send_frame(api: Api, rejection: dict[str, Any], frame: bytes, *, as_json: bool) -> None:
    send(api.stomp_address, rejection["topic"].removeprefix(QUEUE), frame)
    if as_json:
        print_json({"state": "taken"})
    else:
        console.print("accepted; a frame has no receipt: find its dataset, or look whether it was rejected again")


def _submit(api: Api, rejection: dict[str, Any], submission: dict[str, Any], *, as_json: bool) -> None:
    """Submit a correction. The first one has the rejection's id as receipt, so it is known what it corrects."""
    receipt_id = rejection["rejection_id"]
    named = submission if api.look_up(f"/receipts/{receipt_id}") else {**submission, "receipt_id": receipt_id}
    states = follow(api, [named])
    if as_json:
        print_json(states)
    else:
        print_states(states)
    if states[0]["state"] in ("refused", "rejected"):
        raise typer.Exit(1)
