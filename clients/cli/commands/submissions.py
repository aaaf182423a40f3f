"""The commands that submit and check datasets, and show the state of submissions."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.markup import escape

from clients.cli.connection.api import connect
from clients.cli.submissions.batch import SubmissionBatch, read_batch
from clients.cli.submissions.feeds import HandIn, KnownBatch
from clients.cli.submissions.handover import Handover
from clients.cli.submissions.outcome import Outcome
from clients.cli.submissions.receipts import Receipts
from clients.cli.submissions.sources import (
    Beamline,
    End,
    Files,
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
    readable,
)
from clients.cli.submissions.states import print_states
from clients.cli.terminal.interrupts import interruptible
from clients.cli.terminal.output import (
    FAILED,
    UNREACHABLE,
    WRONG,
    Json,
    console,
    errors,
    fail,
    listed,
    print_json,
    print_verdict,
    progress_bar,
)
from clients.importers.assembly import Given

INTERRUPTED = 130
"""Exit code: the user interrupted the command, as shells report it."""
Timeout = Annotated[
    int | None,
    typer.Option(
        metavar="SECONDS",
        min=1,
        max=366 * 86400,
        help="Stop after this time. Default: stop after 30 s without progress.",
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Print a line for each dataset, however many there are.")]


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
    wait: Annotated[
        bool, typer.Option(help="Wait until each dataset is committed, rejected, or pending for another input.")
    ] = True,
    timeout: Timeout = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Submit datasets, and report what became of them.

    Exit code 0 if all are catalogued or wait for their inputs, 1 if any was refused or rejected, 3 if any is still
    under way.
    """
    given = Given(proposal, beamline, sample, path, name, tuple(inputs or ()), start, end, program)
    api = connect()
    sources = read_sources(api, files, given, result, from_pipelines=from_pipelines)
    outcome = Outcome(api, as_json=as_json, verbose=verbose)
    hand_in = HandIn(api, sources, outcome.tell)
    handover = Handover(hand_in, Receipts(api, outcome.tell), follows=wait, timeout_seconds=timeout)
    was_interrupted = _interrupted(handover, outcome)
    left = hand_in.leave()
    if fault := outcome.first_fault():
        fail(fault)
    outcome.close(hand_in.batch)
    code = outcome.exit_code(() if wait else ("in_flight",))
    if left:
        code = code or UNREACHABLE
    if hand_in.stopped:
        code = FAILED
    where = errors if as_json else console
    for note in _notes(hand_in, handover, outcome, left, is_open=was_interrupted or code == UNREACHABLE):
        where.print(note, markup=False, soft_wrap=True)
    raise typer.Exit(INTERRUPTED if was_interrupted else code)


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
    """Show all findings of submissions without publishing anything. Exit code 1 if any would be refused."""
    given = Given(proposal, beamline, sample, path, name, tuple(inputs or ()), start, end, program)
    api = connect()
    sources = [
        readable(source) for source in read_sources(api, files, given, result, from_pipelines=from_pipelines) if source
    ]
    verdicts = [
        {"file": str(source.file), **source.annotated(verdict)}
        for source, verdict in zip(sources, api.check([source.submission for source in sources]), strict=True)
    ]
    if as_json:
        print_json(verdicts)
    for verdict in verdicts if not as_json else ():
        kind = f" as {escape(str(verdict['dataset']['kind']))}" if verdict.get("dataset") else ""
        word = f"[green]would be accepted[/]{kind}" if verdict.get("accepted") else "[red]would be refused[/]"
        console.print(f"{escape(str(verdict['file']))}: {word}", soft_wrap=True)
        print_verdict(verdict)
        links = verdict.get("links") or {}
        if verdict.get("accepted") and (missing := links.get("waits_for")):
            told = escape(listed(missing, links.get("waits_for_count")))
            console.print(f"  [yellow]would wait[/] for {told}", soft_wrap=True)
        print_not_submitted(verdict.get("not_submitted", ()))
    if not all(verdict.get("accepted") for verdict in verdicts):
        raise typer.Exit(1)


def status(  # each is an option of the command
    subject: Annotated[str | None, typer.Argument(help="A receipt, or a dataset's path.")] = None,
    *,
    batch: Annotated[
        str | None, typer.Option(metavar="NAME", help="A batch, by the name that `beamcat submit` printed.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="With --batch: wait until each has a final state, as `beamcat submit` does.")
    ] = False,
    timeout: Timeout = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Show the state of a submission.

    Exit code 1 if it is rejected or unknown; for a batch, 3 if any of it is still under way.
    """
    if (subject is None) == (batch is None):
        fail("give a receipt, a dataset's path, or --batch NAME", WRONG)
    if batch is not None:
        _status_of_batch(read_batch(batch), Outcome(connect(), as_json=as_json, verbose=verbose), timeout, wait=wait)
    elif subject is not None:
        _status_of(subject, as_json=as_json)


def _status_of_batch(batch: SubmissionBatch, outcome: Outcome, timeout: int | None, *, wait: bool) -> None:
    outcome.api.receipts([batch.receipt_id(1)])  # where search does not answer at all, that is said at once
    receipts = Receipts(outcome.api, outcome.tell, looks_once=not wait)
    handover = Handover(KnownBatch(batch), receipts, timeout_seconds=timeout)
    was_interrupted = _interrupted(handover, outcome)
    outcome.close(batch)
    raise typer.Exit(INTERRUPTED if was_interrupted else outcome.exit_code())


def _status_of(subject: str, *, as_json: bool) -> None:
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
            console.print("other submissions under the same receipt id:")
            print_states(others)
    if receipts[0]["state"] == "rejected":
        raise typer.Exit(1)


def _interrupted(handover: Handover, outcome: Outcome) -> bool:
    """Run the handover with a progress bar. Returns whether the user interrupted it."""
    with progress_bar() as progress, interruptible() as check_interrupt:
        task = progress.add_task("", total=None)

        def look() -> None:
            check_interrupt()
            receipts, feed = handover.receipts, handover.feed
            ended = outcome.ended
            told = outcome.progress(len(receipts.under_way), len(receipts.waiting))
            trouble = feed.trouble or handover.trouble
            progress.update(
                task,
                completed=ended,
                total=ended + len(receipts) if feed.is_over else None,
                description=escape(f"{told} ({trouble})" if trouble else told),
            )

        try:
            handover.run(look)
        except KeyboardInterrupt:
            was_interrupted = True
        else:
            was_interrupted = False
    handover.end()
    return was_interrupted


def _notes(hand_in: HandIn, handover: Handover, outcome: Outcome, left: str, *, is_open: bool) -> Iterator[str]:
    """Why the command ended before each dataset had its final state, and how to go on."""
    if hand_in.stopped:
        yield f"nothing more was submitted: {hand_in.stopped}"
    elif hand_in.trouble:
        yield f"the gateway accepted nothing more: {hand_in.trouble}"
    if left:
        yield f"not submitted: {left} and everything after it; submit it again: what was accepted ends unchanged"
    if handover.trouble:
        yield f"receipts could not be followed: {handover.trouble}"
    if hand_in.batch.count and (is_open or not outcome.are_few):
        yield f"ask again: beamcat status --batch {hand_in.batch.name}"
