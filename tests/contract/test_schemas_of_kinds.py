"""The schema of each kind, held against the examples by a validator that knows nothing of beamcat."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docs.contracts.generated import ROOT
from docs.contracts.kind_schemas import KINDS
from shared.kind_schema import technique_schema
from shared.values import NUMBER
from tests.described import TECHNIQUES, VOCABULARY

KIND_NAMES = [kind.name for technique in TECHNIQUES.techniques for kind in technique.kind]
JUDGED = {
    path: kind
    for path in sorted((ROOT / "schemas/examples").rglob("*.json"))
    if (kind := json.loads(path.read_text(encoding="utf-8"))["expect"].get("kind"))
}
ACCEPTED = [path for path in JUDGED if path.stem.startswith("accepted")]

EXPRESSIBLE = {"parameter_missing", "parameter_unknown", "value_not_an_integer", "value_out_of_range"}
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


def as_numbers(submission: dict[str, Any]) -> dict[str, Any]:
    """The same with numbers as numbers; a schema cannot compare what is text."""
    said = submission["parameters"].items()
    numbers = {
        name: float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value for name, value in said
    }
    return {**submission, "parameters": numbers}


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
    assert objections(JUDGED[path], as_numbers(submission_of(path)))


def test_most_rejected_examples_with_a_fault_in_their_parameters_are_refused() -> None:
    assert len(REFUSED) >= len(KIND_NAMES) / 2


@pytest.mark.parametrize(
    ("parameters", "accepted"),
    [
        ({"MX_detectorDistance": 150}, True),
        ({"MX_detectorDistance": "150.2"}, True),
        ({"MX_detectorDistance": " 15 cm "}, True),
        ({"MX_detectorDistance": "150.2 ± 0.1 mm"}, True),
        ({"MX_detectorDistance": [150.2]}, True),
        ({"MX_detectorDistance": ""}, True),
        ({"MX_detectorDistance": "N/A"}, True),
        ({"MX_detectorDistance": None}, True),
        ({"MX_detectorDistance": -1}, False),
        ({"MX_detectorDistance": "15 parsec"}, False),
        ({"MX_detectorDistance": "far"}, False),
        ({"MX_detectorDistance": True}, False),
        ({"MX_detectorDistance": {"value": 150}}, False),
        ({"MX_numberOfImages": "3600.0"}, True),
        ({"MX_numberOfImages": 3600.5}, False),
        ({"MX_numberOfImages": ""}, False),
        ({"InstrumentCryostat01_value": "Room temperature"}, True),
        ({"InstrumentCryostat01_value": "warm"}, False),
        ({"MX_oscillationStart": "0.0"}, True),
        ({"MX_oscillationStart": "left"}, False),
        ({"MX_inventedByUs": {"kept": "and flagged"}}, True),
        ({"scanType": "OSC"}, True),
        ({"scanType": "mesh"}, False),
        ({"startDate": "yesterday"}, False),
    ],
)
def test_a_value_is_refused_by_its_shape_unit_or_range(parameters: dict[str, object], *, accepted: bool) -> None:
    assert (objections("mx.raw.datacollection", a_collection(**parameters)) == []) is accepted


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ({}, False),
        ({"mode": "merge"}, True),
        ({"complete": False}, True),
        ({"parameters": {"scanType": "osc", "complete": "False"}}, True),
        ({"parameters": {"scanType": "osc", "complete": "True"}}, False),
    ],
)
def test_only_a_whole_dataset_owes_what_is_required(said: dict[str, object], *, accepted: bool) -> None:
    submission = {**a_collection(), "parameters": {"scanType": "osc"}, **said}
    assert (objections("mx.raw.datacollection", submission) == []) is accepted


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
    assert not validator.is_valid(a_collection(MX_numberOfImages="many"))
    assert not validator.is_valid({**a_collection(scanType="integration"), "input": ["/data/a"]})
