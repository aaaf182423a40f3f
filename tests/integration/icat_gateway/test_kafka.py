"""The edge as a process on a real Kafka: its clients, Kafka's absence, and its own sudden death."""

import asyncio
import contextlib
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from deploy.embedded.stack import DATABASE_VARIABLE, embedded_stack
from shared.events.topics import REJECTED, SUBMITTED
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from tests.builders.edge import Client
from tests.builders.icat_clients import EdgeProcess, dataset, run_python, topic_from_now

pytestmark = pytest.mark.integration

STOMPEST = """
import sys
from stompest.config import StompConfig
from stompest.sync import Stomp
port, body = sys.argv[1], sys.argv[2].encode()
client = Stomp(StompConfig(f"tcp://127.0.0.1:{port}", version="1.1"))
client.connect(versions=["1.1"])
for _ in range(3):
    client.send("/queue/icatIngest", body, {"persistent": "true", "ack": "client-individual"})
client.disconnect(receipt="bye")
frame = client.receiveFrame()
print(frame.command, frame.headers)
"""

STOMP_PY = """
import sys, threading, stomp
port, body = int(sys.argv[1]), sys.argv[2]
done = threading.Event()
class Listener(stomp.ConnectionListener):
    def on_receipt(self, frame): print("receipt", frame.headers["receipt-id"]); done.set()
for version in (stomp.Connection10, stomp.Connection11, stomp.Connection12):
    connection = version([("127.0.0.1", port)])
    connection.set_listener("", Listener())
    connection.connect("user", "user", wait=True)
    done.clear()
    connection.send("/queue/icatIngest", body, receipt="mine:1")
    assert done.wait(60)
    connection.disconnect()
"""

PYICAT_PLUS = """
import sys
from pyicat_plus.client.main import IcatClient
stomp, jolokia, path = sys.argv[1:]
client = IcatClient(metadata_urls=[f"127.0.0.1:{stomp}"], metadata_queue_monitor_port=int(jolokia))
client.store_dataset(beamline="id30a-3", proposal="mx1111", dataset="run_1", path=path, metadata={"Sample_name": "s"})
client.disconnect()
"""


@pytest_asyncio.fixture
async def settings(kafka: str) -> KafkaSettings:
    settings = KafkaSettings(bootstrap_servers=kafka)
    await apply_topics(settings, TopicSettings(partitions=3))
    return settings


@pytest_asyncio.fixture
async def edge(settings: KafkaSettings, tmp_path: Path) -> AsyncIterator[EdgeProcess]:
    edge = EdgeProcess(settings, tmp_path)
    await edge.start()
    yield edge
    assert await edge.stop() == 0


async def client_of(edge: EdgeProcess) -> Client:
    return await Client(*await asyncio.open_connection("127.0.0.1", edge.stomp_port)).connect()


async def paths_in(consumer: AIOKafkaConsumer, sample: str, count: int) -> list[str]:
    """The paths of this sample's datasets in the order of a single partition's reading, until there are so many."""
    paths: list[str] = []
    async with asyncio.timeout(60):
        while len(set(paths)) < count:
            record = await consumer.getone()
            path = json.loads(record.value or b"")["submission"]["path"]
            if f"/{sample}/" in path:
                paths.append(path)
    return paths


@pytest.mark.parametrize("code", [STOMPEST, STOMP_PY], ids=["stompest", "stomp.py"])
async def test_the_clients_that_are_about_are_understood(kafka: str, edge: EdgeProcess, code: str) -> None:
    sample = uuid4().hex
    async with topic_from_now(kafka, SUBMITTED.name) as consumer:
        said = await run_python(code, [edge.stomp_port, dataset(1, sample).decode()])
        assert "mine:1" in said or "RECEIPT" in said
        [path] = set(await paths_in(consumer, sample, 1))
    assert path.endswith(f"{sample}/run_1")


async def test_pyicat_plus_stores_a_dataset(kafka: str, edge: EdgeProcess) -> None:
    sample = uuid4().hex
    async with topic_from_now(kafka, SUBMITTED.name) as consumer:
        path = f"/data/visitor/mx1111/id30a3/20241130/RAW_DATA/{sample}/run_1"
        await run_python(PYICAT_PLUS, [edge.stomp_port, edge.jolokia_port, path])
        assert await paths_in(consumer, sample, 1) == [path]


