"""Every example under `schemas/examples/` is judged as its file says; every kind of every technique is shown."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deploy.definitions.examples import Judge, Judged, read_example
from shared.events.dataset import Submission
from shared.runtime.facility import FacilitySettings
from shared.vocabulary.datafiles import SCHEMAS
from tests.builders.described import TECHNIQUES, VOCABULARY

EXAMPLES = sorted((SCHEMAS / "examples").rglob("*"))
FILES = [path for path in EXAMPLES if path.is_file()]
JUDGE = Judge(VOCABULARY, TECHNIQUES, FacilitySettings())

CURES = r"[;.,] (give|send|write|correct|check|name|submit|move|leave|did you mean)\b"

every_example = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")


@cache
def _load(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


@cache
def _judge(file: Path) -> Judged:
    return JUDGE.judge(read_example(file))


@every_example
def test_an_example_is_judged_as_its_file_says(file: Path) -> None:
    assert not list(_judge(file).differences(read_example(file).expect))


@every_example
def test_a_finding_says_what_is_wrong_and_what_to_do_about_it_each_once(file: Path) -> None:
    for finding in _judge(file).findings:
        assert finding.cure, f"nothing can be done about {finding}"
        assert finding.cure not in finding.message
        assert not re.search(CURES, finding.message), f"a cure stands in the message of {finding}"
        assert re.fullmatch(r"[a-z].*[^.]", finding.cure), "a clause that can follow the message"


@every_example
def test_an_example_is_named_after_its_case(file: Path) -> None:
    outcome, _, case = file.stem.partition("-")
    example = _load(file)

    assert {"about", "submission", "expect"} <= set(example) <= {"about", "submission", "inputs", "expect"}
    assert {"errors", "warnings"} <= set(example["expect"]) <= {"kind", "errors", "warnings", "waits_for"}
    assert file.suffix == ".json"
    assert case
    assert outcome == ("rejected" if example["expect"]["errors"] else "accepted")
    assert set(example["submission"]) <= set(Submission.model_fields), "a misspelt field would be ignored"
    for path, said in example.get("inputs", {}).items():
        assert path in example["submission"]["input"], "an input that nobody names"
        if said.keys() != {"rejected"}:
            assert {"kind"} <= set(said) <= {"kind", "proposal", "sample", "start", "complete"}
            assert TECHNIQUES.kind(said["kind"]), "a kind that no file describes"


def test_every_kind_has_an_accepted_example_and_a_rejected_one_where_it_demands_anything() -> None:
    shown: Counter[tuple[str, str]] = Counter()
    for file in FILES:
        dataset = _judge(file).dataset
        if dataset is not None:
            shown[dataset.kind, file.stem.partition("-")[0]] += 1
    kinds = [kind for technique in TECHNIQUES.techniques for kind in technique.kind]
    assert [kind.name for kind in kinds if shown[kind.name, "accepted"] < 1] == []
    demanding = [kind for kind in kinds if kind.required or kind.input or kind.strict]
    assert [kind.name for kind in demanding if shown[kind.name, "rejected"] < 1] == []


def test_every_technique_has_a_rejected_example_of_raw_and_of_processed_data() -> None:
    rejected = {
        (file.parent.name, dataset.type)
        for file in FILES
        if file.stem.startswith("rejected") and (dataset := _judge(file).dataset) is not None
    }
    techniques = [technique.name.lower() for technique in TECHNIQUES.techniques]
    assert rejected == {(name, type_) for name in techniques for type_ in ("raw", "processed")}


def test_every_folder_of_examples_belongs_to_a_technique() -> None:
    folders = {path.name for path in (SCHEMAS / "examples").iterdir()}
    assert folders == {technique.name.lower() for technique in TECHNIQUES.techniques}
    for file in FILES:
        dataset = _judge(file).dataset
        assert dataset is None or dataset.technique.lower() == file.parent.name


def test_nothing_else_lies_among_the_data_files() -> None:
    strangers = [
        path.name
        for folder in ("techniques", "vocabulary")
        for path in (SCHEMAS / folder).iterdir()
        if path.suffix != ".toml"
    ]
    assert strangers == []
