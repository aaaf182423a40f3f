"""The input of `submit` and `check`: submissions as JSON, or files of pipelines."""

import io
import os
import select
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.markup import escape

from clients.cli.connection.api import Api
from clients.cli.submissions.lines import WANTED, entries
from clients.cli.terminal.output import console, fail
from clients.importers.assembly import BETWEEN, FileNotUnderstood, Given, Unplaced
from clients.importers.results import OF_ANOTHER
from shared.events.sections import Finding
from shared.runtime.settings import SettingsInvalid

STANDARD_INPUT = Path("-")
LINES = (".ndjson", ".jsonl")
"""The endings of files with one submission per line. For others, the beginning decides."""
CHUNK_BYTES = 256 * 1024
SILENT_SECONDS = 0.05


def _existing(files: list[Path]) -> list[Path]:
    """Check that files exist or are standard input. Anything else is a wrong command line."""
    for file in files:
        if file != STANDARD_INPUT and not os.path.exists(file):  # noqa: PTH110  a Path raises where the name is too long
            raise typer.BadParameter(f"file {str(file)!r} does not exist.")
        if file.is_dir():
            raise typer.BadParameter(f"{str(file)!r} is a directory.")
    return files


Files = Annotated[
    list[Path],
    typer.Argument(
        help='JSON: one submission, a list of them, {"datasets": […]}, or one per line (NDJSON); - is standard input. '
        "With --from: files of a pipeline.",
        callback=_existing,
    ),
]

FromPipelines = Annotated[
    bool, typer.Option("--from", help="FILES are autoPROC.xml, xia2.json, metadata.json, mmCIF … (see docs/mmcif.md).")
]
Proposal = Annotated[str | None, typer.Option(help="With --from: the proposal, if it is not in the file.")]
Beamline = Annotated[str | None, typer.Option(help="With --from: the beamline.")]
Sample = Annotated[str | None, typer.Option(help="With --from: the name of the sample; default: that of the inputs.")]
FolderOption = Annotated[
    str | None,
    typer.Option(
        "--path",
        help="With --from: the folder of the dataset; default: that of the file. {result} is the number of the result.",
    ),
]
NameOption = Annotated[
    str | None, typer.Option("--name", help="With --from: the name of the dataset; default: that of its folder.")
]
Inputs = Annotated[
    list[str] | None, typer.Option("--input", help="With --from: an input of the dataset; may be repeated.")
]
Start = Annotated[str | None, typer.Option(help="With --from: its start; default: the times in the file, or its date.")]
End = Annotated[str | None, typer.Option(help="With --from: its end.")]
Program = Annotated[str | None, typer.Option(help="With --from: the program that made it, if it is not in the file.")]
WhichResult = Annotated[
    str | None,
    typer.Option(
        "--result", help="With --from: the number of the result, if the file has several, or all; see --path."
    ),
]


