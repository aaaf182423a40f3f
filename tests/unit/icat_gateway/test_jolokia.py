from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from services.icat_gateway.jolokia.consumers import ConsumerGroup, Consumers, Consumption, GroupState
from services.icat_gateway.jolokia.server import Jolokia
from services.icat_gateway.ports import QUEUES
from shared.http.settings import HttpSettings
from shared.kafka.settings import KafkaSettings
from shared.runtime.backoff import Backoff

GROUP = ConsumerGroup("beamcat.validator", "dataset.submitted")
IDLE = GroupState(members=2, committed=100, end=100)
BEHIND = GroupState(members=2, committed=100, end=105)
ONE_FURTHER = GroupState(members=2, committed=101, end=105)
LEFT = GroupState(members=0, committed=100, end=100)
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moments", "asked_at", "consumers"),
    [
        ([], 0, 0),
        ([(IDLE, 0)], 1, 2),
        ([(IDLE, 0)], 10.1, 0),  # Kafka is away
        ([(IDLE, 0), (LEFT, 5)], 6, 0),
        ([(BEHIND, 0)], 1, 2),  # at first the benefit of the doubt
        ([(IDLE, 0), (IDLE, 1000), (BEHIND, 1002)], 1003, 2),  # it was idle so long, and has just got something
        ([(BEHIND, 0), (BEHIND, 30)], 31, 2),
        ([(BEHIND, 0), (BEHIND, 31)], 32, 0),  # it has members, and does nothing
        ([(BEHIND, 0), (BEHIND, 31), (ONE_FURTHER, 33)], 34, 2),
        ([(BEHIND, 0), (ONE_FURTHER, 29), (ONE_FURTHER, 58)], 58, 2),
    ],
)
def test_only_who_really_consumes_counts(
    moments: list[tuple[GroupState, float]], asked_at: float, consumers: int
) -> None:
    consumption = Consumption()
    for state, at in moments:
        consumption.note(state, at)
    assert consumption.consumers(asked_at) == consumers


@pytest.fixture
def consumers() -> Consumers:
    return Consumers(KafkaSettings(), dict.fromkeys(QUEUES, GROUP), Backoff(), lambda: 5.0)


@pytest.fixture
def caller(consumers: Consumers) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(Jolokia(("127.0.0.1", 0), HttpSettings(), consumers, Backoff(), lambda: NOW).router())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge.test", auth=("user", "user"))


def path(queue: str, attribute: str = "ConsumerCount") -> str:
    """As pyicat-plus writes it."""
    properties = f"type=Broker,brokerName=metadata,destinationType=Queue,destinationName={queue}"
    return f"/api/jolokia/read/org.apache.activemq:{properties}/{attribute}"


@pytest.mark.parametrize("queue", QUEUES)
async def test_the_count_of_a_queue_is_that_of_the_group_behind_it(
    queue: str, consumers: Consumers, caller: httpx.AsyncClient
) -> None:
    assert (await caller.get(path(queue))).json()["value"] == 0
    consumers.note(GROUP, IDLE)
    answer = await caller.get(path(queue))
    assert answer.json() == {
        "request": {"mbean": path(queue).split("/")[-2], "attribute": "ConsumerCount", "type": "read"},
        "value": 2,
        "timestamp": int(NOW.timestamp()),
        "status": 200,
    }


@pytest.mark.parametrize("asked", [path("other"), path(QUEUES[0], "QueueSize"), "/api/jolokia/read/x", path("")])
async def test_what_is_not_known_is_a_404_in_words(asked: str, caller: httpx.AsyncClient) -> None:
    answer = await caller.get(asked)
    assert answer.status_code == 404
    assert "ask for ConsumerCount of one of icatIngest" in answer.json()["error"]
