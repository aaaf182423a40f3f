"""The first files of a new technique: valid as they are, to be edited."""

import json
import keyword
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from shared.vocabulary.datafiles import FOLDERS

TECHNIQUE = """\
# {title}: say here what it measures, and what of.

name = "{name}"
title = {title_text}
pid = {pid_text}  # a term of ESRFET or PaNET; where neither has one, a URI of your own
definitions = ["{name}"]  # the words of ICAT's `definition` that mean it
optional = ["Sample_name", "Process_*"]  # what its datasets usually say: names or patterns

[[kind]]
name = "{lower}.raw.frames"
title = "Frames, as the detector wrote them"
type = "raw"
expected = ["InstrumentMonochromator_energy"]  # flagged where it is missing
optional = ["InstrumentDetector01_*"]

[[kind]]
name = "{lower}.processed.result"
title = "A result of frames"
type = "processed"
match.inputs = {{ min = 1 }}
await_inputs = "2 days"  # an input that has not come by then refuses the dataset

[[kind.input]]  # what it may come from
kinds = ["{lower}.raw.*"]
min = 1
same_sample = "error"  # refused; "warning": kept and told; left out: not asked
same_proposal = "error"
not_before_input = "warning"
"""
START, LATER, EARLIER = "2024-11-30T09:00:00+01:00", "2024-11-30T09:10:00+01:00", "2024-11-30T08:50:00+01:00"


class NotANameError(ValueError):
    """The name is not valid for a technique. The message says why."""


def files_of(name: str, title: str, pid: str) -> dict[str, str]:
    """The text of each file, by its path within a directory of schemas.

    Raises:
        NotANameError: its files, its kinds or the client's module cannot have this name.
    """
    lower = name.lower()
    if not (lower.isidentifier() and lower.isascii()) or keyword.iskeyword(lower):
        raise NotANameError(f"{name}: a technique is named with letters, digits and _, as MX, and is no word of Python")
    if find_spec("beamcat_client") and find_spec(f"beamcat_client.{lower}"):
        raise NotANameError(f"{name}: the client has a module of that name; choose another one")
    examples = {f"examples/{lower}/{case}.json": _json(example) for case, example in _examples(name)}
    texts = {"title_text": json.dumps(title), "pid_text": json.dumps(pid)}  # a JSON string is also a TOML string
    technique = TECHNIQUE.format(name=name, lower=lower, title=" ".join(title.split()), **texts)
    return {f"techniques/{lower}.toml": technique, **examples}


def is_of_schemas(directory: Path) -> bool:
    """Whether data files may be written to a folder: it has some already, or it is empty."""
    return directory.is_dir() and (
        any((directory / folder).is_dir() for folder in FOLDERS) or not any(directory.iterdir())
    )


def write(directory: Path, files: dict[str, str]) -> Iterator[Path]:
    """Write the files, unless one of them exists.

    Raises:
        FileExistsError: one of them exists; nothing was written.
    """
    for name in files:
        if (directory / name).exists():
            raise FileExistsError(f"{directory / name} is there already")
    for name, text in files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        yield file


def _examples(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    frames, result = f"{name.lower()}.raw.frames", f"{name.lower()}.processed.result"
    raw = _submission(name, "RAW_DATA/sample/run_01", START, InstrumentMonochromator_energy="12.7")
    processed = _submission(name, "PROCESSED_DATA/sample/run_01/result", LATER, Process_program="ours")
    processed["input"] = [raw["path"]]
    yield "accepted-frames", _example("Frames, as the beamline sends them.", raw, frames)
    yield (
        "accepted-result",
        _example("A result of catalogued frames.", processed, result, inputs={raw["path"]: {"kind": frames}}),
    )
    yield (
        "rejected-frames-end-before-they-start",
        _example("A clock was wrong.", {**raw, "end": EARLIER}, frames, ["end_before_start"]),
    )
    yield (
        "rejected-result-of-another-sample",
        _example(
            "The frames are of another sample.",
            processed,
            result,
            ["input_of_other_sample"],
            {raw["path"]: {"kind": frames, "sample": "another"}},
        ),
    )


def _submission(name: str, place: str, start: str, **parameters: str) -> dict[str, Any]:
    return {
        "name": place.rpartition("/")[2],
        "path": f"/data/visitor/mx1111/id00/20241130/{place}",
        "proposal": "mx1111",
        "beamline": "id00",
        "sample": "sample",
        "start": start,
        "technique": name,
        "parameters": parameters,
    }


def _example(
    about: str,
    submission: dict[str, Any],
    kind: str,
    errors: list[str] | None = None,
    inputs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "about": about,
        "submission": submission,
        **({"inputs": inputs} if inputs else {}),
        "expect": {"kind": kind, "errors": errors or [], "warnings": []},
    }


def _json(example: dict[str, Any]) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False) + "\n"
