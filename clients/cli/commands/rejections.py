"""The commands that list and show rejected events, and send them again."""

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from clients.cli.connection.api import Api, connect
from clients.cli.connection.settings import settings, time_of
from clients.cli.rejections import corrections
from clients.cli.rejections.originals import lines_of
from clients.cli.terminal.completion import rejecting_stages, rejection_codes
from clients.cli.terminal.output import WRONG, Json, console, errors, fail, print_findings, print_json, print_table

app = typer.Typer(help="Rejections: what was not accepted, and why.", no_args_is_help=True)

MOST_LISTED = 500
"""The most rejections of one page."""
COLUMNS = ("rejection_id", "rejected_at", "producer", "code", "path", "message")
GROUPS = ("code", "producer", "open", "count", "first", "last", "newest rejection_id")
ORIGIN = ("rejection_id", "receipt_id", "path", "beamline", "producer", "topic", "partition", "offset", "rejected_at")
EARLIEST = "1900-01-01"
"""The `since` with which all rejections are counted."""
RejectionId = Annotated[
    UUID, typer.Argument(metavar="REJECTION_ID", help="The id that `beamcat rejections list` shows.")
]


@app.command("list")
def list_rejections(  # noqa: PLR0913  # each is an option of the command
    *,
    code: Annotated[str | None, typer.Option(help="Only this rejection code.", autocompletion=rejection_codes)] = None,
    finding: Annotated[str | None, typer.Option(help="Only rejections with a finding of this code.")] = None,
    stage: Annotated[
        str | None, typer.Option(help="Only rejections by this stage.", autocompletion=rejecting_stages)
    ] = None,
    producer: Annotated[
        str | None, typer.Option(help="Only events of this producer, as `beamcat producers` names it.")
    ] = None,
    path: Annotated[str | None, typer.Option(help="Only rejections of the dataset at this path.")] = None,
    beamline: Annotated[str | None, typer.Option(help="Only of this beamline.")] = None,
    since: Annotated[str | None, typer.Option(help="ISO 8601.")] = None,
    until: Annotated[str | None, typer.Option(help="ISO 8601; a date alone is the whole day.")] = None,
    include_resolved: Annotated[bool, typer.Option("--all", help="Also resolved rejections.")] = False,
    only_resolved: Annotated[bool, typer.Option("--resolved", help="Only resolved rejections.")] = False,
    group: Annotated[bool, typer.Option("--group", help="Count them by code and producer.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST_LISTED, help="The most rejections to list.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Continue here: `next` of the previous list.")] = None,
    as_json: Json = False,
) -> None:
    """List the newest open rejections. A rejection is resolved once its dataset is catalogued after all."""
    if include_resolved and only_resolved:
        fail("--all and --resolved exclude each other; give one", WRONG)
    begin = time_of("--since", since, settings()).isoformat() if since else None
    end = time_of("--until", until, settings(), end_of_day=True).isoformat() if until else None
    said = {"code": code, "finding": finding, "stage": stage, "producer": producer, "path": path, "beamline": beamline}
    state = "all" if include_resolved else "resolved" if only_resolved else "open"
    fields = said | {"since": begin, "until": end}
    api = connect()
    if group:
        _group(api, fields | {"state": "resolved" if only_resolved else "all"}, as_json=as_json)
        return
    fields["state"] = state
    rejections, following = _listed(api, fields, limit, cursor)
    if not rejections:
        _print_none(api, state)
    if as_json:
        print_json({"rejections": rejections, "next": following})
        return
    if rejections:
        _print_list(rejections, state=state)
    if following:
        flags = [] if state == "open" else ["--all" if include_resolved else "--resolved"]
        console.print(f"{_total(api, fields)}; go on with:", markup=False, soft_wrap=True)
        again = said | {"since": since, "until": until, "limit": str(limit), "cursor": following}
        _print_command("rejections", "list", *flags, *_options(again))


@app.command("show")
def show(rejection_id: RejectionId, *, as_json: Json = False) -> None:
    """Show one rejection: the reason, every finding, and the original with the findings beside it."""
    rejection = corrections.rejection_of(connect(), rejection_id)
    if as_json:
        print_json(rejection)
        return
    is_told_by_findings = any(finding["severity"] == "error" for finding in rejection["findings"])
    reason = "" if is_told_by_findings else f": {rejection['message']}"
    console.print(f"[red]{escape(rejection['code'])}[/] by {escape(rejection['stage'] + reason)}", soft_wrap=True)
    print_findings(rejection["findings"])
    for name in ORIGIN:
        if rejection.get(name) is not None:
            console.print(f"  {name}: {rejection[name]}", markup=False, soft_wrap=True)
    if resolved := rejection.get("resolved"):
        told = f"dataset {resolved['dataset_id']} is catalogued as {_resolution(resolved)}"
        console.print(f"  [green]resolved[/]: {escape(told)}", soft_wrap=True)
    _print_original(rejection)
    for command, meaning in _next_commands(rejection, rejection_id):
        console.print(f"[dim]{meaning}:[/]")
        _print_command(*command)


@app.command("resubmit")
def resubmit(
    rejection_id: RejectionId,
    *,
    edit: Annotated[
        bool, typer.Option("--edit", help="Correct the original in $VISUAL or $EDITOR, check it, and send it.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            help="File of a corrected submission or frame; default: the original is sent again.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Only write the original to this file, to be corrected.")] = None,
    as_json: Json = False,
) -> None:
    """Send a rejected submission, or a rejected frame of an ICAT client, again, unchanged or corrected."""
    if edit and (file or save or as_json):
        fail("--edit is for a person at a terminal; give it without --file, --save and --json", WRONG)
    corrections.resubmit(connect(), rejection_id, corrections.Wanted(file, save, edit, as_json))


def _listed(
    api: Api, fields: Mapping[str, Any], limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Up to `limit` rejections, and the next cursor. A page may be shorter than requested although more follow."""
    rejections: list[dict[str, Any]] = []
    while True:
        answer = api.search("/rejections", **fields, limit=limit - len(rejections), cursor=cursor)
        rejections += answer["rejections"]
        cursor = answer.get("next")
        if len(rejections) >= limit or cursor is None:
            return rejections, cursor


def _print_none(api: Api, state: str) -> None:
    which = "" if state == "all" else f" that is {state}"
    cure = "" if state == "all" else "; --all lists the others as well"
    errors.print(api.nothing(f"no rejection{which} was found") + cure, markup=False)


def _print_list(rejections: list[dict[str, Any]], *, state: str) -> None:
    columns = COLUMNS if state == "open" else (*COLUMNS, "resolved")
    rows = [[rejection.get(column) for column in COLUMNS] for rejection in rejections]
    if state != "open":
        rows = [
            [*row, _resolution(rejection["resolved"]) if rejection.get("resolved") else "open"]
            for row, rejection in zip(rows, rejections, strict=True)
        ]
    print_table(columns, rows)
    console.print("[dim]the original, and what to do about it:[/]")
    _print_command("rejections", "show", str(rejections[0]["rejection_id"]))


def _group(api: Api, fields: Mapping[str, Any], *, as_json: bool) -> None:
    answer = api.search("/rejections/summary", **fields)
    if as_json:
        print_json(answer)
        return
    groups = answer["groups"]
    if not groups:
        errors.print(api.nothing(f"no rejection since {answer['since']} was found"), markup=False)
        return
    rows = [
        [*(group[name] for name in ("code", "producer", "open", "count", "first", "last")), group["rejection_id"]]
        for group in groups
    ]
    partly = "" if answer["complete"] else ", the newest; narrow it down to count all"
    print_table(GROUPS, rows, title=f"rejections since {answer['since']}{partly}")
    first = {name: groups[0][name] for name in ("code", "producer")}
    flags = [] if groups[0]["open"] else ["--all"]
    console.print("[dim]the first of these one by one:[/]")
    _print_command("rejections", "list", *_options(first), *flags)


def _total(api: Api, fields: Mapping[str, Any]) -> str:
    """The total count in words, or a lower bound if there are too many to count."""
    answer = api.search("/rejections/summary", **{**fields, "since": fields["since"] or EARLIEST})
    count = sum(group["count"] for group in answer["groups"])
    return f"{count} in all" if answer["complete"] else f"{count} or more in all"


def _print_original(rejection: Mapping[str, Any]) -> None:
    if not rejection["value_base64"]:
        console.print("(the original bytes were not kept, or there were none)")
        return
    console.print("[dim]what was sent (--json has every byte, `resubmit --save` writes them to a file):[/]")
    for line in lines_of(rejection):
        about = f"  [red]← {escape(', '.join(line.codes))}[/]" if line.codes else ""
        console.print(f"{escape(line.text)}{about}", soft_wrap=True)


def _next_commands(rejection: Mapping[str, Any], rejection_id: UUID) -> Iterator[tuple[list[str], str]]:
    """The next commands, each with its meaning."""
    path, own = rejection.get("path"), str(rejection_id)
    if not rejection.get("resolved") and rejection["value_base64"]:
        yield ["rejections", "resubmit", own, "--edit"], "correct it in your editor and send it again"
        yield ["rejections", "resubmit", own], "send it again as it is, if the reason is gone"
    if path:
        yield ["status", str(path)], "everything that was submitted for this dataset"


def _print_command(*arguments: str) -> None:
    console.print(f"  beamcat {shlex.join(arguments)}", markup=False, soft_wrap=True)


def _options(said: Mapping[str, str | None]) -> list[str]:
    return [word for name, value in said.items() if value is not None for word in (f"--{name}", value)]


def _resolution(resolved: Mapping[str, Any]) -> str:
    """The revision of the catalogued dataset, and its time."""
    at = datetime.fromisoformat(resolved["committed_at"]).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"revision {resolved['revision']} since {at}"
