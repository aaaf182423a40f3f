"""The promise of docs/techniques/new-technique.md: what the page says is done, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.program import app
from services.search.projections.datasets.note import DatasetEntry
from shared.events.topics import COMMITTED, LINKED, PENDING, REJECTED, VALIDATED
from shared.vocabulary.datafiles import DataFileInvalid
from shared.vocabulary.techniques import TechniqueBook
from tests.builders.described import TECHNIQUES
from tests.builders.pages import ROOT, Typed, arguments_of, blocks_of, pattern_of, programs_of
from tests.builders.pipeline import World
from tests.builders.submissions import dataset_id, submitted

pytestmark = pytest.mark.flow

PAGE = "docs/techniques/new-technique.md"
THEIRS = "/etc/beamcat/schemas"
FILE = "techniques/phlogiston.toml"
EXAMPLES = ("accepted-frames.json", "rejected-result-of-another-sample.json")
COPIED = ("clients", "docs", "schemas", "services", "shared", "tests", "tools")
CHECKS = (
    "tests/contract/test_schemas_examples.py",
    "tests/contract/test_schemas_of_kinds.py",
    "tests/contract/test_schemas_techniques.py",
    "tests/contract/test_client_builders.py",
    "tests/contract/test_docs.py::test_the_index_names_every_page_of_a_folder",
    "tests/unit/shared/vocabulary/test_techniques.py",
)
"""What of `make check` looks at techniques, but for the drift of what `make contracts` has written a second before."""
OTHERS = " or ".join(technique.name.lower() for technique in TECHNIQUES.techniques)


def texts(language: str) -> list[str]:
    return [block.text for block in blocks_of(PAGE) if block.language == language]


def console() -> list[list[Typed]]:
    return [block.typed() for block in blocks_of(PAGE) if block.language == "console"]


def examples() -> tuple[dict[str, Any], dict[str, Any]]:
    accepted, rejected = map(json.loads, texts("json"))
    return accepted, rejected


def type_here(typed: Typed, directory: Path) -> None:
    """Type a command of the page, and compare what it shows, with another directory in place of the page's."""
    [program] = programs_of(typed.command.replace(THEIRS, str(directory)))
    result = CliRunner().invoke(app, arguments_of(program) or [])
    assert result.exit_code == typed.exit_code, result.output
    assert pattern_of([line.replace(THEIRS, str(directory)) for line in typed.shown]).fullmatch(result.output)


def write_what_the_page_says(directory: Path) -> None:
    """Make the skeleton's files into those of the page."""
    [technique] = texts("toml")
    (directory / FILE).write_text(technique, encoding="utf-8")
    for name, text in zip(EXAMPLES, texts("json"), strict=True):
        file = directory / "examples" / "phlogiston" / name
        assert file.exists()
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def facility(tmp_path: Path) -> Path:
    """The directory of a facility that has done what the page says, up to its third section."""
    [[new], [check], _] = console()
    type_here(new, tmp_path)
    type_here(check, tmp_path)
    write_what_the_page_says(tmp_path)
    type_here(check, tmp_path)
    return tmp_path


@pytest.fixture
def world(facility: Path) -> World:
    return World(TechniqueBook.load([facility / "techniques"]))


async def test_a_dataset_of_the_new_technique_is_validated_linked_and_found(world: World) -> None:
    frames, result = (example["submission"] for example in examples())
    await world.send(submitted(result, "r-result"))
    assert [payload["pending"]["waits_for"] for payload in world.said(PENDING.name)] == [[frames["path"]]]
    await world.send(submitted(frames, "r-frames"))

    kinds = ["phlogiston.raw.frames", "phlogiston.processed.result"]
    assert sorted(payload["dataset"]["kind"] for payload in world.said(VALIDATED.name)) == sorted(kinds)
    assert [payload["dataset"]["kind"] for payload in world.said(LINKED.name)] == kinds
    assert [payload["document"]["technique"] for payload in world.said(COMMITTED.name)] == ["PHLOGISTON"] * 2
    found = world.found.standing(DatasetEntry)[dataset_id(result)]
    assert (found.row.kind, [path for _, path in found.inputs]) == (kinds[1], [frames["path"]])


async def test_what_the_file_forbids_is_refused_with_the_reason(world: World) -> None:
    frames, wrong = (example["submission"] for example in examples())
    await world.send(submitted(frames | {"sample": "sulphur"}, "r-frames"), submitted(wrong, "r-wrong"))
    [rejection] = [payload["rejection"] for payload in world.said(REJECTED.name)]
    assert rejection["receipt_id"] == "r-wrong"
    assert [finding["code"] for finding in rejection["findings"]] == examples()[1]["expect"]["errors"]
    assert "expected sulphur, found charcoal" in rejection["message"]


async def test_without_the_file_it_is_kept_and_said_to_be_unknown() -> None:
    world = World()
    frames = examples()[0]["submission"]
    await world.send(submitted(frames, "r-frames"))
    [payload] = world.said(COMMITTED.name)
    assert payload["document"]["kind"] == "generic.raw"
    assert "technique_unknown" in [finding["code"] for finding in payload["document"]["findings"]]


def test_a_slip_is_one_line_with_its_place(facility: Path) -> None:
    file = facility / FILE
    file.write_text(file.read_text().replace("match.inputs", "mach.inputs"))
    with pytest.raises(DataFileInvalid) as caught:
        TechniqueBook.load([facility / "techniques"])
    assert texts("text") == [f"{caught.value}\n".replace(str(facility), THEIRS)]


def test_a_technique_that_is_shared_passes_what_every_commit_passes(tmp_path: Path) -> None:
    for folder in COPIED:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    for name in ("pyproject.toml", "Makefile", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    [[new], _, shared] = console()
    type_here(new, tmp_path / "schemas")
    write_what_the_page_says(tmp_path / "schemas")
    python = [sys.executable, "-B", "-W", "ignore", "-m"]
    quick = ["-q", "-p", "no:cacheprovider", "--hypothesis-profile=quick", "-k", f"not ({OTHERS})"]
    meant = {
        "beamcat techniques check schemas": [*python, "deploy", "techniques", "check", "schemas"],
        "make contracts": [*python, "tools.contracts"],
        "make check": [*python, "pytest", *quick, *CHECKS],
    }
    assert [typed.command for typed in shared] == list(meant)
    for command, program in meant.items():
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(program, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-5000:]}{done.stderr}"
