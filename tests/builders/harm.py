"""Harm to a running beamcat that faults and attacks share."""

import random
from collections.abc import Sequence
from dataclasses import replace

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from shared.events.record import Message
from shared.events.topics import LINKED, TRACKED, VALIDATED
from shared.kafka.connection import kafka_access
from shared.kafka.settings import KafkaSettings

END_SESSIONS = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where pid <> pg_backend_pid() and application_name like 'beamcat%'"
)
"""Makes PostgreSQL end every session of every service."""
BETWEEN_STAGES = (VALIDATED, LINKED, TRACKED)
GARBAGE = (b"{}", b"[]", b"null", b"\xff", b'{"dataset":7}', b'{"submission":{"path":"/data/a"},"link":[]}')


def with_header(message: Message, name: str, value: bytes) -> Message:
    """The message with another value in one header."""
    return replace(message, headers=(*(pair for pair in message.headers if pair[0] != name), (name, value)))


def garbage(good: Message, count: int, prefix: str, chance: random.Random) -> list[Message]:
    """Records for the topics between the stages that no stage wrote. Each receipt is the prefix and a number."""
    messages = []
    for number in range(count):
        topic = BETWEEN_STAGES[number % len(BETWEEN_STAGES)]
        message = replace(good, topic=topic.name, value=chance.choice((*GARBAGE, good.value)))
        message = with_header(message, "ce_type", topic.type.encode())
        messages.append(with_header(message, "ce_id", f"{prefix}{number}".encode()))
    return messages


async def take_back(settings: KafkaSettings, messages: Sequence[Message], transactional_id: str) -> None:
    """Publish messages in a transaction of Kafka that is then aborted.

    Raises:
        KafkaError: Kafka failed meanwhile.
    """
    producer = AIOKafkaProducer(**kafka_access(settings), transactional_id=transactional_id)
    try:
        try:
            await producer.start()
        except AssertionError as error:  # what the client raises if no broker answers while it looks for a coordinator
            raise KafkaConnectionError("no broker answers") from error
        await producer.begin_transaction()
        for said in messages:
            await producer.send_and_wait(said.topic, said.value, key=said.key, headers=list(said.headers))
        await producer.abort_transaction()
    finally:
        await producer.stop()
