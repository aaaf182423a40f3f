"""The edge as its clients see it: what is taken, when it is acknowledged, what is refused."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError

from services.icat_gateway.ports import QUEUES
from services.icat_gateway.stomp.bounds import Bounds, Limits, Timeouts
from shared.events.record import Message
from shared.events.topics import MOST_SUBMISSION_BYTES, REJECTED
from tests.builders.edge import Broker, Client, running, until

pytestmark = pytest.mark.flow

HASTY = Bounds(confirmation_seconds=0.05)


async def test_what_pyicat_plus_sends_is_taken(tmp_path: Path) -> None:
    async with running(tmp_path, broker := Broker()) as world:
        client = await world.client()
        await client.say(b"CONNECT\naccept-version:1.1\nhost:\n\n\0")
        assert await client.answer() == "CONNECTED\nversion:1.1\n\n"
        head = b"SEND\nack:client-individual\ndestination:/queue/icatIngest\npersistent:true\n\n"
        await client.say(head + b"<dataset/>\0" + b"DISCONNECT\n\n\0")
        assert await client.rest() == ""
        assert broker.bodies == [b"<dataset/>"]


async def test_frames_of_all_queues_and_clients_arrive_each_in_its_order(tmp_path: Path) -> None:
    async with running(tmp_path, broker := Broker()) as world:
        clients = [await (await world.client()).connect() for _ in QUEUES]
        for number in range(50):
            for client, queue in zip(clients, QUEUES, strict=True):
                await client.send(str(number).encode(), str(number), queue)
        for client in clients:
            await client.received(*map(str, range(50)))
        await until(lambda: world.edge.spool.frames == 0)  # a flood is safe there before Kafka has it
        for queue in QUEUES:
            mine = [message.value for message in broker.messages if message.key == queue.encode()]
            assert mine == [str(number).encode() for number in range(50)]


async def test_a_receipt_comes_only_after_kafka_has_confirmed(tmp_path: Path) -> None:
    broker = Broker()
    broker.gate.clear()
    async with running(tmp_path, broker) as world:
        client = await (await world.client()).connect()
        await client.send(b"1", "first")
        await until(lambda: broker.asked)
        receipt = asyncio.create_task(client.received("first"))
        await (await world.client()).connect()  # whatever the edge had to say until then, it has said
        assert not receipt.done()
        broker.gate.set()
        await receipt
        assert broker.bodies == [b"1"]


async def test_a_goodbye_is_acknowledged_after_all_before_it_is_durable(tmp_path: Path) -> None:
    broker = Broker()
    broker.gate.clear()
    async with running(tmp_path, broker) as world:
        client = await (await world.client()).connect()
        await client.send(b"1")
        await client.say(b"DISCONNECT\nreceipt:bye\n\n\0")
        await until(lambda: broker.asked)
        broker.gate.set()
        assert await client.rest() == "RECEIPT\nreceipt-id:bye\n\n\0"
        assert broker.bodies == [b"1"]


@pytest.mark.parametrize("silent", [True, False])
async def test_while_kafka_is_away_frames_are_kept_and_then_delivered_in_order(tmp_path: Path, *, silent: bool) -> None:
    broker = Broker()
    if silent:
        broker.gate.clear()
    else:
        broker.error = KafkaConnectionError("away")
    async with running(tmp_path, broker, HASTY) as world:
        client = await (await world.client()).connect()
        for number in range(30):
            await client.send(str(number).encode(), str(number))
            await client.received(str(number))
        await until(lambda: world.edge.spool.frames == 30)
        assert broker.bodies == []
        broker.error = None
        broker.gate.set()
        for number in range(30, 60):
            await client.send(str(number).encode(), str(number))
            await client.received(str(number))
        await until(lambda: world.edge.spool.frames == 0)
        await client.send(b"60", "60")
        await client.received("60")
    seen = list(dict.fromkeys(broker.bodies))  # what Kafka did not confirm in time it may have twice
    assert seen == [str(number).encode() for number in range(61)]


class Slow(Broker):
    """A Kafka that confirms the first batch, and the others only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = asyncio.Event()

    async def publish(self, messages: Sequence[Message]) -> None:
        if self.messages:
            await self.goes_on.wait()
        await super().publish(messages)


