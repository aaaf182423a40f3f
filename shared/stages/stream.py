"""All consumers of a service, on one FastStream broker."""

import asyncio
from collections.abc import Sequence

from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from shared.kafka.connection import farewell, kafka_access
from shared.kafka.settings import KafkaSettings
from shared.stages.settings import StageSettings
from shared.stages.subscription import COMMIT_SECONDS, Subscription

STOP_SECONDS = 10.0
"""The time limit for open batches and for leaving Kafka. Unsettled records come again, and change nothing."""
SIGNING_IN = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


class Stream:
    """All subscriptions of a service, on one FastStream broker."""

    def __init__(
        self, kafka: KafkaSettings, stages: StageSettings, client_id: str, subscriptions: Sequence[Subscription]
    ) -> None:
        self.subscriptions = subscriptions
        self._broker = KafkaBroker(
            kafka.bootstrap_servers,
            client_id=client_id,
            security=security_of(kafka),
            apply_types=False,
            graceful_timeout=STOP_SECONDS,
            allow_auto_create_topics=False,
            logger=None,
        )
        for subscription in subscriptions:
            subscription.attach(self._broker, kafka, stages)

    async def start(self) -> None:
        """Join the consumer groups."""
        await self._broker.start()

    async def stop(self) -> None:
        """Finish and commit the open batches, and leave the groups."""
        await asyncio.gather(*(farewell(subscription.end, COMMIT_SECONDS) for subscription in self.subscriptions))
        await farewell(self._broker.stop, STOP_SECONDS)


def security_of(kafka: KafkaSettings) -> BaseSecurity:
    """The settings of `kafka_access` in FastStream's form."""
    access = kafka_access(kafka)
    encryption = {"ssl_context": access["ssl_context"]}
    if "sasl_mechanism" not in access:
        return BaseSecurity(**encryption)
    mechanism = SIGNING_IN[access["sasl_mechanism"]]
    return mechanism(access["sasl_plain_username"], access["sasl_plain_password"], **encryption)
