"""Hands events over in memory between stages of one process, in place of the Kafka topic between them.

For a stage there is no difference: it publishes its messages, and they are durable when the publisher returns. They are
durable because the next stage has settled them by then, and so have all stages after it. Offsets are committed once, by
the stage that reads from Kafka. After a failure its batch is processed again, as after any other failure.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shared.events import notes
from shared.events.headers import ORIGIN
from shared.events.record import UNWRITTEN, Message, Record
from shared.kafka.publisher import Publisher
from shared.stages.lots import lots_of
from shared.stages.stage import Stage, StageRunner


class Follower(NamedTuple):
    """A stage to which another stage of its process hands over, and its runner."""

    stage: Stage[Any, Any]
    runner: StageRunner[Any, Any]


class Handover:
    """A publisher that hands messages to the stages of this process that read their topics, and publishes all others.

    `followers` are these stages, by topic.
    """

    def __init__(self, publisher: Publisher, followers: Mapping[str, Follower]) -> None:
        self._publisher = publisher
        self._followers = followers

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish the messages. It returns once they are confirmed, and what was handed over is settled.

        What is for Kafka goes first: while Kafka is away, the next stage need not begin.

        Raises:
            Stopping: the service stops while a stage waits.
            KafkaError: as for Kafka alone.
        """
        await self._publisher.publish([message for message in messages if message.topic not in self._followers])
        for topic, follower in self._followers.items():
            given = [message for message in messages if message.topic == topic]
            for lot in lots_of([handed_over(message) for message in given]):
                await follower.runner.run(lot)
            notes.write(message.note for message in given if message.note is not None)


def handed_over(message: Message) -> Record:
    """The record that a stage reads instead of one from Kafka. Its time is that of the submission."""
    read_at = dict(message.headers).get(ORIGIN, b"").rpartition(b"/")[2]
    time = int(read_at) if read_at.isdigit() else 0
    return Record(message.topic, UNWRITTEN, UNWRITTEN, time, message.key, message.value, message.headers)
