"""Every stage and relay over the memory twins, without broker and database: one sentence, one test."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.events.record import Message
from shared.events.topics import COMMITTED, PENDING, REJECTED
from shared.vocabulary.datafiles import SCHEMAS
from tests.builders.pipeline import AWAIT_SECONDS, World
from tests.builders.submissions import processed_submission, raw_submission, submitted
from tools.contracts.system import declared_services

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("form")]

XRF = SCHEMAS / "examples/xrf"


@pytest.fixture
def raw() -> dict[str, Any]:
    return raw_submission(1, random.Random(1))


@pytest.fixture
def processed(raw: dict[str, Any]) -> dict[str, Any]:
    return processed_submission(2, [raw], random.Random(2))


async def test_a_dataset_is_submitted_validated_linked_tracked_and_committed(raw: dict[str, Any]) -> None:
    world = World()
    await world.send(submitted(raw, "r-1"))
    [event] = world.said(COMMITTED.name)
    assert event["commit"]["receipt_id"] == "r-1"
    assert event["document"]["kind"] == "mx.raw.datacollection"
    assert event["document"]["sample"]["name"] == raw["sample"]
    said = event["document"]["parameters"]["MX_exposureTime"]
    assert said == {"value": 0.01, "unit": "s", "original": "0.01"}


async def test_each_topic_holds_only_what_its_declared_producers_sent(
    raw: dict[str, Any], processed: dict[str, Any], form: str
) -> None:
    senders = {
        f"/beamcat/{name}": service.service.produces
        for service in declared_services()
        for name in (service.name, *(stage.name for stage in service.stages))
    }
    refused = raw | {"path": f"{raw['path']}-refused", "start": "never"}
    world = World()
    await world.send(submitted(processed, "r-child"), submitted(raw, "r-parent"), submitted(refused, "r-refused"))
    sent = {(dict(message.headers)["ce_source"].decode(), message.topic) for message in world.broker.messages}
    by_services = {(source, topic) for source, topic in sent if source in senders}
    between = {"dataset.validated", "dataset.linked", "dataset.tracked"} if form == "apart" else set()
    assert {topic for _, topic in by_services} == {
        "dataset.committed", "dataset.pending", "dataset.rejected", *between
    }  # fmt: skip
    for source, topic in by_services:
        assert topic in {declared.name for declared in senders[source]}, (source, topic)


async def test_a_child_waits_for_its_parent_and_inherits_its_sample(
    raw: dict[str, Any], processed: dict[str, Any]
) -> None:
    world = World()
    child = {key: value for key, value in processed.items() if key != "sample"}
    await world.send(submitted(child, "r-child"))
    assert world.committed() == []
    assert world.said(PENDING.name)[0]["pending"]["waits_for"] == [raw["path"]]
    await world.send(submitted(raw, "r-parent"))
    assert world.committed() == [(raw["path"], 1), (child["path"], 1)]
    document = world.said(COMMITTED.name)[1]["document"]
    assert document["sample"] | {"sample_id": None} == {"sample_id": None, "name": raw["sample"], "inherited": True}
    assert [parent["path"] for parent in document["inputs"]] == [raw["path"]]


async def test_a_unit_that_stands_beside_a_value_is_catalogued_with_it(
    raw: dict[str, Any], processed: dict[str, Any]
) -> None:
    world = World()
    merging, group = "MXAutoprocIntegrationScaling_overall_r_merge", "MXAutoprocIntegration_space_group"
    said = {merging: "0.9", group: "H 3 2"}
    child = processed | {"parameters": processed["parameters"] | said, "units": {merging: "%"}}
    await world.send(submitted(raw, "r-parent"), submitted(child, "r-child"))
    parameters = world.said(COMMITTED.name)[1]["document"]["parameters"]
    assert parameters[merging] == {"value": 0.009, "original": "0.9", "said_unit": "%"}
    assert parameters[group] == {"value": "R 3 2:H", "original": "H 3 2"}


async def test_a_child_that_misses_its_parent_by_a_little_is_told_what_is_catalogued(
    raw: dict[str, Any], processed: dict[str, Any]
) -> None:
    world = World()
    await world.send(submitted(raw, "r-parent"))
    by_little = [f"{raw['path']}/run_01_master.h5", raw["path"].replace("RAW_DATA", "raw_data"), f"{raw['path']} "]
    for n, path in enumerate(by_little):
        child = processed | {"path": f"{processed['path']}_{n}", "input": [path]}
        await world.send(submitted(child, f"r-{n}"))
    pending = [event["pending"] for event in world.said(PENDING.name)]
    assert [[(one["value"], one["expected"]) for one in each["findings"]] for each in pending] == [
        [(path, raw["path"])] for path in by_little
    ]
    assert world.said(REJECTED.name) == []


async def test_a_sample_is_the_same_however_its_name_is_written(raw: dict[str, Any], processed: dict[str, Any]) -> None:
    world = World()
    child = processed | {"sample": "lyso  e\u0301", "input": [raw["path"]]}
    await world.send(submitted(raw | {"sample": " Lyso\u00a0é"}, "r-parent"), submitted(child, "r-child"))
    parent, child = world.said(COMMITTED.name)
    assert parent["document"]["sample"]["name"] == "Lyso é"
    assert "input_of_other_sample" not in [finding["code"] for finding in child["document"]["findings"]]


async def test_a_child_whose_parent_never_comes_is_rejected_by_name(
    raw: dict[str, Any], processed: dict[str, Any]
) -> None:
    world = World()
    await world.send(submitted(processed, "r-child"))
    world.now += timedelta(seconds=AWAIT_SECONDS + 1)
    await world.links.expire(world.now)
    await world.flow()
    [rejection] = [payload["rejection"] for payload in world.said(REJECTED.name)]
    assert (rejection["code"], rejection["receipt_id"]) == ("input_missing", "r-child")
    assert raw["path"] in rejection["message"]


async def test_a_child_of_a_kind_that_does_not_wait_for_a_rejected_parent_is_rejected_with_its_reason() -> None:
    a_map, fit = (json.loads((XRF / f"accepted-{name}.json").read_text())["submission"] for name in ("map", "fit"))
    fit["input"] = [a_map["path"]]
    wrong = a_map | {"start": "yesterday"}
    world = World()
    await world.send(submitted(fit, "r-fit"), submitted(wrong, "r-map"))
    [parent, child] = [payload["rejection"] for payload in world.said(REJECTED.name)]
    assert (parent["receipt_id"], parent["code"]) == ("r-map", "dataset_invalid")
    assert (child["receipt_id"], child["code"], child["stage"]) == ("r-fit", "input_rejected", "linker")
    assert (a_map["path"] in child["message"], "start = 'yesterday'" in child["message"]) == (True, True)
    assert child["producer"] == parent["producer"] == "/producers/builder"
    await world.send(submitted(a_map, "r-map-corrected"), submitted(fit, "r-fit-again"))
    assert world.committed() == [(a_map["path"], 1), (fit["path"], 1)]


async def test_a_refused_record_under_the_key_of_another_dataset_ends_nobodys_waiting() -> None:
    a_map, fit = (json.loads((XRF / f"accepted-{name}.json").read_text())["submission"] for name in ("map", "fit"))
    fit["input"] = [a_map["path"]]
    world = World()
    forged = submitted(a_map, "r-forged")
    await world.send(submitted(fit, "r-fit"), replace(forged, value=b"{"))
    await world.send(replace(forged, value=b'{"submission":{"path":"/data/visitor/elsewhere"}}'))
    assert [payload["rejection"]["receipt_id"] for payload in world.said(REJECTED.name)] == ["r-forged"] * 2
    await world.send(submitted(a_map, "r-map"))
    assert world.committed() == [(a_map["path"], 1), (fit["path"], 1)]


async def test_everything_sent_twice_changes_nothing(raw: dict[str, Any], processed: dict[str, Any]) -> None:
    world = World()
    messages: Sequence[Message] = (submitted(processed, "r-child"), submitted(raw, "r-parent"))
    await world.send(*messages, *messages)
    await world.send(*messages)
    assert sorted(world.committed()) == sorted([(raw["path"], 1), (processed["path"], 1)])


async def test_an_update_of_a_waiting_dataset_waits_behind_it(raw: dict[str, Any], processed: dict[str, Any]) -> None:
    world = World()
    update = processed | {"parameters": processed["parameters"] | {"group_by": "later"}}
    await world.send(submitted(processed, "r-first"), submitted(update, "r-later"))
    await world.send(submitted(raw, "r-parent"))
    assert world.committed() == [(raw["path"], 1), (processed["path"], 1), (processed["path"], 2)]


async def test_the_same_content_under_another_receipt_is_answered_as_unchanged(raw: dict[str, Any]) -> None:
    world = World()
    await world.send(submitted(raw, "r-1"))
    await world.send(submitted(raw, "r-2"))
    assert [payload["commit"]["outcome"] for payload in world.said(COMMITTED.name)] == ["created", "unchanged"]
    assert world.committed() == [(raw["path"], 1), (raw["path"], 1)]
