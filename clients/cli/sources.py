"""What `submit` and `check` are given: submissions as JSON, or files that pipelines left behind."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape

from clients.cli.importing.gathering import FileNotUnderstood, Given
from clients.cli.output import console, fail

FromPipelines = Annotated[
    bool, typer.Option("--from", help="FILES are autoPROC.xml, xia2.json, metadata.json, mmCIF …: docs/mmcif.md.")
]
Proposal = Annotated[str | None, typer.Option(help="With --from: whose data it is, where the file does not say.")]
Beamline = Annotated[str | None, typer.Option(help="With --from: where it was measured.")]
Sample = Annotated[str | None, typer.Option(help="With --from: the sample's name; else that of the inputs.")]
FolderOption = Annotated[str | None, typer.Option("--path", help="With --from: the dataset's folder; else the file's.")]
NameOption = Annotated[str | None, typer.Option("--name", help="With --from: the dataset's name; else its folder's.")]
Inputs = Annotated[
    list[str] | None, typer.Option("--input", help="With --from: a dataset it was made from; may be repeated.")
]


@dataclass(frozen=True)
class Source:
    """A submission, the file that it was read from, and what of that file is not in it."""

    file: Path
    submission: dict[str, Any]
    not_submitted: dict[str, Any] = field(default_factory=dict)


def read_sources(files: Sequence[Path], given: Given, *, from_pipelines: bool) -> list[Source]:
    """All submissions in files, in their order."""
    if not from_pipelines:
        if given.fields():
            fail(f"--{min(given.fields())} completes what a pipeline left behind; give --from too")
        return [Source(file, submission) for file in files for submission in read_submissions(file)]
    if len(files) > 1 and (given.path or given.name):
        fail("--path and --name are of one dataset, and several files are given")
    return [_read_pipeline_file(file, given) for file in files]


def _read_pipeline_file(file: Path, given: Given) -> Source:
    from clients.cli.importing.reading import read_pipeline_file  # late: it reads the vocabulary

    try:
        imported = read_pipeline_file(file, given)
    except FileNotUnderstood as error:
        fail(f"{file}: {error}")
    return Source(file, imported.submission, {"not_submitted": [asdict(one) for one in imported.unplaced]})


def print_not_submitted(unplaced: Iterable[Mapping[str, str]]) -> None:
    """What the file says and the submission does not, a line each."""
    for one in unplaced:
        told = escape(f"{one['place']} = {one['value']}: {one['reason']}")
        console.print(f"  [yellow]not submitted[/] {told}", soft_wrap=True)


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
