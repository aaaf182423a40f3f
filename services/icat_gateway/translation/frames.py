"""What the edge hands over, and what all translations share."""

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
    """One SEND frame, as it was taken. `queue` has no `/queue/` before it; `peer` is the client's address."""

    queue: str
    body: bytes
    peer: str
    headers: Mapping[str, str] = field(default_factory=dict)


RESEND_MS = 5 * 60 * 1000
"""A client sends again within seconds: it tries to connect three times, waiting five seconds each."""


@dataclass(frozen=True)
class Sending:
    """One frame on its way: who sent it, when and where it was taken, and the ids that follow."""

    frame: Frame
    taken: Origin
    now: datetime
    identities: Identities
    zone: tzinfo

    def statement_id(self, canonical: str, part: str = "") -> UUID:
        """The id of what is true however often it is said: the start of an investigation."""
        return uuid5(self.identities.namespace, f"{self.frame.queue}\n{part}\n{canonical}")

    def repeatable_id(self, canonical: str) -> UUID:
        """The id of a dataset as it is said: the same for a client that says it again after a broken connection.

        Said once more later, the same words may take back what was said in between, and are another event.
        """
        return self.statement_id(canonical, f"{self.taken.timestamp_ms // RESEND_MS}")

    def command_id(self, canonical: str, part: str = "") -> UUID:
        """The id of what may be meant anew in the same words: back to the old sample name, restored once more.

        A second delivery of the frame, as from a spool, is the same command: it was taken at the same place and time.
        """
        place = f"{self.taken.partition}/{self.taken.offset}/{self.taken.timestamp_ms}"
        return self.statement_id(f"{place}\n{canonical}", part)

    @property
    def source(self) -> str:
        """Where the events come from, as CloudEvents call it."""
        return source_of(self.frame.peer)

    def message(self, topic: Topic, key: str, event_id: UUID, payload: Mapping[str, Section | object]) -> Message:
        """An event in the client's name.

        Raises:
            Poison: it is too large for its topic.
        """
        headers = headers_of(topic, receipt_id=str(event_id), source=self.source, time=self.now.isoformat())
        message = Message(topic.name, key.encode(), to_json(payload), headers)
        if message.size > topic.max_bytes:
            words = f"the message has {message.size} bytes, {topic.max_bytes} are taken; move bulk data into files"
            raise Poison(Code.TOO_LARGE, words)
        return message


def source_of(peer: str) -> str:
    """What events call a client of which only the address is known."""
    return f"/icat/{peer}" if is_plain(f"/icat/{peer}") else "/icat"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
