"""The command that brings old datasets into the catalogue."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import typer
from rich.markup import escape

from clients.cli.backfill.catalogue_source import CatalogueSource
from clients.cli.backfill.folder_source import PATTERNS, FolderSource
from clients.cli.backfill.item import Origin
from clients.cli.backfill.journal import NOTES, REJECTED, STATE_FOLDER, Journal, Line
from clients.cli.backfill.line_source import LineSource
from clients.cli.backfill.pace import Pace
from clients.cli.backfill.remote import Remote
from clients.cli.backfill.run import Backfill, check
from clients.cli.connection.address import without_password
from clients.cli.connection.api import Api, connect
from clients.cli.submissions.feeds import Clock
from clients.cli.submissions.outcome import JsonArray
from clients.cli.terminal.interrupts import interruptible
from clients.cli.terminal.output import (
    FAILED,
    WRONG,
    Failed,
    Json,
    console,
    errors,
    fail,
    print_findings,
    print_json,
    print_wrong,
    progress_bar,
)
from clients.importers.assembly import Given

INTERRUPTED = 130
"""Exit code: the user interrupted the command, as shells report it."""
PASSWORD = "BACKFILL_TOKEN"  # noqa: S105  the name of a variable
NO_RECEIPT = "00000000-0000-0000-0000-000000000000"
WEB = ("http://", "https://")
WORDS = {
    "committed": "committed",
    "unchanged": "unchanged: the catalogue had the same content",
    "already": "already catalogued by an earlier run",
    "pending": "pending: their inputs are awaited",
    "rejected": "rejected",
    "refused": "refused by the gateway",
    "unreadable": "unreadable",
}
"""What becomes of a dataset, in the order of the summary."""
PROBLEMS = ("rejected", "refused", "unreadable")


def backfill(  # noqa: PLR0913  # each is an option of the command
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|DIRECTORY|URL",
            help="NDJSON of submissions or of dataset.committed (.gz too); a directory with results of pipelines; the "
            "search service of another beamcat; or an ICAT server, as https://HOST/icat.",
        ),
    ],
    *,
    state: Annotated[
        Path | None, typer.Option(help="Folder for the state and for what was rejected; default: NAME.backfill.")
    ] = None,
    dry: Annotated[
        bool, typer.Option("--check", help="Judge everything, publish nothing, and write no state.")
    ] = False,
    share: Annotated[
        float, typer.Option(min=0.05, max=1.0, help="The part of the time in which it works; it rests in between.")
    ] = 0.5,
    proposal: Annotated[str | None, typer.Option(help="Of a directory: the proposal, if it is in no file.")] = None,
    beamline: Annotated[str | None, typer.Option(help="Of a directory: the beamline.")] = None,
    sample: Annotated[str | None, typer.Option(help="Of a directory: the sample; default: that of the inputs.")] = None,
    program: Annotated[str | None, typer.Option(help="Of a directory: the program, if it is in no file.")] = None,
    pattern: Annotated[
        list[str] | None, typer.Option(help=f"Of a directory: names of its files; default: {' '.join(PATTERNS)}.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring old datasets into the catalogue, without delaying live data for long.

    It may be interrupted or killed at any moment, and the same command goes on. A second run changes nothing. The token
    of another beamcat, or the session of an ICAT server, is read from the variable BACKFILL_TOKEN.

    Exit code 0 if everything is catalogued or waits for its inputs, 1 if anything was rejected or could not be read,
    3 if a service did not answer.
    """
    api = connect()
    target = without_password(api.gateway_url)
    api.receipts([NO_RECEIPT])  # where search does not answer at all, that is said before a large source is read
    folder = state or Path(f"{_name_of(source)}{STATE_FOLDER}")
    try:
        origin = origin_of(source, api, Given(proposal, beamline, sample, program=program), pattern)
        if dry:
            raise typer.Exit(_check(api, origin, as_json=as_json))
        with Journal(folder, origin.identity, target) as journal:
            raise typer.Exit(_bring_in(Backfill(api, origin, journal, Pace(share)), journal, as_json=as_json))
    except OSError as error:
        fail(f"{error.filename or folder} cannot be used: {error.strerror}; the same command goes on where it was")


def origin_of(source: str, api: Api, given: Given, patterns: list[str] | None) -> Origin:
    """The source that a word of the command line names. If it is none, the command ends."""
    is_folder = os.path.isdir(source)  # noqa: PTH112  a Path raises where the name is too long
    if not is_folder and (patterns or given.options()):
        fail(f"--{min([*given.options(), *(['pattern'] if patterns else [])])} is for a directory", WRONG)
    if source.startswith(WEB):
        return _remote_origin(source.rstrip("/"), _parts(source))
    if is_folder:
        return FolderSource(Path(source), api, given, patterns or PATTERNS)
    if not os.path.isfile(source):  # noqa: PTH113  as above
        fail(f"{source!r} is no file, directory or URL", WRONG)
    return LineSource(Path(source))


