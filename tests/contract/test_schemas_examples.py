"""Every example under `schemas/examples/` is judged as its file says; every kind that MX describes is shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.datafiles import SCHEMAS
from shared.events import Submission
from shared.techniques import TechniqueBook
from tests.unit.validator.builders import SUBMITTED_AT, a_checker

EXAMPLES = sorted((SCHEMAS / "examples").rglob("*"))
FILES = [path for path in EXAMPLES if path.is_file()]


def _load(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_example_is_judged_as_its_file_says(file: Path) -> None:
    example = _load(file)
    verdict = a_checker().check(Submission(**example["submission"]), "example", SUBMITTED_AT)

    assert {finding.code for finding in verdict.findings if finding.severity == "error"} == set(
        example["expect"]["errors"]
    ), verdict.findings
    assert {finding.code for finding in verdict.findings if finding.severity == "warning"} == set(
        example["expect"]["warnings"]
    ), verdict.findings
    if "kind" in example["expect"]:
        assert verdict.dataset is not None
        assert verdict.dataset.kind == example["expect"]["kind"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_example_is_named_after_its_case(file: Path) -> None:
    outcome, _, case = file.stem.partition("-")
    example = _load(file)

    assert set(example) == {"about", "submission", "expect"}
    assert file.suffix == ".json"
    assert case
    assert outcome == ("rejected" if example["expect"]["errors"] else "accepted")
    assert set(example["submission"]) <= set(Submission.model_fields), "a misspelt field would be ignored"


def test_every_technique_has_examples_and_every_folder_a_technique() -> None:
    folders = {path.name for path in (SCHEMAS / "examples").iterdir()}
    assert folders == {technique.name.lower() for technique in TechniqueBook.load().techniques}
    for folder in folders:
        outcomes = [file.stem.partition("-")[0] for file in (SCHEMAS / "examples" / folder).iterdir()]
        assert outcomes.count("accepted") >= 1
        assert outcomes.count("rejected") >= 2


def test_nothing_else_lies_among_the_data_files() -> None:
    strangers = [
        path.name
        for folder in ("techniques", "vocabulary")
        for path in (SCHEMAS / folder).iterdir()
        if path.suffix != ".toml"
    ]
    assert strangers == []
