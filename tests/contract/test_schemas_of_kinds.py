"""The schema of each kind, held against the examples by a validator that knows nothing of beamcat."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.vocabulary.kind_schema import technique_schema
from tests.builders.described import TECHNIQUES, VOCABULARY
from tools.contracts.generated import ROOT
from tools.contracts.kind_schemas import KINDS

KIND_NAMES = [kind.name for technique in TECHNIQUES.techniques for kind in technique.kind]
JUDGED = {
    path: kind
    for path in sorted((ROOT / "schemas/examples").rglob("*.json"))
    if (kind := json.loads(path.read_text(encoding="utf-8"))["expect"].get("kind"))
}
ACCEPTED = [path for path in JUDGED if path.stem.startswith("accepted")]

EXPRESSIBLE = {"parameter_missing", "parameter_unknown"}
"""What a schema can refuse by itself: other datasets, paths, times and laws across parameters are the services'."""
REFUSED = [
    path for path in JUDGED if EXPRESSIBLE & set(json.loads(path.read_text(encoding="utf-8"))["expect"]["errors"])
]


@cache
def schema_of(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((ROOT / KINDS / f"{kind}.json").read_text(encoding="utf-8"))
    return schema


def submission_of(path: Path) -> dict[str, Any]:
    submission: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["submission"]
    return submission


def objections(kind: str, submission: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(schema_of(kind)).iter_errors(submission)]


def a_collection(**parameters: object) -> dict[str, Any]:
    said = {"scanType": "datacollection", "MX_numberOfImages": 3600, **parameters}
    return {"name": "run_01", "path": "/data/run_01", "proposal": "mx1111", "parameters": said}


@cache
def check(schema: str) -> None:
    """Each text once: kinds share most of their parameters, and the check of one takes a millisecond."""
    Draft202012Validator.check_schema(json.loads(schema))


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_schema_of_a_kind_is_valid_json_schema(kind: str) -> None:
    parameters = schema_of(kind)["properties"]["parameters"]
    for described in parameters["properties"].values():
        check(json.dumps(described))
    without = {**schema_of(kind)["properties"], "parameters": {**parameters, "properties": {}}}
    check(json.dumps({**schema_of(kind), "properties": without}))


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_accepted_example_is_what_its_kind_may_say(path: Path) -> None:
    assert objections(JUDGED[path], submission_of(path)) == []


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_rejected_example_is_refused_where_a_schema_can_say_why(path: Path) -> None:
    assert objections(JUDGED[path], submission_of(path))


def test_every_kind_that_requires_a_parameter_has_an_example_that_is_refused_for_it() -> None:
    requiring = {kind.name for technique in TECHNIQUES.techniques for kind in technique.kind if kind.required}
    assert requiring
    assert requiring <= {JUDGED[path] for path in REFUSED}


def test_what_a_kind_requires_has_a_reason() -> None:
    kinds = [kind for technique in TECHNIQUES.techniques for kind in technique.kind]
    assert [(kind.name, name) for kind in kinds for name, reason in kind.required.items() if not reason] == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"MX_detectorDistance": 150},
        {"MX_detectorDistance": " 15 cm "},
        {"MX_detectorDistance": "150.2 ± 0.1 mm"},
        {"MX_detectorDistance": [150.2]},
        {"MX_detectorDistance": None},
        {"MX_detectorDistance": -1},
        {"MX_detectorDistance": "far"},
        {"MX_detectorDistance": {"value": 150}},
        {"MX_numberOfImages": 3600.5},
        {"MX_numberOfImages": ""},
        {"MX_motors_value": "0.12 None 3.4"},
        {"MX_oscillationStart": "left"},
        {"MX_inventedByUs": {"kept": "and flagged"}},
        {"startDate": "yesterday"},
    ],
)
def test_no_value_is_refused(parameters: dict[str, object]) -> None:
    assert objections("mx.raw.datacollection", a_collection(**parameters)) == []


@pytest.mark.parametrize(("scan_type", "accepted"), [("OSC", True), ("mesh", False)])
def test_a_kind_is_what_it_is_recognised_by(scan_type: str, *, accepted: bool) -> None:
    assert (objections("mx.raw.datacollection", a_collection(scanType=scan_type)) == []) is accepted


LIGAND = "MXMRLigandFitting_ligand_name"


@pytest.mark.parametrize(
    ("fields", "parameters", "accepted"),
    [
        ({}, {}, False),
        ({"mode": "merge"}, {}, True),
        ({"complete": False}, {}, True),
        ({}, {"complete": "False"}, True),
        ({}, {"complete": "True"}, False),
        ({}, {LIGAND: "ATP"}, True),
        ({}, {LIGAND: ""}, False),
        ({}, {LIGAND: None}, False),
    ],
)
def test_only_a_whole_dataset_owes_what_is_required(
    fields: dict[str, object], parameters: dict[str, object], *, accepted: bool
) -> None:
    said = {"MXMRLigandFitting_R_free": "0.2", **parameters}
    submission = {**a_collection(), "input": ["/data/a"], "parameters": said, **fields}
    assert (objections("mx.processed.ligandfit", submission) == []) is accepted


def test_a_misspelt_field_is_refused() -> None:
    assert objections("mx.raw.datacollection", {**a_collection(), "propsal": "mx1111"})


@pytest.mark.parametrize(("inputs", "accepted"), [([], False), (["/data/a"], True), (["/data/a", "/data/b"], False)])
def test_so_many_inputs_as_the_relations_of_the_kind_permit(inputs: list[str], *, accepted: bool) -> None:
    submission = {**a_collection(scanType="integration", Process_program="XDS"), "input": inputs}
    assert (objections("mx.processed.integration", submission) == []) is accepted


def test_inputs_may_come_as_icats_parameter() -> None:
    said = {"scanType": "integration", "Process_program": "XDS", "input_datasets": "/data/a"}
    assert objections("mx.processed.integration", {**a_collection(), "parameters": said}) == []


def test_a_kind_may_be_known_by_a_family_of_its_parameters() -> None:
    phasing = {**a_collection(Process_program="phaser"), "input": ["/data/a"]}
    assert objections("mx.processed.mrphasing", phasing)
    phasing["parameters"]["MXMRPhasing_space_group"] = "P 21 21 21"
    assert objections("mx.processed.mrphasing", phasing) == []


def test_the_schema_of_a_technique_holds_a_dataset_against_the_first_kind_that_fits() -> None:
    [mx] = [technique for technique in TECHNIQUES.techniques if technique.name == "MX"]
    validator = Draft202012Validator(technique_schema(mx, VOCABULARY))
    assert validator.is_valid(a_collection())
    assert validator.is_valid({**a_collection(scanType="a new one"), "input": []})
    fit = {**a_collection(scanType="", MXMRLigandFitting_R_free="0.2"), "input": ["/data/a"]}
    assert not validator.is_valid(fit)
    assert validator.is_valid({**a_collection(scanType="integration"), "input": ["/data/a"]})
