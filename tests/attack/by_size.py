"""Attacks by size: small messages that expand, and large ones that must still be answered."""

import gzip
import json
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.events.headers import headers_of
from shared.events.record import Message
from shared.events.topics import INVESTIGATIONS, LOGBOOK, REPORTS, SAMPLES, SHIPMENTS, SUBMITTED, Topic
from shared.kafka.connection import kafka_access
from tests.attack.by_events import CATALOGUED, REFUSED, SOURCE, strange
from tests.attack.neighbour import NOT_YET
from tests.attack.target import FOLDER, Faults, Target

GROWTH_BYTES = 24 * 2**20
"""How much Kafka and PostgreSQL may grow while a frame of 200 kB is processed and a neighbour works."""
OPEN_TOPICS = (SUBMITTED, INVESTIGATIONS, SAMPLES, SHIPMENTS, REPORTS, LOGBOOK)
"""The topics to which producers may write."""
INFLATED_BYTES = 150 * 2**20


async def multiplying_frame(target: Target) -> Faults:
    """One frame of 213 kB whose value, repeated for each of its paths, is half a gigabyte."""
    paths = [f"{FOLDER}/many_{number}" for number in range(5000)]
    body = {"proposal": "mx9999", "beamline": "id99", "datasetPaths": paths, "metadataName": "a"}
    text = json.dumps(body | {"metadataValue": "x" * 100_000}).encode()
    before = await _stored(target)
    client = await (await target.stomp()).connect()
    await client.send(text, "r", "/queue/icatUpdateDatasetMetadata")
    await client.answer()
    await client.close()
    faults = await target.told(
        "select least(count(*), 1) from search.rejection where code = 'too_large'", 1, "frames were told as too large"
    )
    grown = await _stored(target) - before
    return [*faults, *([f"{grown / 2**20:.0f} MB were stored of {len(text)} bytes"] if grown > GROWTH_BYTES else [])]


async def _stored(target: Target) -> int:
    """The bytes in Kafka's logs and PostgreSQL's tables."""
    logs = sum(_size(file) for file in target.directory.glob("kafka/topics/dataset.*/*.log"))
    tables: int = await target.catalogue.fetchval("select pg_database_size(current_database())")
    return logs + tables


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # Kafka has removed the segment
        return 0


async def large_events(target: Target) -> Faults:
    """Datasets of a megabyte each, as fast as the gateway accepts them. Producers wait when they are told to."""
    receipts = []
    for number in range(target.many(120)):
        said = strange(target, number, "large") | {"beamline": "id99"}
        said["parameters"] |= {f"note_{place}": f"{number}{'word ' * 120}" for place in range(1600)}
        while True:
            url = f"{target.running.urls['gateway']}/datasets"
            answer = await target.http.post(url, json=said, headers=target.authorization)
            if answer.status_code not in NOT_YET:
                break
            await target.pause(float(answer.headers["Retry-After"]))
        receipts.append(answer.json()["receipt_id"])
    return await target.ended(receipts, CATALOGUED)


async def inflating_batch(target: Target) -> Faults:
    """A batch of records that is 150 MB when decompressed. If the broker refuses it, its producer has been told."""
    producer = AIOKafkaProducer(
        **kafka_access(target.running.settings.kafka),
        compression_type="gzip",
        max_request_size=2**30,
        max_batch_size=2**30,
    )
    await producer.start()
    try:
        batch = producer.create_batch()
        headers = list(headers_of(SUBMITTED, receipt_id="inflated", source=SOURCE, time="2026-01-01T00:00:00Z"))
        size = 0
        while size < INFLATED_BYTES:
            if batch.append(key=b"k", value=b" " * 2**20, timestamp=None, headers=headers) is None:
                break
            size += 2**20
        await (await producer.send_batch(batch, SUBMITTED.name, partition=0))
    except KafkaError:
        return []
    finally:
        await producer.stop()
    return await target.told(
        "select least(count(*), 1) from search.rejection where code = 'too_large' and message like '%decompressed%'",
        1,
        "batches were told as too large once they are decompressed",
    )


async def largest_records(target: Target) -> Faults:
    """The largest record that Kafka accepts, on each topic to which producers write. It is answered."""
    messages = [_largest(topic, target) for topic in OPEN_TOPICS]
    for message in messages:
        await target.publish([message])
    return await target.ended([f"largest-{topic.name}" for topic in OPEN_TOPICS], REFUSED)


def _largest(topic: Topic, target: Target) -> Message:
    headers = headers_of(topic, receipt_id=f"largest-{topic.name}", source=SOURCE, time="2026-01-01T00:00:00Z")
    return Message(topic.name, b"largest", target.chance.randbytes(topic.max_bytes), headers)


async def many_names(target: Target) -> Faults:
    """Bodies of 400 kB with many names, some of them twice. The time to read them is linear in their size."""
    said = strange(target, 0, "names") | {"beamline": "id99"}
    names = ",".join(f'"n{number}":1' for number in range(target.many(40_000)))
    body = json.dumps(said)[:-1] + f',{names},"name":"again"}}'
    faults = []
    for packed in (False, True):
        headers = target.authorization | {"Content-Type": "application/json"}
        headers |= {"Content-Encoding": "gzip"} if packed else {}
        content = gzip.compress(body.encode()) if packed else body.encode()
        answer = await target.http.post(
            f"{target.running.urls['gateway']}/datasets", content=content, headers=headers, timeout=20
        )
        if not 400 <= answer.status_code < 500:
            faults.append(f"many names are answered {answer.status_code}")
    return faults


SIZES = {
    "multiplying-frame": multiplying_frame,
    "large-events": large_events,
    "inflating-batch": inflating_batch,
    "largest-records": largest_records,
    "many-names": many_names,
}
