"""The quota of each source for rejections with the whole event, because rejections are kept for ever."""

import logging
from collections.abc import Iterator, Sequence

from shared.access.quota import HOUR_SECONDS, ByteQuota
from shared.events.headers import PRODUCER
from shared.events.record import Message
from shared.events.rejection_message import shortened
from shared.events.topics import REJECTED
from shared.runtime.metrics import REJECTIONS_SHORTENED

logger = logging.getLogger(__name__)

ALL = "all sources"
SOURCES_TOGETHER = 16
"""All sources together may use as much as this many sources: a writer to Kafka can invent names of sources."""


class KeptWhole:
    """The quotas of one process."""

    def __init__(self, bytes_per_hour: int) -> None:
        self._of_source = ByteQuota(bytes_per_hour, HOUR_SECONDS)
        self._of_all = ByteQuota(SOURCES_TOGETHER * bytes_per_hour, HOUR_SECONDS)

    def fitting(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages. A rejection whose source has used its quota loses the middle of the event."""
        if not any(message.topic == REJECTED.name for message in messages):
            return messages
        return list(self._fitting(messages))

    def _fitting(self, messages: Sequence[Message]) -> Iterator[Message]:
        for message in messages:
            source = _source_of(message)
            if source is None or not self._is_used(source):
                yield message
                continue
            short = shortened(message)
            if short is not message:
                REJECTIONS_SHORTENED.inc()
                logger.debug("a rejection of %s keeps only the beginning and end of the event", source)
            yield short

    def _is_used(self, source: str) -> bool:
        return self._of_source.seconds_to_wait(source) > 0 or self._of_all.seconds_to_wait(ALL) > 0

    def count(self, messages: Sequence[Message]) -> None:
        """Count these messages: they are in Kafka."""
        for message in messages:
            if (source := _source_of(message)) is not None:
                self._of_source.use(source, message.size)
                self._of_all.use(ALL, message.size)


def _source_of(message: Message) -> str | None:
    """The source of the event in a rejection; None for any other message."""
    if message.topic != REJECTED.name:
        return None
    return dict(message.headers).get(PRODUCER, b"").decode(errors="replace")
