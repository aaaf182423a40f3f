"""What `submit` and `check` are given: submissions as JSON, or files that pipelines left behind."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape

from clients.cli.api import Api
from clients.cli.importing.gathering import BETWEEN, FileNotUnderstood, Given, Unplaced
from clients.cli.importing.results import OF_ANOTHER
from clients.cli.output import console, fail
from shared.events import Finding

FromPipelines = Annotated[
    bool, typer.Option("--from", help="FILES are autoPROC.xml, xia2.json, metadata.json, mmCIF …: docs/mmcif.md.")
]
Proposal = Annotated[str | None, typer.Option(help="With --from: whose data it is, where the file does not say.")]
Beamline = Annotated[str | None, typer.Option(help="With --from: where it was measured.")]
Sample = Annotated[str | None, typer.Option(help="With --from: the sample's name; else that of the inputs.")]
FolderOption = Annotated[
    str | None,
    typer.Option(
        "--path", help="With --from: the dataset's folder; else the file's. {result} is the number of the result."
    ),
]
NameOption = Annotated[str | None, typer.Option("--name", help="With --from: the dataset's name; else its folder's.")]
Inputs = Annotated[
    list[str] | None, typer.Option("--input", help="With --from: a dataset it was made from; may be repeated.")
]
Start = Annotated[str | None, typer.Option(help="With --from: when it began; else the file's times, or its date.")]
End = Annotated[str | None, typer.Option(help="With --from: when it ended.")]
Program = Annotated[str | None, typer.Option(help="With --from: the program that made it, where the file names none.")]
WhichResult = Annotated[
    str | None,
    typer.Option("--result", help="With --from: of several results in a file its number, or all; see --path."),
]


@dataclass(frozen=True)
class Source:
    """A submission, the file that it was read from, what of that file is not in it, and what was decided."""

    file: Path
    submission: dict[str, Any]
    unplaced: Sequence[Unplaced] | None = None
    findings: Sequence[Finding] = ()

    def told(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """A service's answer about the submission, with what the reader of the file has to say."""
        if self.unplaced is not None:
            answer = {**answer, "not_submitted": [asdict(one) for one in self.unplaced]}
        if self.findings:
            own = [finding.model_dump(mode="json", exclude_none=True) for finding in self.findings]
            answer = {**answer, "findings": [*own, *answer.get("findings", ())]}
        return dict(answer)


def read_sources(files: Sequence[Path], given: Given, result: str | None, *, from_pipelines: bool) -> list[Source]:
    """All submissions in files, in their order."""
    options = [*given.options(), *(["result"] if result else [])]
    if not from_pipelines:
        if options:
            fail(f"--{min(options)} completes what a pipeline left behind; give --from too")
        return [Source(file, submission) for file in files for submission in read_submissions(file)]
    if len(files) > 1 and (given.path or given.name):
        fail("--path and --name are of one dataset, and several files are given")
    return [source for file in files for source in _read_pipeline_file(file, given, result)]


def _read_pipeline_file(file: Path, given: Given, result: str | None) -> list[Source]:
    from clients.cli.importing.reading import read_pipeline_file  # late: it reads the vocabulary

    try:
        found = read_pipeline_file(file, given, result)
    except FileNotUnderstood as error:
        fail(f"{file}: {error}")
    return [Source(file, imported.submission, imported.unplaced, imported.findings) for imported in found]


def with_times(api: Api, sources: Iterable[Source]) -> list[Source]:
    """The same, where what still has no start has that of the latest end among its inputs."""
    return [source if "start" in source.submission else _timed_by_inputs(api, source) for source in sources]


def _timed_by_inputs(api: Api, source: Source) -> Source:
    from clients.cli.importing.completing import start_assumed

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
    """What the file says and the submission does not: a line each, but one alone for another result or middle bins."""
    for reason, group in groupby(unplaced, key=lambda one: one["reason"]):
        listed = list(group)
        lines = [f"{one['place']} = {one['value']}: {reason}" for one in listed]
        if reason.startswith((OF_ANOTHER, BETWEEN)):
            lines = [f"{len(listed)} values from {listed[0]['place']} on: {reason} (--json lists them)"]
        for line in lines:
            console.print(f"  [yellow]not submitted[/] {escape(line)}", soft_wrap=True)


def read_submissions(file: Path) -> list[dict[str, Any]]:
    """The submissions in a file, in its order."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse)
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()  # 1e999 and "\ud800" cannot be sent
    except OSError as error:
        fail(f"{file} cannot be read: {error}")
    except (ValueError, RecursionError) as error:
        fail(f"{file} is not JSON: {error}")
    if isinstance(content, dict):
        content = content.get("datasets", [content])
    if not content or not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        fail(f'{file} holds no submission: give a JSON object, a list of them, or {{"datasets": […]}}')
    return content


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it does not know {constant}; leave a parameter out where there is no value")