async def test_a_flood_is_safe_on_the_disk_before_kafka_has_it(tmp_path: Path) -> None:
    broker = Slow()
    broker.gate.clear()
    async with running(tmp_path, broker, Bounds(confirmation_seconds=600)) as world:
        client = await (await world.client()).connect()
        await client.send(b"0", "0")
        await until(lambda: broker.asked)
        for number in range(1, 300):
            await client.send(str(number).encode(), str(number))
        await until(lambda: world.edge.intake.frames == 299)
        broker.gate.set()
        for number in range(300):
            await client.received(str(number))
        assert broker.bodies == [b"0"]
        broker.goes_on.set()
        await until(lambda: world.edge.spool.frames == 0)
    assert broker.bodies == [str(number).encode() for number in range(300)]


async def test_what_was_kept_is_delivered_by_the_next_life(tmp_path: Path) -> None:
    away, back = Broker(), Broker()
    away.error = KafkaConnectionError("away")
    async with running(tmp_path, away, HASTY) as world:
        client = await (await world.client()).connect()
        await client.send(b"1", "1")
        await client.received("1")
    async with running(tmp_path, back) as world:
        client = await (await world.client()).connect()
        await client.send(b"2", "2")
        await client.received("2")
        await until(lambda: world.edge.spool.frames == 0)
    assert back.bodies == [b"1", b"2"]


async def test_a_full_spool_stops_the_reading_and_loses_nothing(tmp_path: Path) -> None:
    broker = Broker()
    broker.error = KafkaConnectionError("away")
    bounds = Bounds(confirmation_seconds=0.05, waiting_bytes=300_000)
    count, body = 60, b"x" * 100_000
    async with running(tmp_path, broker, bounds, stomp_spool_bytes=1024**2) as world:
        client = await (await world.client()).connect()
        sending = asyncio.create_task(send_all(client, body, count))
        await until(lambda: world.edge.intake.bytes > 200_000)
        assert world.edge.spool.bytes <= 1024**2
        assert world.edge.intake.bytes <= 300_000
        assert not sending.done()
        broker.error = None
        await sending
        await client.received(*map(str, range(count)))
    assert broker.bodies == [f"{number:03}".encode() + body for number in range(count)]


async def send_all(client: Client, body: bytes, count: int) -> None:
    for number in range(count):
        await client.send(f"{number:03}".encode() + body, str(number))


async def test_an_orderly_end_makes_durable_what_was_read(tmp_path: Path) -> None:
    broker = Broker()
    broker.gate.clear()
    async with running(tmp_path, broker, HASTY) as world:
        client = await (await world.client()).connect()
        await client.send(b"1", "1")
        await until(lambda: broker.asked)
        world.backoff.stop()
        assert await client.rest() == "RECEIPT\nreceipt-id:1\n\n\0"
        assert world.edge.spool.frames == 1


async def test_a_defect_of_the_translation_harms_one_frame_only(tmp_path: Path) -> None:
    async with running(tmp_path, broker := Broker()) as world:
        client = await (await world.client()).connect()
        for body in (b"1", b"defect", b"poison", b"2"):
            await client.send(body, body.decode())
        await client.received("1", "defect", "poison", "2")
    assert broker.bodies == [b"1", b"2"]
    told = [json.loads(message.value)["rejection"] for message in broker.of(REJECTED.name)]
    assert [(one["code"], one["origin"]["topic"]) for one in told] == [
        ("internal_error", "stomp:icatIngest"),
        ("not_utf8", "stomp:icatIngest"),
    ]


async def test_what_is_too_large_for_its_topic_is_rejected_with_its_bytes(tmp_path: Path) -> None:
    async with running(tmp_path, broker := Broker()) as world:
        client = await (await world.client()).connect()
        await client.send(b"x" * (MOST_SUBMISSION_BYTES + 1), "big")
        await client.received("big")
    [message] = broker.messages
    rejection = json.loads(message.value)["rejection"]
    assert (message.topic, rejection["code"], rejection["receipt_id"]) == (REJECTED.name, "too_large", "r")
    assert len(rejection["value_base64"]) > MOST_SUBMISSION_BYTES


async def test_an_address_that_has_sent_what_it_may_in_a_day_is_told_so(tmp_path: Path) -> None:
    bounds = Bounds(timeouts=Timeouts(goodbye=0.05))
    async with running(tmp_path, broker := Broker(), bounds, source_bytes_per_day=1024**2) as world:
        client = await (await world.client()).connect()
        await client.send(b"x" * 1024**2, "1")
        await client.received("1")
        await client.send(b"2", "2")
        told = await client.rest()
    assert "127.0.0.1 has sent the 1048576 bytes that one address may send in a day" in told
    assert broker.bodies == [b"x" * 1024**2]


