"""`beamcat topics apply`: making Kafka's topics agree with their declarations."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.fatal import Fatal
from shared.kafka_access import kafka_access, knocking
from shared.settings import Settings
from shared.topics import TOPICS, Topic


@dataclass(frozen=True)
class Applied:
    """What was done for one topic."""

    topic: str
    created: bool
    partitions: int


async def apply_topics(settings: Settings, topics: Sequence[Topic] = TOPICS) -> list[Applied]:
    """Create what is missing and set every topic's configuration; doing it again changes nothing.

    Raises:
        Fatal: Kafka refuses the settings, or a topic has another partition count. With another count the keys move to
            other partitions, and the order of one dataset's events is lost: that needs a migration, not a setting.
        KafkaError: Kafka is away or refuses.
    """
    admin = AIOKafkaAdminClient(**kafka_access(settings))
    async with knocking(settings):
        await admin.start()
    try:
        present = await _partition_counts(admin, topics)
        missing = [topic for topic in topics if topic.name not in present]
        await _create(admin, missing, settings)
        for topic in topics:
            count = present.get(topic.name, settings.topic_partitions)
            if count != settings.topic_partitions:
                raise Fatal(
                    f"{topic.name} has {count} partitions, BEAMCAT_TOPIC_PARTITIONS says {settings.topic_partitions}: "
                    "the count is fixed once data flows"
                )
        await _configure(admin, [topic for topic in topics if topic.name in present])
        return [Applied(topic.name, topic in missing, settings.topic_partitions) for topic in topics]
    finally:
        await admin.close()


async def _partition_counts(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, int]:
    known = {topic.name for topic in topics} & set(await admin.list_topics())
    described = await admin.describe_topics(sorted(known)) if known else []
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic], settings: Settings) -> None:
    new = [
        NewTopic(topic.name, settings.topic_partitions, settings.topic_replication, topic_configs=topic.config())
        for topic in topics
    ]
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
