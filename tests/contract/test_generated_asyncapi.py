import json
from typing import Any, TypeAlias

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

from shared.events.codes import Code, Poison
from shared.events.headers import headers_of
from shared.events.members import Member
from shared.events.record import Record
from shared.events.topics import SUBMITTED, TOPICS
from shared.events.wire import read
from tools.contracts.asyncapi import HEADERS, REQUIRED_HEADERS
from tools.contracts.generated import ROOT
from tools.contracts.system import declared_services

SCHEMAS = ROOT / "schemas"
Json: TypeAlias = Any
"""Whatever stands in a JSON document."""

PLACES = [Member("submission", 1, 2)]
HEADERS_OF_AN_EVENT = headers_of(
    SUBMITTED,
    receipt_id="1",
    source="/x",
    time="2026-01-01",
    traceparent=b"00-1-2-01",
    places=PLACES,
    producer=b"/x",
    origin=b"dataset.submitted/0/7/0",
    content="a fingerprint",
)


@pytest.fixture(scope="module")
def document() -> Json:
    return json.loads((SCHEMAS / "asyncapi.json").read_text(encoding="utf-8"))


def references(part: Json) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if "$ref" in part else set()
        return own.union(*(references(inner) for inner in part.values()))
    return set().union(*(references(inner) for inner in part)) if isinstance(part, list) else set()


def test_the_document_is_asyncapi_3(document: Json) -> None:
    server = document["servers"]["kafka"] | {"pathname": ""}  # FastStream's model wants it, the standard does not
    ApplicationSchema.model_validate(document | {"servers": {"kafka": server}})
    assert document["asyncapi"] == "3.0.0"


def test_every_reference_leads_somewhere(document: Json) -> None:
    found = references(document)
    assert found
    for reference in found:
        if reference.startswith("#/"):
            part = document
            for key in reference.removeprefix("#/").split("/"):
                part = part[key]
        else:
            assert (SCHEMAS / reference).is_file(), reference


def test_every_topic_is_a_channel_that_somebody_writes_and_somebody_reads(document: Json) -> None:
    assert list(document["channels"]) == [topic.name for topic in TOPICS]
    for action in ("send", "receive"):
        channels = {entry["channel"]["$ref"] for entry in document["operations"].values() if entry["action"] == action}
        topics = {f"#/channels/{topic.name}" for topic in TOPICS}
        assert channels >= topics, action


def test_every_stage_is_an_operation(document: Json) -> None:
    stages = [stage for service in declared_services() for stage in service.stages]
    receiving = [name for name, entry in document["operations"].items() if entry["action"] == "receive"]
    assert receiving == [f"{stage.name}.receive" for stage in stages]
    assert len(set(receiving)) == len(receiving)


def test_the_headers_are_those_that_are_sent() -> None:
    assert list(HEADERS) == [name for name, _ in HEADERS_OF_AN_EVENT]


@pytest.mark.parametrize("missing", HEADERS)
def test_an_event_is_read_without_a_header_if_and_only_if_it_is_not_required(missing: str) -> None:
    headers = tuple((name, value) for name, value in HEADERS_OF_AN_EVENT if name != missing)
    value = b'{"submission": {"name": "x", "path": "/data/x", "proposal": "mx1111"}}'
    record = Record(SUBMITTED.name, 0, 0, 0, None, value, headers)
    if missing in REQUIRED_HEADERS:
        with pytest.raises(Poison) as poison:
            read(record, SUBMITTED, SUBMITTED.event)
        assert poison.value.refusal.code is Code.HEADER_INVALID
    else:
        assert read(record, SUBMITTED, SUBMITTED.event).receipt_id == "1"
