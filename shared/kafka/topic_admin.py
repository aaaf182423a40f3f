"""`beamcat topics apply`: it creates and configures Kafka's topics as declared."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.events.topics import DEFAULT_PARTITIONS, TOPICS, Topic
from shared.foundation.errors import Fatal
from shared.kafka.connection import kafka_access, knocking
from shared.kafka.settings import KafkaSettings, TopicSettings


@dataclass(frozen=True)
class Applied:
    """The changes to one topic."""

    topic: str
    created: bool
    partitions: int


async def apply_topics(
    kafka: KafkaSettings,
    layout: TopicSettings,
    topics: Sequence[Topic] = TOPICS,
    *,
    partitions: int = DEFAULT_PARTITIONS,
) -> list[Applied]:
    """Create missing topics and set every topic's configuration. Repeating it changes nothing.

    The partition count is the one that was set, else that of the topics that exist, else `partitions`.

    Raises:
        Fatal: Kafka refuses the settings, or a topic has another partition count. With another count, keys move to
        other partitions and the order of a dataset's events is lost. That needs a migration, not a setting.
        KafkaError: Kafka is away or refuses.
    """
    admin = AIOKafkaAdminClient(**kafka_access(kafka))
    async with knocking(kafka):
        await admin.start()
    try:
        present = await _partition_counts(admin, topics)
        missing = [topic for topic in topics if topic.name not in present]
        wanted = layout.partitions or max(present.values(), default=partitions)
        for name, count in present.items():
            if layout.partitions and count != wanted:
                raise Fatal(
                    f"{name} has {count} partitions, BEAMCAT_TOPIC_PARTITIONS says {wanted}: "
                    "the count cannot change once data flows"
                )
        await _create(admin, missing, wanted, layout.replication)
        await _configure(admin, [topic for topic in topics if topic.name in present])
        return [Applied(topic.name, topic in missing, present.get(topic.name, wanted)) for topic in topics]
    finally:
        await admin.close()


async def _partition_counts(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, int]:
    known = {topic.name for topic in topics} & set(await admin.list_topics())
    described = await admin.describe_topics(sorted(known)) if known else []
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic], partitions: int, replication: int) -> None:
    new = [NewTopic(topic.name, partitions, replication, topic_configs=topic.config()) for topic in topics]
    response = await admin.create_topics(new) if new else None
    for name, code, message in response.topic_errors if response else ():
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"{name}: {message}")


async def _configure(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    if topics:
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic.name, topic.config()) for topic in topics]
        )
