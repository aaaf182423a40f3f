import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.request_body import read_json, read_model
from services.gateway.routes import MOST_BATCH_BYTES
from shared.events.dataset import Submission
from shared.events.topics import MOST_SUBMISSION_BYTES
from shared.foundation.problem import Problem
from shared.http.problems import response_of
from tests.unit.gateway.gateway_on_memory import DATASET, Gateway


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "a JSON list; send one JSON object"),
        (b'{"name": "\xff"}', "not UTF-8: byte 10 is 0xff"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b'{"parameters": {"MX_flux": NaN}}', "a number is NaN"),
        (b'{"parameters": {"MX_flux": [-Infinity]}}', "a number is -Infinity"),
        (b'{"parameters": {"MX_flux": 1e999}}', "the number 1e999 is too large"),
        (b'{"parameters": {"MX_flux": %s}}' % (b"9" * 5000), "not JSON"),
        (b'{"name": "a\\u0000b"}', "the character NUL"),
        (b'{"parameters": {"a\\u0000b": 1}}', "the character NUL"),
        (b'{"name": "\\ud800"}', "surrogate"),
        (b'{"name": "a", "name": "b"}', "the name 'name' occurs twice"),
        (b'{"parameters": ' + b"[" * 30 + b"]" * 30 + b"}", "more than 20 levels deep"),
        (b'{"parameters": ' + b"[" * 100_000, "more than 20 levels deep"),
    ],
)
async def test_what_cannot_be_read_is_a_400_that_says_why(
    gateway: Gateway, caller: httpx.AsyncClient, body: bytes, words: str
) -> None:
    answer = await caller.post("/datasets", content=body)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert gateway.publisher.messages == []


async def test_all_faults_are_named_at_once_with_their_cures(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    body = {
        "dataset": "run_01",
        "pathh": "/data/x",
        "file_count": -1,
        "files": [{"path": "a", "siz": 1}],
        "proposal": 5,
    }
    answer = await caller.post("/datasets", json=body)
    assert answer.status_code == 422
    faults = {fault["field"]: fault["message"] for fault in answer.json()["errors"]}
    assert faults == {
        "name": "is missing; give it",
        "path": "is missing; give it",
        "proposal": "input should be a valid string",
        "file_count": "input should be greater than or equal to 0",
        "files.0.siz": "is not a field of Submission; remove it, or put it under parameters",
        "dataset": "is not a field of Submission; did you mean 'name'?",
        "pathh": "is not a field of Submission; did you mean 'path'?",
    }
    assert gateway.publisher.messages == []


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"path": "data/x"}, "path", "not absolute"),
        ({"path": "/data/../x"}, "path", "'..'"),
        ({"beamline": None}, "beamline", "is missing; give it, or the parameter beamlineID"),
        ({"parameters": {str(number): 1 for number in range(2001)}}, "parameters", "2001 entries, the limit is 2000"),
        ({"input": ["/data/x"] * 10_001}, "input", "10001 entries"),
        ({"files": [{"path": "x"}] * 10_001}, "files", "10001 entries"),
        ({"input_datasets": ["/data/x"]}, "input_datasets", "did you mean 'input'?"),
        ({"sampleName": "x"}, "sampleName", "did you mean 'sample'?"),
        ({"quite_unlike": 1}, "quite_unlike", "put it under parameters"),
        ({"mode": "append"}, "mode", "'replace', 'merge', 'upsert' or 'update'"),
    ],
)
async def test_a_fault_names_its_field(
    caller: httpx.AsyncClient, change: dict[str, Any], field: str, words: str
) -> None:
    answer = await caller.post("/datasets", json={**DATASET, **change})
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["field"] == field
    assert words in fault["message"]


