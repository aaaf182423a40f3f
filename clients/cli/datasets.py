"""Commands for those who make datasets."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress

from clients.cli.api import Api, connect
from clients.cli.importing.gathering import Given
from clients.cli.output import Json, console, errors, fail, listed, print_findings, print_json, print_verdict
from clients.cli.sources import (
    Beamline,
    End,
    FolderOption,
    FromPipelines,
    Inputs,
    NameOption,
    Program,
    Proposal,
    Sample,
    Start,
    WhichResult,
    print_not_submitted,
    read_sources,
    with_times,
)

CATALOGUED = ("committed", "unchanged")
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.05
COLOURS = {"committed": "green", "unchanged": "green", "pending": "yellow", "in_flight": "yellow", "rejected": "red"}

Files = Annotated[
    list[Path],
    typer.Argument(
        help='JSON: one submission, a list of them, or {"datasets": […]}; with --from what a pipeline left behind.',
        exists=True,
        dir_okay=False,
    ),
]


def submit(  # noqa: PLR0913  # each is an option of the command
    files: Files,
    *,
    from_pipelines: FromPipelines = False,
    proposal: Proposal = None,
    beamline: Beamline = None,
    sample: Sample = None,
    path: FolderOption = None,
    name: NameOption = None,
    inputs: Inputs = None,
    start: Start = None,
    end: End = None,
    program: Program = None,
    result: WhichResult = None,
    wait: Annotated[bool, typer.Option(help="Wait until each is committed, rejected or pending.")] = True,
    as_json: Json = False,
) -> None:
    """Hand in datasets. Exit code 1 if any was refused or rejected."""
    given = Given(proposal, beamline, sample, path, name, tuple(inputs or ()), start, end, program)
    sources = read_sources(files, given, result, from_pipelines=from_pipelines)
    api = connect()
    sources = with_times(api, sources) if from_pipelines else sources
    submissions = [source.submission for source in sources]
    states = follow(api, submissions) if wait else submit_all(api, submissions)
    states = [source.told(state) for source, state in zip(sources, states, strict=True)]
    if as_json:
        print_json(states)
    else:
        print_states(states)
    if any(state["state"] in ("refused", "rejected") for state in states):
        raise typer.Exit(1)


def check(  # noqa: PLR0913  # each is an option of the command
    files: Files,
    *,
    from_pipelines: FromPipelines = False,
    proposal: Proposal = None,
    beamline: Beamline = None,
    sample: Sample = None,
    path: FolderOption = None,
    name: NameOption = None,
    inputs: Inputs = None,
    start: Start = None,
    end: End = None,
    program: Program = None,
    result: WhichResult = None,
    as_json: Json = False,
) -> None:
    """Say everything that would be found in submissions, and publish nothing. Exit code 1 if any would be refused."""
    given = Given(proposal, beamline, sample, path, name, tuple(inputs or ()), start, end, program)
    sources = read_sources(files, given, result, from_pipelines=from_pipelines)
    api = connect()
    sources = with_times(api, sources) if from_pipelines else sources
    verdicts = [
        {"file": str(source.file), **source.told(verdict)}
        for source, verdict in zip(sources, api.check([source.submission for source in sources]), strict=True)
    ]
    if as_json:
        print_json(verdicts)
    for verdict in verdicts if not as_json else ():
        kind = f" as {escape(str(verdict['dataset']['kind']))}" if verdict.get("dataset") else ""
        word = f"[green]would be taken[/]{kind}" if verdict.get("accepted") else "[red]would be refused[/]"
        console.print(f"{escape(str(verdict['file']))}: {word}", soft_wrap=True)
        print_verdict(verdict)
        links = verdict.get("links") or {}
        if verdict.get("accepted") and (missing := links.get("waits_for")):
            told = escape(listed(missing, links.get("waits_for_count")))
            console.print(f"  [yellow]would wait[/] for {told}", soft_wrap=True)
        print_not_submitted(verdict.get("not_submitted", ()))
    if not all(verdict.get("accepted") for verdict in verdicts):
        raise typer.Exit(1)


def status(
    subject: Annotated[str, typer.Argument(help="A receipt, or a dataset's path.")], *, as_json: Json = False
) -> None:
    """How far a submission has come. Exit code 1 if it is rejected or unknown."""
    api = connect()
    if subject.startswith("/"):
        receipts = api.search("/receipts", path=subject)["receipts"]
    else:
        receipts = [found for found in [api.look_up(f"/receipts/{subject}")] if found]
    if not receipts:
        fail(api.nothing(f"nothing was submitted under {subject}"))
    if as_json:
        print_json(receipts)
    else:
        print_states(receipts)
        if others := receipts[0].get("others"):
            console.print("under the same receipt id, which is not only this one's:")
            print_states(others)
    if receipts[0]["state"] == "rejected":
        raise typer.Exit(1)


def submit_all(api: Api, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hand in datasets; for each its receipt as in flight, or why the gateway refused it."""
    answers = api.submit(submissions)
    return [
        {"path": submission.get("path"), **answer, "state": "in_flight" if answer["status"] == 202 else "refused"}  # noqa: PLR2004  HTTP's Accepted
        for submission, answer in zip(submissions, answers, strict=True)
    ]