@dataclass(frozen=True)
class Source:
    """A submission, the file that it was read from, what of the file is not in it, and what was decided."""

    file: Path
    submission: dict[str, Any]
    unplaced: Sequence[Unplaced] | None = None
    findings: Sequence[Finding] = ()
    line: int | None = None
    fault: str = ""
    """Why no submission could be read at this place."""

    @property
    def place(self) -> str:
        """The place of the submission, in words."""
        name = "standard input" if self.file == STANDARD_INPUT else str(self.file)
        return f"{name}, line {self.line}" if self.line else name

    def annotated(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """A service's answer about the submission, with the findings of the file's reader."""
        if self.unplaced is not None:
            answer = {**answer, "not_submitted": [asdict(one) for one in self.unplaced]}
        if self.findings:
            own = [finding.model_dump(mode="json", exclude_none=True) for finding in self.findings]
            answer = {**answer, "findings": [*own, *answer.get("findings", ())]}
        return dict(answer)


Sources = Iterator[Source | None]
"""Sources as they are read; None if no more has come yet."""


def read_sources(api: Api, files: Sequence[Path], given: Given, result: str | None, *, from_pipelines: bool) -> Sources:
    """All submissions in files, in order. Files of pipelines are read completely before the first one is returned."""
    options = [*given.options(), *(["result"] if result else [])]
    if not from_pipelines:
        if options:
            fail(f"--{min(options)} completes files of pipelines; give --from too")
        return (source for file in files for source in _sources_in(file))
    if STANDARD_INPUT in files:
        fail("--from reads files of pipelines, not standard input")
    if len(files) > 1 and (given.path or given.name):
        fail("--path and --name are for one dataset, but several files are given")
    sources = [source for file in files for source in read_results(file, given, result)]
    return iter(with_times(api, sources))


def _sources_in(file: Path) -> Sources:
    """The sources in one file. A fault is one of them, so that the submissions beside it are not lost."""
    is_empty = True
    try:
        for entry in entries(_chunks(file), are_lines=file.suffix in LINES):
            if entry is None:
                yield None
            else:
                is_empty = False
                yield Source(file, entry.submission or {}, line=entry.line, fault=entry.fault)
    except OSError as error:
        yield Source(file, {}, fault=f"cannot be read: {error.strerror}")
    else:
        if is_empty:
            yield Source(file, {}, fault=f"contains no submission: {WANTED}")


def _chunks(file: Path) -> Iterator[bytes | None]:
    """The chunks of a file or a pipe; None while it is silent."""
    with _opened(file) as stream:
        is_real = not isinstance(stream, io.BytesIO)
        while True:
            while is_real and not select.select([stream], [], [], SILENT_SECONDS)[0]:
                yield None
            chunk = stream.read(CHUNK_BYTES)
            if not chunk:
                return
            yield chunk


def _opened(file: Path) -> BinaryIO:
    """Open a file without a buffer: `select` cannot see what is in a buffer."""
    if file != STANDARD_INPUT:
        return file.open("rb", buffering=0)
    try:
        return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    except OSError:  # it is no file but a text in memory, as in tests
        return io.BytesIO(sys.stdin.buffer.read())


def read_results(file: Path, given: Given, result: str | None) -> list[Source]:
    """The submissions in a file of a pipeline. If it is not understood, the command ends."""
    from clients.importers.files import read_pipeline_file  # late: it reads the vocabulary

    try:
        found = read_pipeline_file(file, given, result)
    except FileNotUnderstood as error:
        fail(f"{file}: {error}")
    except SettingsInvalid as error:
        fail(str(error))
    return [Source(file, imported.submission, imported.unplaced, imported.findings) for imported in found]


def with_times(api: Api, sources: Iterable[Source]) -> list[Source]:
    """The sources, where those without a start take the latest end of their inputs."""
    return [source if "start" in source.submission else _timed_by_inputs(api, source) for source in sources]


def _timed_by_inputs(api: Api, source: Source) -> Source:
    from clients.importers.completion import start_assumed

    ends = [
        (datetime.fromisoformat(found["end"]), path)
        for path in source.submission.get("input", ())
        for found in api.search("/datasets", path=path)["datasets"]
        if found.get("end")
    ]
    if not ends:
        fail(f"{source.file}: neither the file, its date nor its inputs say when it was made; give --start")
    end, path = max(ends)
    times = {"start": end.isoformat(), "end": end.isoformat()}
    finding = start_assumed(f"the end of its input {path}", end.isoformat())
    return replace(source, submission=source.submission | times, findings=[*source.findings, finding])


def print_not_submitted(unplaced: Iterable[Mapping[str, str]]) -> None:
    """Print what is in the file and not in the submission. Another result, or middle bins, are one line."""
    for reason, group in groupby(unplaced, key=lambda one: one["reason"]):
        listed = list(group)
        lines = [f"{one['place']} = {one['value']}: {reason}" for one in listed]
        if reason.startswith((OF_ANOTHER, BETWEEN)):
            lines = [f"{len(listed)} values from {listed[0]['place']} on: {reason} (--json lists them)"]
        for line in lines:
            console.print(f"  [yellow]not submitted[/] {escape(line)}", soft_wrap=True)


def read_submissions(file: Path) -> list[dict[str, Any]]:
    """The submissions in a file, in order. A fault in the file ends the command."""
    return [readable(source).submission for source in _sources_in(file) if source]


def readable(source: Source) -> Source:
    """The source. If it is a fault, the command ends."""
    return fail(f"{source.place} {source.fault}") if source.fault else source