async def test_a_refused_client_is_told_why_and_what_it_sent_before_is_taken(tmp_path: Path) -> None:
    async with running(tmp_path, broker := Broker(), Bounds(timeouts=Timeouts(goodbye=0.05))) as world:
        client = await (await world.client()).connect()
        await client.send(b"1", "1")
        await client.say(b"SEND\ndestination:/queue/other\nreceipt:2\n\n\0")
        told = await client.rest()
    assert told.startswith("RECEIPT\nreceipt-id:1\n\n\0ERROR\nreceipt-id:2\nmessage:the destination '/queue/other' is")
    assert broker.bodies == [b"1"]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"CONNECT\naccept-version:1.1\n",
        b"CONNECT\naccept-version:1.1\n\n\0SEND\ndestination:/queue/icatIngest\n\nhalf",
        b"CONNECT\naccept-version:1.1\n\n\0SEND\ndesti",
    ],
)
async def test_a_client_that_lets_wait_is_let_go(tmp_path: Path, said: bytes) -> None:
    bounds = Bounds(timeouts=Timeouts(connect=0.05, frame=0.05, goodbye=0.05))
    async with running(tmp_path, broker := Broker(), bounds) as world:
        client = await world.client()
        await client.say(said)
        assert "ERROR\nmessage:" in await client.rest()
    assert broker.messages == []


async def test_a_connected_client_may_stay_silent_between_frames(tmp_path: Path) -> None:
    bounds = Bounds(timeouts=Timeouts(connect=0.05, frame=0.05, goodbye=0.05))
    async with running(tmp_path, Broker(), bounds) as world:
        patient = await (await world.client()).connect()
        hasty = await world.client()
        await hasty.rest()  # it was let go: so much time has passed
        await patient.say(b"\n")
        await (await world.client()).rest()
        await patient.send(b"1", "1")
        await patient.received("1")


async def test_a_client_that_reads_no_answers_is_not_read_either(tmp_path: Path) -> None:
    bounds = Bounds(timeouts=Timeouts(answers=0.05, goodbye=0.05), limits=Limits())
    async with running(tmp_path, Broker(), bounds) as world:
        client = await (await world.client()).connect()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError):
            await send_for_ever(client)
        neighbour = await (await world.client()).connect()
        await neighbour.send(b"2", "2")
        await neighbour.received("2")


async def send_for_ever(client: Client) -> None:
    """Frames whose receipts are long."""
    while True:
        await client.send(b"1", "r" * 8000)


async def test_few_large_frames_at_a_time_and_neighbours_are_served_meanwhile(tmp_path: Path) -> None:
    bounds = Bounds(large_frames=2)
    half = b"x" * 300_000
    async with running(tmp_path, broker := Broker(), bounds) as world:
        large = [await (await world.client()).connect() for _ in range(6)]
        for client in large:
            await client.say(b"SEND\ndestination:/queue/icatIngest\nreceipt:L\ncontent-length:600000\n\n" + half)
        neighbour = await (await world.client()).connect()
        await neighbour.send(b"1", "1")
        await neighbour.received("1")
        held = sum(connection.held_bytes for connection in world.edge.server.connections)
        assert held < 2 * 600_000 + 4 * (64 + 32 + 1) * 1024
        for client in large:
            client.writer.write(half + b"\0")
        for client in large:
            await client.received("L")
    assert len(broker.bodies) == 7


async def test_a_client_that_sends_only_rubbish_is_read_slowly_and_its_neighbour_is_not(tmp_path: Path) -> None:
    unhurried = Bounds(timeouts=Timeouts(longest_rest=3600.0))
    async with running(tmp_path, broker := Broker(), unhurried) as world:
        bad = await (await world.client("127.0.0.2")).connect()
        good = await (await world.client()).connect()
        world.waits["/icat/127.0.0.2"] = 3600.0
        await bad.send(b"rubbish", "taken")
        await bad.received("taken")
        await bad.send(b"more rubbish", "later")
        for number in range(100):
            await good.send(str(number).encode(), str(number))
            await good.received(str(number))
        assert b"more rubbish" not in broker.bodies
    assert broker.bodies[-1] == b"99"  # and a service that stops does not wait for it


async def test_a_slowed_client_is_read_again_after_a_bounded_time(tmp_path: Path) -> None:
    async with running(tmp_path, broker := Broker(), Bounds(timeouts=Timeouts(longest_rest=0.05))) as world:
        world.waits["/icat/127.0.0.1"] = 3600.0
        client = await (await world.client()).connect()
        for number in range(5):
            await client.send(str(number).encode(), str(number))
            await client.received(str(number))
        assert len(broker.bodies) == 5
