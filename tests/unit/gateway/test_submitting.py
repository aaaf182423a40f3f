import asyncio
import json
from uuid import UUID, uuid4

import httpx
import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from prometheus_client import REGISTRY

from shared.events.dataset import DatasetSubmitted
from shared.events.identity import Identities
from shared.events.investigation import Investigation, InvestigationAnnounced
from shared.events.sample import SampleMoved
from shared.events.topics import INVESTIGATIONS, SAMPLES, SUBMITTED
from tests.unit.gateway.gateway_on_memory import DATASET, NOW, PATH, Gateway, event_of


async def test_a_dataset_is_answered_with_its_receipt_its_id_and_its_normalised_path(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    answer = await caller.post("/datasets", json=DATASET)
    assert answer.status_code == 202
    dataset_id = Identities("facility.example").dataset(PATH)
    receipt = answer.json()
    assert receipt == {
        "receipt_id": str(UUID(receipt["receipt_id"])),
        "dataset_id": str(dataset_id),
        "path": PATH,
        "status_url": f"/receipts/{receipt['receipt_id']}?source=/producers/id30a3-control&dataset_id={dataset_id}",
    }
    [message] = gateway.publisher.of("dataset.submitted")
    received = event_of(message, SUBMITTED, DatasetSubmitted)
    assert message.key == str(dataset_id).encode()
    assert (received.receipt_id, received.source) == (receipt["receipt_id"], "/producers/id30a3-control")
    assert received.time == NOW.isoformat()
    assert json.loads(message.value) == {"submission": DATASET}


async def test_the_same_idempotency_key_gives_the_same_receipt(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    key = str(uuid4())
    for _ in range(2):
        answer = await caller.post("/datasets", json=DATASET, headers={"Idempotency-Key": key.upper()})
        assert answer.json()["receipt_id"] == key
    assert len({message.headers for message in gateway.publisher.messages}) == 2, "only the traces differ"
    assert {dict(message.headers)["ce_id"] for message in gateway.publisher.messages} == {key.encode()}


async def test_an_idempotency_key_that_is_no_uuid_is_refused_by_name(caller: httpx.AsyncClient) -> None:
    answer = await caller.post("/datasets", json=DATASET, headers={"Idempotency-Key": "run_01"})
    assert answer.status_code == 400
    assert "Idempotency-Key is 'run_01'" in answer.json()["detail"]


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(("given", "kept"), [(TRACE, True), ("00-0-0-0", False), (TRACE.replace("4b", "é"), False)])
async def test_a_trace_is_taken_over_if_well_formed_and_begun_otherwise(
    gateway: Gateway, caller: httpx.AsyncClient, given: str, *, kept: bool
) -> None:
    await caller.post("/datasets", json=DATASET, headers={b"traceparent": given.encode()})
    trace = dict(gateway.publisher.messages[0].headers)["traceparent"].decode()
    assert (trace == given) is kept
    assert len(trace) == len(TRACE)


async def test_a_batch_is_answered_item_by_item_in_order(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    receipt_id = str(uuid4())
    items = [
        {**DATASET, "receipt_id": receipt_id},
        {**DATASET, "nam": "x"},
        {**DATASET, "beamline": "id23-1"},
        {**DATASET, "receipt_id": receipt_id},
        "no object",
        {**DATASET, "path": "/data/other"},
    ]
    answer = await caller.post("/datasets:batch", json={"datasets": items})
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [202, 422, 403, 422, 422, 202]
    assert results[0]["receipt_id"] == receipt_id
    assert "did you mean 'name'?" in results[1]["detail"]
    first, second = gateway.publisher.of("dataset.submitted")
    assert json.loads(first.value) == {"submission": DATASET}, "the receipt travels in the header"
    assert event_of(second, SUBMITTED, DatasetSubmitted).receipt_id == results[5]["receipt_id"]


async def test_a_batch_without_a_fault_is_accepted_whole(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    items = [{**DATASET, "path": f"/data/{number}"} for number in range(1000)]
    answer = await caller.post("/datasets:batch", json={"datasets": items})
    assert answer.status_code == 202
    assert [result["path"] for result in answer.json()["results"]] == [item["path"] for item in items]
    assert len(gateway.publisher.messages) == 1000


async def test_an_empty_batch_publishes_nothing(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    answer = await caller.post("/datasets:batch", json={"datasets": []})
    assert (answer.status_code, answer.json()) == (202, {"results": []})
    assert gateway.publisher.messages == []


async def test_an_investigation_goes_to_its_topic(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    body = {"facility_id": "77", "proposal": "MX1111", "beamline": "ID29", "start": "2026-11-24T08:00:00Z"}
    answer = await caller.post("/investigations", json=body)
    assert answer.status_code == 202
    [message] = gateway.publisher.of("investigation.events")
    received = event_of(message, INVESTIGATIONS, InvestigationAnnounced)
    assert message.key == b"mx1111"
    assert received.receipt_id == answer.json()["receipt_id"]
    assert isinstance(received.event.investigation, Investigation)
    assert received.event.investigation.facility_id == "77"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"end": "2026-11-24T07:00:00Z"}, 422, "end: is before start"),
        ({"start": "2026-11-24T08:00:00"}, 422, "start: input should have timezone info"),
        ({"facilityid": "77"}, 422, "did you mean 'facility_id'?"),
        ({"beamline": "id23-1"}, 403, "not for 'id23-1'"),
    ],
)
async def test_an_investigation_that_cannot_be_is_refused(
    gateway: Gateway, caller: httpx.AsyncClient, change: dict[str, str], status: int, words: str
) -> None:
    body = {"facility_id": "77", "proposal": "MX1111", "beamline": "id29", "start": "2026-11-24T08:00:00Z", **change}
    answer = await caller.post("/investigations", json=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert gateway.publisher.messages == []


async def test_a_sample_event_is_keyed_by_its_sample(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    body = {
        "happening": "mounted",
        "sample": "Fus_RAC1b",
        "proposal": "MX1111",
        "beamline": "id30a-3",
        "at": "2026-11-24T09:00:00Z",
    }
    answer = await caller.post("/samples", json=body)
    assert answer.status_code == 202
    [message] = gateway.publisher.of("sample.events")
    assert message.key == b"mx1111 Fus_RAC1b"
    assert event_of(message, SAMPLES, SampleMoved).event.sample.happening == "mounted"


@pytest.mark.parametrize("blank", [" ", "\u00a0\t", "\u200b"])
async def test_a_sample_event_names_a_sample(gateway: Gateway, caller: httpx.AsyncClient, blank: str) -> None:
    body = {"happening": "mounted", "proposal": "MX1111", "beamline": "id30a-3", "at": "2026-11-24T09:00:00Z"}
    answer = await caller.post("/samples", json={**body, "sample": blank})
    assert answer.status_code == 422
    assert "give the name of the sample" in answer.json()["detail"]
    assert gateway.publisher.messages == []


async def test_kafka_away_is_a_503_with_the_receipt_to_send_again_with(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    gateway.publisher.error = KafkaConnectionError("no broker")
    key = str(uuid4())
    answer = await caller.post("/datasets", json=DATASET, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["receipt_id"] == key
    batch = await caller.post("/datasets:batch", json={"datasets": [{**DATASET, "receipt_id": key}]})
    assert (batch.status_code, batch.json()["receipt_ids"]) == (503, [key])


async def test_a_gateway_that_still_looks_for_kafka_says_so(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    gateway.publisher.error = KafkaConnectionError("Kafka is not connected yet")
    assert (await caller.post("/datasets", json=DATASET)).status_code == 503


async def test_a_topic_that_takes_less_is_no_reason_to_try_for_ever(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    gateway.publisher.error = MessageSizeTooLargeError("too large")
    assert (await caller.post("/datasets", json=DATASET)).status_code == 413


async def test_what_is_not_confirmed_in_time_may_yet_arrive_and_counts_against_the_bound(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    gateway.publisher.gate.clear()
    slow = [await caller.post("/datasets", json=DATASET) for _ in range(2)]
    assert [answer.status_code for answer in slow] == [503, 503]
    assert "did not confirm within 0.05 s" in slow[0].json()["detail"]
    full = await caller.post("/datasets", json=DATASET)
    assert full.status_code == 503
    assert "too much waits" in full.json()["detail"]
    gateway.publisher.gate.set()
    await asyncio.wait(gateway.confirmations._under_way)
    assert (await caller.post("/datasets", json=DATASET)).status_code == 202
    arrived = {dict(message.headers)["ce_id"].decode() for message in gateway.publisher.messages}
    assert {answer.json()["receipt_id"] for answer in slow} < arrived
    assert full.json()["receipt_id"] not in arrived


async def test_more_bytes_than_may_wait_are_a_429(caller: httpx.AsyncClient) -> None:
    big = [{**DATASET, "parameters": {"MX_directory": "x" * 400_000}} for _ in range(3)]
    answer = await caller.post("/datasets:batch", json={"datasets": big})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


async def test_a_source_that_has_sent_what_it_may_in_a_day_is_a_429_with_words_and_no_neighbour_is(
    gateway: Gateway, caller: httpx.AsyncClient
) -> None:
    gateway.quota.use("id30a3-control", gateway.quota.most_bytes + 10**6)
    answer = await caller.post("/datasets", json=DATASET)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "87")  # a day for the whole quota
    assert "id30a3-control has sent the 1000000000 bytes that one source may send in a day" in answer.json()["detail"]
    assert gateway.publisher.messages == []
    gateway.quota.use("id30a3-control", -(10**6))
    gateway.quota.use("another", gateway.quota.most_bytes + 1)
    assert (await caller.post("/datasets", json=DATASET)).status_code == 202


async def test_a_defect_is_a_500_that_tells_no_internals(
    gateway: Gateway, caller: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.publisher.error = ZeroDivisionError("internal words")
    answer = await caller.post("/datasets", json=DATASET)
    assert answer.status_code == 500
    assert "internal words" not in answer.text
    assert "internal words" in caplog.text


async def test_every_answer_is_counted_by_route_and_status(caller: httpx.AsyncClient) -> None:
    def counted(status: str) -> float:
        labels = {"route": "/datasets", "status": status}
        return REGISTRY.get_sample_value("beamcat_gateway_requests_total", labels) or 0

    before = counted("202"), counted("422")
    await caller.post("/datasets", json=DATASET)
    await caller.post("/datasets", json={})
    assert (counted("202"), counted("422")) == (before[0] + 1, before[1] + 1)
