"""Every kind has a builder in the client, and what it builds is judged as that kind."""

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from beamcat_client import mx
from shared.events.dataset import Submission
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.validator import SUBMITTED_AT, a_checker
from tools.contracts.builders import builder_names
from tools.contracts.generated import ROOT

BUILDERS = {
    kind: (technique.name.lower(), name)
    for technique in TECHNIQUES.techniques
    for kind, name in builder_names(technique).items()
}


def example_of(path: Path) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return example


def is_whole(submission: dict[str, Any]) -> bool:
    """A part may leave out what a builder asks for."""
    return submission.get("mode") != "merge" and submission.get("complete", True)


ACCEPTED = sorted((ROOT / "schemas/examples").rglob("accepted-*.json"))
WHOLE = [
    path
    for path in ACCEPTED
    if example_of(path)["expect"].get("kind") in BUILDERS and is_whole(example_of(path)["submission"])
]


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_kind_has_a_builder_of_its_own(kind: str) -> None:
    module, name = BUILDERS[kind]
    assert f"`{kind}`" in (getattr(importlib.import_module(f"beamcat_client.{module}"), name).__doc__ or "")
    assert list(BUILDERS.values()).count((module, name)) == 1


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_a_builder_makes_of_an_example_is_of_its_kind_and_accepted(path: Path) -> None:
    example = example_of(path)
    kind, submission = example["expect"]["kind"], example["submission"]
    module, name = BUILDERS[kind]
    builder = getattr(importlib.import_module(f"beamcat_client.{module}"), name)
    arguments: dict[str, Any] = {}
    also: dict[str, Any] = {}
    for said, value in submission["parameters"].items():
        term = VOCABULARY.resolve(said)
        if term is not None and term.name in inspect.signature(builder).parameters:
            arguments[term.name] = value
        elif said not in ("definition", "technique_pid", "scanType"):
            also[said] = value
    if "input" in inspect.signature(builder).parameters:
        arguments["input"] = submission.get("input", [])
    if kind.endswith(".generic") and "scanType" in submission["parameters"]:
        also["scanType"] = submission["parameters"]["scanType"]

    verdict = a_checker().check(
        Submission(**{**submission, **builder(**arguments, also=also)}), "example", SUBMITTED_AT
    )
    assert verdict.errors == []
    assert verdict.dataset is not None
    assert verdict.dataset.kind == kind


def test_what_is_not_said_is_not_sent() -> None:
    assert mx.data_collection(MX_numberOfImages=3600, MX_detectorDistance="15 cm", also={"OURS_x": 1}) == {
        "technique": "MX",
        "parameters": {
            "scanType": "datacollection",
            "MX_numberOfImages": 3600,
            "MX_detectorDistance": "15 cm",
            "OURS_x": 1,
        },
        "input": [],
    }


def test_what_the_kind_must_say_cannot_be_left_out() -> None:
    with pytest.raises(TypeError, match="MXMRLigandFitting_ligand_name"):
        mx.ligand_fit(input=["/data/a"])  # type: ignore[call-arg]  # that is the test


def test_a_misspelt_argument_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="MX_exposureTme"):
        mx.data_collection(MX_numberOfImages=1, MX_exposureTme=0.1)  # type: ignore[call-arg]  # that is the test


def test_the_docstring_tells_unit_range_and_meaning() -> None:
    documentation = inspect.getdoc(mx.data_collection) or ""
    [line] = [line for line in documentation.splitlines() if line.strip().startswith("MX_oscillationRange:")]
    assert "Degrees rotated per frame" in line
    assert "-360 to 360 deg" in line
