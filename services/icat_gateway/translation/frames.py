"""A frame as the edge hands it over, and the helpers that all translations share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from uuid import UUID, uuid5

from pydantic_core import to_json

from shared.events.codes import Code, Poison
from shared.events.headers import headers_of, is_plain
from shared.events.identity import Identities
from shared.events.record import Message
from shared.events.rejection import Origin
from shared.events.sections import Section
from shared.events.topics import Topic


@dataclass(frozen=True, slots=True)
class Frame:
    """One accepted SEND frame. `queue` has no prefix `/queue/`; `peer` is the client's address."""

    queue: str
    body: bytes
    peer: str
    headers: Mapping[str, str] = field(default_factory=dict)


RESEND_MS = 5 * 60 * 1000
"""The period of one statement. A client sends again within seconds: it connects three times, five seconds apart."""


@dataclass(frozen=True)
class Sending:
    """A frame in translation: its sender, when and where it was accepted, and the ids that follow from these."""

    frame: Frame
    taken: Origin
    now: datetime
    identities: Identities
    zone: tzinfo

    def statement_id(self, canonical: str, part: str = "") -> UUID:
        """The id of a fact that is the same however often it is sent, such as the start of an investigation."""
        return uuid5(self.identities.namespace, f"{self.frame.queue}\n{part}\n{canonical}")

    def repeatable_id(self, canonical: str) -> UUID:
        """The id of a dataset's submission. It is the same when a client sends it again after a broken connection.

        The same text sent later may revert a change made in between, so it is another event.
        """
        return self.statement_id(canonical, f"{self.taken.timestamp_ms // RESEND_MS}")

    def command_id(self, canonical: str, part: str = "") -> UUID:
        """The id of a command that may be repeated on purpose in the same words, such as a second restore.

        A second delivery of the same frame, as from a spool, is the same command: its place and time are the same.
        """
        place = f"{self.taken.partition}/{self.taken.offset}/{self.taken.timestamp_ms}"
        return self.statement_id(f"{place}\n{canonical}", part)

    @property
    def source(self) -> str:
        """The CloudEvents source of the events."""
        return source_of(self.frame.peer)

    def message(self, topic: Topic, key: str, event_id: UUID, payload: Mapping[str, Section | object]) -> Message:
        """The message of an event that comes from the client.

        Raises:
            Poison: it is too large for its topic.
        """
        headers = headers_of(topic, receipt_id=str(event_id), source=self.source, time=self.now.isoformat())
        message = Message(topic.name, key.encode(), to_json(payload), headers)
        if message.size > topic.max_bytes:
            words = f"the message has {message.size} bytes, the limit is {topic.max_bytes}; move bulk data into files"
            raise Poison(Code.TOO_LARGE, words)
        return message


def source_of(peer: str) -> str:
    """The source of events from a client of which only the address is known."""
    return f"/icat/{peer}" if is_plain(f"/icat/{peer}") else "/icat"


def listed(names: Sequence[str]) -> str:
    """The names as a list in a sentence."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