async def test_a_submission_that_kafka_would_not_take_is_too_large(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    answer = await caller.post("/datasets", json={**DATASET, "parameters": {"x": "y" * MOST_SUBMISSION_BYTES}})
    assert answer.status_code == 413
    big = {**DATASET, "parameters": {"x": "y" * (MOST_SUBMISSION_BYTES - 100)}}
    batch = await caller.post("/datasets:batch", json={"datasets": [big, DATASET]})
    assert [result["status"] for result in batch.json()["results"]] == [413, 202]
    assert len(gateway.publisher.messages) == 1


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        (b'"x\\u0000"', "the character NUL"),
        (b'"\\ud800"', "surrogate"),
        (b"NaN", "a number is NaN"),
        (b"-1e999", "too large"),
        (b'{"a": 1, "a": 2}', "the name 'a' occurs twice"),
        (b"[" * 30 + b"]" * 30, "20 levels"),
    ],
)
async def test_a_flaw_in_one_dataset_of_a_batch_never_harms_its_neighbours(
    gateway: Gateway, caller: httpx.AsyncClient, flaw: bytes, words: str
) -> None:
    sound = json.dumps(DATASET).encode()
    flawed = json.dumps({**DATASET, "parameters": {"MX_flux": 12345}}).encode().replace(b"12345", flaw)
    answer = await caller.post("/datasets:batch", content=b'{"datasets": [%b, %b, %b]}' % (sound, flawed, sound))
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [202, 400, 202]
    assert words in results[1]["detail"]
    assert len(gateway.publisher.messages) == 2


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"datasets": [{}] * 1001}, 413, "1001 datasets, the limit is 1000"),
        ({"datasets": [{"name": "x" * MOST_BATCH_BYTES}]}, 413, f"more than {MOST_BATCH_BYTES} bytes"),
        ({"datasets": {}}, 422, "datasets: is missing or not a list"),
        ({"datasets": [], "dataset": []}, 422, "dataset: is not a field of a batch"),
        ({}, 422, "datasets: is missing"),
    ],
)
async def test_a_batch_that_is_none_is_refused(
    caller: httpx.AsyncClient, body: dict[str, Any], status: int, words: str
) -> None:
    answer = await caller.post("/datasets:batch", json=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def values(leaf: st.SearchStrategy[object], text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(leaf, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4))


SOUND_TEXT = st.text(st.sampled_from('aZ0é\U0001f600"\\{ '), max_size=5)
ANY_TEXT = st.text(st.sampled_from('aé\x00\ud800"\\'), max_size=3)
SOUND = values(st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | SOUND_TEXT, SOUND_TEXT)
ANY = values(st.none() | st.integers() | st.floats() | ANY_TEXT, ANY_TEXT)
FIELDS = st.sampled_from([*Submission.model_fields, "nam", "Path"])


def problem_with(body: bytes) -> Problem | None:
    try:
        read_model(read_json(body), Submission)
    except Problem as problem:
        return problem
    return None


@settings(max_examples=50, deadline=None)
@given(st.binary() | st.dictionaries(FIELDS, ANY).map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_submission_or_a_problem_of_the_sender(body: bytes) -> None:
    if problem := problem_with(body):
        assert problem.status in (400, 422)
        assert problem.detail
        assert json.loads(bytes(response_of(problem).body))["status"] == problem.status


def nested(levels: int) -> bytes:
    return b'{"parameters": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def test_twenty_levels_are_read_and_no_more() -> None:
    assert read_json(nested(20))
    with pytest.raises(Problem, match="20 levels"):
        read_json(nested(21))


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(SOUND_TEXT, SOUND, max_size=5))
def test_reading_alters_nothing(value: dict[str, Any]) -> None:
    assert read_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize("path", ["/datasets", "/datasets:batch", "/investigations", "/samples"])
async def test_who_sends_nothing_but_rubbish_is_told_when_to_come_back_and_where_to_look(
    gateway: Gateway, caller: httpx.AsyncClient, path: str
) -> None:
    gateway.waits["/producers/id30a3-control"] = 12.3
    answer = await caller.post(path, json={"datasets": [DATASET]} if "batch" in path else DATASET)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "13"
    assert "beamcat rejections list --producer /producers/id30a3-control" in answer.json()["detail"]
    assert gateway.publisher.messages == []


async def test_another_producer_is_not_slowed(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    gateway.waits["/producers/somebody-else"] = 300.0
    assert (await caller.post("/datasets", json=DATASET)).status_code == 202


async def test_a_dry_run_is_never_slowed(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    gateway.waits["/producers/id30a3-control"] = 300.0
    assert (await caller.post("/datasets:check", json={"name": 1})).status_code == 422