def follow(api: Api, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hand in datasets and wait until each is committed, rejected, or pending on what is not among them."""
    states = submit_all(api, submissions)
    routes = [state.get("status_url") or f"/receipts/{state.get('receipt_id')}" for state in states]
    deadline = time.monotonic() + PATIENCE_SECONDS
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        for place in progress.track(range(len(states)), description="on its way"):
            while states[place]["state"] == "in_flight" and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
                states[place] = api.look_up(routes[place]) or states[place]
        while (waiting := _may_go_on(states)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            for place in waiting:
                states[place] = api.look_up(routes[place]) or states[place]
    for state in states:
        if state["state"] in CATALOGUED:
            state["findings"] = api.search(f"/datasets/{state['dataset_id']}")["document"]["findings"]
    return states


def _may_go_on(states: list[dict[str, Any]]) -> list[int]:
    """Places of the pending whose inputs are among them and neither refused nor waiting for ever themselves."""
    waiting = [place for place, state in enumerate(states) if state["state"] == "pending"]
    coming = {state["path"] for state in states if state["state"] in CATALOGUED}
    while True:
        hoped_for = coming | {states[place]["path"] for place in waiting}
        still = [place for place in waiting if hoped_for.issuperset(states[place]["waits_for"])]
        if still == waiting:
            return waiting
        waiting = still


def print_states(states: list[dict[str, Any]]) -> None:
    """Each receipt's state on a line, with what a person can do about it below."""
    for state in states:
        word = state["state"]
        revision = f" as revision {state['revision']}" if "revision" in state else ""
        receipt = f"[dim]{escape(str(state.get('receipt_id', '')))}[/]"
        where = escape(str(state.get("path") or "(no path)"))
        console.print(
            f"[{COLOURS.get(word, 'red')}]{word}[/]{revision}  {where}  {receipt}",
            soft_wrap=True,
        )
        for line in _explanations(state):
            console.print(f"  {line}", markup=False, soft_wrap=True)
        print_findings(state.get("findings", ()))
        print_not_submitted(state.get("not_submitted", ()))


def _explanations(state: dict[str, Any]) -> Iterator[str]:
    if state.get("code") and not any(finding["severity"] == "error" for finding in state.get("findings", ())):
        yield f"{state['code']}: {state['message']}"
    if state.get("waits_for"):
        waits_for = listed(state["waits_for"], state.get("waits_for_count"))
        deadline = datetime.fromisoformat(state["deadline"]).isoformat(timespec="seconds")
        yield f"waits until {deadline.replace('+00:00', 'Z')} for {waits_for}"
    if state["state"] == "refused":
        faults = [f"{fault['field']}: {fault['message']}" for fault in state.get("errors", ())]
        yield from faults or [str(state.get("detail", ""))]
