"""Finds the dataset that a record is about, from its content only: a producer's key or header proves nothing."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from shared.events.codes import Code, Poison
from shared.events.identity import Identities, PathInvalid
from shared.events.record import Record
from shared.events.topics import COMMITTED, LINKED, MOST_EVENT_BYTES, PENDING, SUBMITTED, TRACKED, VALIDATED, Topic
from shared.events.wire import Received
from shared.foundation.storable import storable

SECTIONS = {
    SUBMITTED.name: "submission",
    VALIDATED.name: "dataset",
    LINKED.name: "dataset",
    TRACKED.name: "dataset",
    COMMITTED.name: "commit",
    PENDING.name: "pending",
}
"""The section that names the path, by topic. Other fields of a producer do not count."""


class Subject(NamedTuple):
    """The dataset that a record names: its id and its catalogued path.

    An invalid path is kept as text, without an id.
    """

    dataset_id: UUID | None = None
    path: str | None = None


NO_SUBJECT = Subject()


def subject_of(record: Record, identities: Identities) -> Subject:
    """The subject of the record, as far as it can be read. It never fails."""
    section = SECTIONS.get(record.topic)
    if section is None or record.value is None or len(record.value) > MOST_EVENT_BYTES:
        return NO_SUBJECT
    try:
        said = said_path(record.value, section)
    except (ValueError, TypeError, KeyError, RecursionError):
        return NO_SUBJECT
    if not isinstance(said, str):
        return NO_SUBJECT
    try:
        path = identities.path(said)
    except PathInvalid:
        return Subject(None, storable(said))
    return Subject(identities.dataset(path), path)


def said_path(value: bytes, section: str) -> object:
    """The path in a section of a payload. msgspec skips all else; what it does not take for JSON may still be some."""
    if not value.isascii():
        value.decode()
    try:
        return _path_reader(section)(value)
    except (msgspec.MsgspecError, RecursionError):
        return json.loads(value)[section]["path"]


@cache
def _path_reader(section: str) -> Callable[[bytes], str]:
    named = msgspec.defstruct("Named", [("path", str)])
    decode = msgspec.json.Decoder(msgspec.defstruct("Payload", [(section, named)])).decode

    def read(value: bytes) -> str:
        path: str = getattr(decode(value), section).path
        return path

    return read


def check_key(event: Received[Any], topic: Topic) -> None:
    """Check that the key is the id of the event's subject. The order of events on the topics of stages depends on this.

    Raises:
        Poison: the key is another.
    """
    if topic.keyed_by is None:
        return
    own, key = str(topic.keyed_by(event.event)), event.record.key
    if key != own.encode():
        said = "no key" if key is None else f"the key {storable(key.decode(errors='replace'))[:100]!r}"
        raise Poison(Code.KEY_WRONG, f"the record has {said}, but the event is about {own}; give that as the key")
