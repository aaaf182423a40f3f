import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from shared.events.topics import SUBMITTED, TOPICS, Topic
from tools.contracts.generated import EVENTS, ROOT

EXAMPLES = sorted((ROOT / "schemas/examples").rglob("*.json"))


def schema_of(topic: Topic) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((ROOT / EVENTS / topic.schema_file).read_text(encoding="utf-8"))
    return schema


@pytest.fixture(scope="module")
def submitted() -> Validator:
    return Draft202012Validator(schema_of(SUBMITTED))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_schema_is_valid_json_schema(topic: Topic) -> None:
    Draft202012Validator.check_schema(schema_of(topic))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_newer_minor_version_may_add_fields_anywhere(topic: Topic) -> None:
    assert '"additionalProperties": false' not in json.dumps(schema_of(topic))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_the_shape_of_a_submission(path: Path, submitted: Validator) -> None:
    example = json.loads(path.read_text(encoding="utf-8"))
    assert [error.message for error in submitted.iter_errors({"submission": example["submission"]})] == []


@pytest.mark.parametrize(
    ("submission", "words"),
    [
        ({"path": "/data/x", "proposal": "mx1111"}, "'name' is a required property"),
        ({"name": "x", "path": "/data/x", "proposal": "mx1111", "mode": "overwrite"}, "'overwrite' is not one of"),
        ({"name": "x", "path": "", "proposal": "mx1111"}, "'' should be non-empty"),
        ({"name": "x", "path": "/data/x", "proposal": "mx1111", "sequence_index": "7"}, "'7' is not valid"),
    ],
)
def test_what_has_another_shape_is_refused_by_the_schema(
    submission: dict[str, str], words: str, submitted: Validator
) -> None:
    [error] = submitted.iter_errors({"submission": submission})
    assert words in error.message


def test_there_are_examples() -> None:
    assert EXAMPLES
