"""A receipt id that is used again: a repetition passes, anything else is refused where it is known."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.keys import BYTES_OF_A_USE, UsedKeys
from shared.access.tokens import create_token
from shared.foundation.problem import Problem
from tests.unit.gateway.gateway_on_memory import DATASET, PATH, Gateway

NOW = datetime(2026, 11, 24, tzinfo=UTC)
OTHER = {**DATASET, "path": "/data/other"}
CORRECTED = {**DATASET, "sample": "Rac1"}


def keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid4())}


async def test_another_path_under_a_used_key_is_refused_with_the_first_path(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    key = keyed()
    assert (await caller.post("/datasets", json=DATASET, headers=key)).status_code == 202
    answer = await caller.post("/datasets", json=OTHER, headers=key)
    assert answer.status_code == 422
    assert f"was used for {PATH} at 12:00:00 UTC; each dataset has its own" in answer.json()["detail"]
    assert len(gateway.publisher.messages) == 1


async def test_other_content_under_a_used_key_is_refused_and_the_same_is_taken(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    key = keyed()
    said = [DATASET, CORRECTED, DATASET]
    answers = [await caller.post("/datasets", json=each, headers=key) for each in said]
    assert [answer.status_code for answer in answers] == [202, 422, 202]
    assert f"was used for other content of {PATH}" in answers[1].json()["detail"]
    assert "send a correction under a new one" in answers[1].json()["detail"]
    assert len(gateway.publisher.messages) == 2


async def test_a_key_is_known_whichever_way_it_came(caller: httpx.AsyncClient) -> None:
    key = str(uuid4())
    batch = {"datasets": [{**DATASET, "receipt_id": key}, OTHER]}
    assert (await caller.post("/datasets:batch", json=batch)).status_code == 202
    assert (await caller.post("/datasets", json=OTHER, headers=keyed(key))).status_code == 422
    again = {"datasets": [{**OTHER, "receipt_id": key}, {**DATASET, "receipt_id": str(uuid4())}]}
    results = (await caller.post("/datasets:batch", json=again)).json()["results"]
    assert [result["status"] for result in results] == [422, 202]
    sample = {"happening": "mounted", "sample": "x1", "proposal": "mx1111", "beamline": "id29", "at": NOW.isoformat()}
    answer = await caller.post("/samples", json=sample, headers=keyed(key))
    assert (answer.status_code, PATH in answer.json()["detail"]) == (422, True)


async def test_a_key_that_stands_twice_in_a_batch_is_refused_with_the_first_path(caller: httpx.AsyncClient) -> None:
    key = str(uuid4())
    batch = {"datasets": [{**DATASET, "receipt_id": key}, {**OTHER, "receipt_id": key}]}
    results = (await caller.post("/datasets:batch", json=batch)).json()["results"]
    assert [result["status"] for result in results] == [202, 422]
    assert f"occurs twice in this batch, first for {PATH}" in results[1]["detail"]


async def test_the_key_of_another_producer_refuses_nothing(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    key = keyed()
    stranger = gateway.caller(create_token(gateway.tokens_file, "stranger", ["*"]))
    assert (await stranger.post("/datasets", json=DATASET, headers=key)).status_code == 202
    assert (await caller.post("/datasets", json=OTHER, headers=key)).status_code == 202


async def test_a_key_of_what_kafka_did_not_take_can_be_used_for_something_else(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    key = keyed()
    gateway.publisher.error = KafkaConnectionError()
    assert (await caller.post("/datasets", json=DATASET, headers=key)).status_code == 503
    gateway.publisher.error = None
    assert (await caller.post("/datasets", json=OTHER, headers=key)).status_code == 202


def is_known(keys: UsedKeys, source: str, receipt_id: UUID) -> bool:
    try:
        keys.claim(source, receipt_id, "/another", b"", NOW)()
    except Problem:
        return True
    return False


def test_a_source_that_uses_many_keys_forgets_its_own_alone() -> None:
    keys = UsedKeys(most_bytes_of_a_source=10 * (BYTES_OF_A_USE + 2))
    quiet, *many = map(UUID, (f"{n:032x}" for n in range(101)))
    keys.claim("quiet", quiet, "/a", b"", NOW)
    for each in many:
        keys.claim("busy", each, "/a", b"", NOW)
    assert is_known(keys, "quiet", quiet)
    assert [is_known(keys, "busy", each) for each in (many[-1], many[-10], many[0])] == [True, True, False]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 30), st.integers(1, 50))))
def test_whatever_is_used_the_memory_stays_within_its_bounds(uses: list[tuple[str, int, int]]) -> None:
    keys = UsedKeys(most_bytes_of_a_source=5 * BYTES_OF_A_USE, most_bytes=12 * BYTES_OF_A_USE)
    for source, number, length in uses:
        with suppress(Problem):
            keys.claim(source, UUID(int=number), "/" * length, b"", NOW)
        assert keys.size <= 12 * BYTES_OF_A_USE


@pytest.mark.parametrize("most", [0, BYTES_OF_A_USE])
def test_where_there_is_no_room_nothing_is_known_and_nothing_is_refused(most: int) -> None:
    keys = UsedKeys(most_bytes=most)
    for path in ("/a", "/b"):
        keys.claim("a", UUID(int=1), path, b"", NOW)