async def test_what_cannot_be_translated_is_rejected_with_its_bytes(kafka: str, edge: EdgeProcess) -> None:
    mark = uuid4().hex
    async with topic_from_now(kafka, REJECTED.name) as consumer:
        client = await client_of(edge)
        await client.send(mark.encode(), "1")
        await client.received("1")
        async with asyncio.timeout(60):
            while True:
                rejection = json.loads((await consumer.getone()).value or b"")["rejection"]
                if rejection["stage"] == "icat_gateway" and b64decode(rejection["value_base64"] or "") == mark.encode():
                    break
        await client.close()
    assert rejection["origin"]["topic"] == "stomp:icatIngest"
    assert rejection["message"]


async def test_a_validator_counts_as_consumer_as_long_as_it_is_there(kafka: str, edge: EdgeProcess) -> None:
    properties = "type=Broker,brokerName=metadata,destinationType=Queue,destinationName=icatIngest"
    url = f"http://127.0.0.1:{edge.jolokia_port}/api/jolokia/read/org.apache.activemq:{properties}/ConsumerCount"
    async with httpx.AsyncClient(auth=("user", "user")) as http:
        assert (await http.get(url)).json()["value"] == 0
        validator = AIOKafkaConsumer(SUBMITTED.name, bootstrap_servers=kafka, group_id="beamcat.validator")
        await validator.start()
        async with asyncio.timeout(60):
            while (await http.get(url)).json()["value"] != 1:  # noqa: ASYNC110  the edge asks Kafka in its own time
                await asyncio.sleep(0.1)
            await validator.stop()
            while (await http.get(url)).json()["value"] != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("place", ["after_receive", "after_publish"])
async def test_an_edge_that_is_killed_loses_no_frame_that_it_acknowledged(
    kafka: str, settings: KafkaSettings, tmp_path: Path, place: str
) -> None:
    sample, edge = uuid4().hex, EdgeProcess(settings, tmp_path)
    async with topic_from_now(kafka, SUBMITTED.name) as consumer:
        await edge.start({"BEAMCAT_FAILPOINT": f"icat_gateway:{place}:5"})
        await edge.ready()  # so that each frame is a batch of its own
        acknowledged = await _send_until_it_dies(edge, sample)
        assert await edge.ended() == -9
        await edge.start()
        client = await client_of(edge)
        for number in range(
            len(acknowledged), len(acknowledged) + 5
        ):  # as the client does: what was cut off goes again
            await client.send(dataset(number, sample), str(number))
            await client.received(str(number))
        await client.close()
        found = await paths_in(consumer, sample, len(acknowledged) + 5)
        assert await edge.stop() == 0
    assert len(acknowledged) == 4
    assert {path.rpartition("_")[2] for path in found} >= set(acknowledged)


async def _send_until_it_dies(edge: EdgeProcess, sample: str) -> list[str]:
    """One frame after the other; those whose receipts came."""
    client, acknowledged = await client_of(edge), []
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        for number in range(1000):
            await client.send(dataset(number, sample), str(number))
            await client.received(str(number))
            acknowledged.append(str(number))
    await client.close()
    return acknowledged


async def test_frames_taken_while_kafka_is_away_outlive_the_edge_and_arrive_in_order(tmp_path: Path) -> None:
    sample, count = "s", 40
    async with embedded_stack(tmp_path / "own", environment={DATABASE_VARIABLE: "none"}) as stack:
        settings = KafkaSettings(bootstrap_servers=stack.bootstrap_servers)
        await apply_topics(settings, TopicSettings(partitions=1))
        edge = EdgeProcess(settings, tmp_path)
        async with topic_from_now(stack.bootstrap_servers, SUBMITTED.name):
            await edge.start()
        await stack.kill("kafka")
        client = await client_of(edge)
        for number in range(count // 2):
            await client.send(dataset(number, sample), str(number))
            await client.received(str(number))
        await client.close()
        await edge.stop()
        await edge.start({"BEAMCAT_FAILPOINT": "icat_gateway:after_spool:6"})  # Kafka is away from its beginning
        client = await client_of(edge)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            for number in range(count // 2, count):
                await client.send(dataset(number, sample), str(number))
                await client.received(str(number))
        await client.close()
        assert await edge.ended() == -9
        acknowledged = number
        await stack.restart("kafka")
        await edge.start()
        consumer = AIOKafkaConsumer(
            SUBMITTED.name, bootstrap_servers=stack.bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        found = await paths_in(consumer, sample, acknowledged)
        await consumer.stop()
        assert await edge.stop() == 0
    numbers = [int(path.rpartition("_")[2]) for path in dict.fromkeys(found)]
    assert numbers == sorted(numbers)
    assert numbers[:acknowledged] == list(range(acknowledged))
