"""Which dataset a record is about follows from its content; a key that says otherwise is not believed."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.inputs.submissions import LinkerView
from shared.events.codes import Code, Poison, Refusal
from shared.events.headers import derived_headers
from shared.events.record import Record
from shared.events.rejection import DatasetRejected
from shared.events.rejection_message import rejection_id, rejection_message
from shared.events.subject import NO_SUBJECT, check_key, subject_of
from shared.events.topics import COMMITTED, LINKED, PENDING, REGISTERED, SAMPLES, SUBMITTED, TOPICS, TRACKED, VALIDATED
from shared.events.wire import read
from tests.builders.garbage import garbled
from tests.builders.linker.records import NOON, facts, validated
from tests.builders.seeds import seed_of_run
from tests.builders.submissions import IDENTITIES

A, B = "/data/a", "/data/b"
MINE, ANOTHERS = IDENTITIES.dataset(A), IDENTITIES.dataset(B)
KEYS = st.none() | st.binary(max_size=40) | st.just(str(ANOTHERS).encode())


def record(payload: Any, topic: str = SUBMITTED.name, key: bytes | None = None) -> Record:
    return Record(topic, 0, 7, 1000, key, json.dumps(payload).encode(), ())


@given(KEYS, st.sampled_from([A, f"/{A}/", f"{A}/."]))
def test_a_submission_is_about_the_path_that_it_names_whatever_its_key_says(key: bytes | None, path: str) -> None:
    assert subject_of(record({"submission": {"path": path}}, key=key), IDENTITIES) == (MINE, A)


@given(KEYS, st.sampled_from([b"", b"{", b"[]", b"null", b'{"submission":7}', b'{"submission":{"path":7}}', b"\xff"]))
def test_what_names_no_path_is_about_no_dataset_whatever_its_key_says(key: bytes | None, value: bytes) -> None:
    assert subject_of(replace(record({}, key=key), value=value), IDENTITIES) == NO_SUBJECT
    assert subject_of(replace(record({}, key=key), value=None), IDENTITIES) == NO_SUBJECT


def test_a_path_is_found_where_the_standard_library_finds_it() -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    good = record(
        {"submission": {"name": "Å", "path": A, "parameters": {"x": [1, {"path": B}]}}, "dataset": {"path": B}}
    )
    for _ in range(2000):
        bad = garbled(good, chance)
        try:
            path = json.loads(bad.value or b"")["submission"]["path"]
        except (ValueError, TypeError, KeyError, RecursionError):
            path = None
        found = subject_of(bad, IDENTITIES)
        assert found == (subject_of(record({"submission": {"path": path}}), IDENTITIES)), f"{seed}: {bad.value!r}"


def test_a_path_that_cannot_be_a_datasets_is_told_and_is_no_dataset() -> None:
    assert subject_of(record({"submission": {"path": "/data/../b"}}), IDENTITIES) == (None, "/data/../b")


def test_a_producer_cannot_speak_of_another_dataset_in_the_section_of_a_stage() -> None:
    payload = {"submission": {"path": A}, "dataset": {"path": B}, "commit": {"path": B}}
    assert subject_of(record(payload), IDENTITIES) == (MINE, A)
    assert subject_of(record({"sample": {}, "dataset": {"path": B}}, SAMPLES.name), IDENTITIES) == NO_SUBJECT


@given(KEYS)
def test_the_rejection_of_what_names_no_path_is_keyed_by_no_dataset(key: bytes | None) -> None:
    refused = replace(record({}, key=key), value=b"{")
    message = rejection_message(
        "validator", refused, Refusal(Code.NOT_JSON, "no"), NOON, subject_of(refused, IDENTITIES)
    )
    rejection = DatasetRejected.model_validate_json(message.value).rejection
    assert rejection.dataset_id is None
    assert message.key == str(rejection_id(rejection)).encode()


def test_a_rejection_has_one_id_however_often_and_by_way_of_which_records_it_is_told() -> None:
    said = record({"submission": {"path": A}})
    headers = derived_headers(VALIDATED, said, "r", "validator", NOON)
    passed = [Record(VALIDATED.name, 1, n, 5000 + n, None, said.value, headers) for n in (3, 9)]
    linked = [
        replace(each, topic=LINKED.name, headers=derived_headers(LINKED, each, "r", "linker", NOON)) for each in passed
    ]

    def told(each: Record, stage: str) -> str:
        message = rejection_message(stage, each, Refusal(Code.INPUT_SELF, "no"), NOON)
        identity = dict(message.headers)["ce_id"].decode()
        assert identity == str(rejection_id(DatasetRejected.model_validate_json(message.value).rejection))
        return identity

    assert len({told(each, "linker") for each in passed}) == 1
    assert len({told(each, "linker") for each in linked}) == 1
    assert told(passed[0], "linker") != told(passed[0], "catalog_writer")
    assert told(said, "linker") != told(replace(said, timestamp_ms=1001), "linker"), "an offset that was given twice"


def test_a_producer_cannot_give_its_rejection_the_id_of_anothers() -> None:
    forged = replace(record({}), headers=(("ce_origin", b"dataset.submitted/0/1/1"), ("ce_source", b"/beamcat/x")))
    honest = replace(forged, headers=())
    first, second = (
        DatasetRejected.model_validate_json(rejection_message("v", each, Refusal(Code.NOT_JSON, "no"), NOON).value)
        for each in (forged, honest)
    )
    assert (first.rejection.submitted, second.rejection.submitted) == (None, None)


@pytest.mark.parametrize("key", [None, b"", b"any", str(ANOTHERS).encode(), str(MINE).upper().encode()])
def test_between_stages_a_record_that_does_not_have_its_own_id_as_key_is_refused_by_name(key: bytes | None) -> None:
    event = read(validated(facts(A)), VALIDATED, LinkerView)
    check_key(event, VALIDATED)
    with pytest.raises(Poison, match=str(MINE)) as refused:
        check_key(replace(event, record=replace(event.record, key=key)), VALIDATED)
    assert refused.value.refusal.code is Code.KEY_WRONG


def test_every_topic_on_which_stages_depend_for_order_has_its_key_checked() -> None:
    checked = {topic.name for topic in TOPICS if topic.keyed_by is not None}
    assert checked >= {VALIDATED.name, "dataset.linked", TRACKED.name, COMMITTED.name, PENDING.name, REGISTERED.name}
    assert SUBMITTED.name not in checked