def _remote_origin(url: str, parts: SplitResult) -> Origin:
    """The source at an address."""
    password = os.environ.get(PASSWORD, "")
    if not password or "@" in parts.netloc:
        told = without_password(url)
        fail(f"{told} is read with a token or session: name it in the variable {PASSWORD}, and nowhere else", WRONG)
    if not parts.path.rstrip("/").endswith("/icat"):
        return CatalogueSource(Remote(url, password))
    from clients.cli.backfill.icat_source import IcatSource  # late: it reads ICAT's definitions

    return IcatSource(Remote(url), password)


def _parts(address: str) -> SplitResult:
    """The parts of an address. If it is none, the command ends."""
    try:
        return urlsplit(address)
    except ValueError as error:
        fail(f"{address!r} is no address ({error})", WRONG)


def _name_of(source: str) -> str:
    """The name of a source, for a folder."""
    if source.startswith(WEB):
        parts = _parts(source)
        name = f"{parts.netloc}{parts.path}".rstrip("/")
    else:
        name = Path(source).resolve().name
    return "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in name)


def _bring_in(run: Backfill, journal: Journal, *, as_json: bool) -> int:
    """Run it with a progress line, and say what became of it. Returns the exit code."""
    failure: Failed | None = None
    was_interrupted = False
    began_at_end = journal.progress.is_read
    try:
        with progress_bar() as progress, interruptible() as check_interrupt:
            task = progress.add_task("", total=1.0)
            line = ProgressLine(run)

            def look() -> None:
                check_interrupt()
                progress.update(task, completed=run.done or 0.0, description=escape(line.text()))

            run.run(look)
    except KeyboardInterrupt:
        was_interrupted = True
    except Failed as failed:
        failure = failed
    counts = journal.progress.counts
    if as_json:
        print_json({"counts": counts, "is_read": journal.progress.is_read, "state": str(journal.folder)})
    else:
        for sentence in _summary(journal, began_at_end=began_at_end):
            console.print(sentence, markup=False, soft_wrap=True)
    if failure or was_interrupted:
        errors.print("not finished: the same command goes on where it was", soft_wrap=True)
    if failure:
        print_wrong(failure)
        return failure.code
    return INTERRUPTED if was_interrupted else FAILED if any(counts[word] for word in PROBLEMS) else 0


def _summary(journal: Journal, *, began_at_end: bool) -> Iterator[str]:
    """What became of the datasets of a source, and where to read more."""
    counts = journal.progress.counts
    if began_at_end:
        yield f"everything was submitted by an earlier run (see {journal.folder}); nothing was submitted again"
    width = max((len(f"{count:,}") for count in counts.values()), default=1)
    for word, told in WORDS.items():
        if counts[word]:
            yield f"{counts[word]:>{width},} {told}"
    for name, words in ((REJECTED, PROBLEMS), (journal.progress.pending, ("pending",))):
        if any(counts[word] for word in words):
            yield f"each with its reason: {journal.path(name)}"
    if journal.progress.sizes.get(NOTES):
        yield f"values of files that are in no submission: {journal.path(NOTES)}"


class ProgressLine:
    """What a backfill has done, its rate, and the time that is left."""

    def __init__(self, run: Backfill, clock: Clock | None = None) -> None:
        self._run = run
        self._clock = clock or Clock()
        self._began = self._clock.now()
        self._before = run.progress.counts.total()
        self._done_before: float | None = None

    def text(self) -> str:
        """The line."""
        counts = self._run.progress.counts
        seconds = max(self._clock.now() - self._began, 0.001)
        problems = sum(counts[word] for word in PROBLEMS)
        told = [f"{counts.total():,} done", f"{problems:,} rejected", f"{counts['pending']:,} pending"]
        told.append(f"{(counts.total() - self._before) / seconds:,.0f}/s")
        if left := self._left(seconds):
            told.append(f"{left} left")
        return " · ".join(told) + (f" ({self._run.trouble})" if self._run.trouble else "")

    def _left(self, seconds: float) -> str:
        """The time left, by the part of the source that this run has read."""
        done = self._run.done
        if done is None:
            return ""
        if self._done_before is None:
            self._done_before = 0.0 if self._before == 0 else done
        progress = done - self._done_before
        if progress <= 0.0:
            return ""
        left = int(seconds * (1.0 - done) / progress)
        return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02}"


def _check(api: Api, origin: Origin, *, as_json: bool) -> int:
    """Judge everything without publishing it, and print what would be refused. Returns the exit code."""
    array = JsonArray()
    count = bad = 0
    with progress_bar() as progress:
        task = progress.add_task("judged", total=1.0)
        for item, problems in check(api, origin.read(None)):
            count, bad = count + 1, bad + bool(problems)
            for problem in problems:
                if as_json:
                    array.add(problem)
                else:
                    _print_problem(problem)
            progress.update(task, completed=item.done or 0.0, description=f"{count:,} judged")
    if as_json:
        array.close()
    (errors if as_json else console).print(f"{count:,} read, {bad:,} of them would be refused or cannot be read")
    return FAILED if bad else 0


def _print_problem(problem: Line) -> None:
    where = " ".join(filter(None, (str(problem["place"]), problem.get("path"))))
    console.print(
        f"[red]{problem['state']}[/] {escape(where)}: {escape(str(problem.get('message', '')))}", soft_wrap=True
    )
    print_findings(problem.get("findings", ()))
