"""One frame to the messages that it becomes, or to the one that says why it becomes none."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType

from services.icat_gateway.translation.commands import added_files, archive_status, updates
from services.icat_gateway.translation.datasets import dataset_submitted
from services.icat_gateway.translation.frames import Frame, Sending, listed
from services.icat_gateway.translation.investigations import investigation_rescheduled, investigation_started
from services.icat_gateway.translation.trees import name_of, read_xml
from shared.events.codes import Code, Poison, Refusal
from shared.events.identity import Identities
from shared.events.record import Message, Record
from shared.events.rejection import Origin
from shared.events.rejection_message import rejection_message
from shared.events.topics import QUEUE

STAGE = "icat_gateway"

MOST_GROWTH = 4
"""How many times its own size a frame may become, beside `MESSAGE_BYTES` for each of its messages."""
MESSAGE_BYTES = 1024
"""What a message needs for its headers, its ids and the names that each repeats."""

NEVER_IN_KAFKA = -1
"""The partition in which a rejection says that a frame was read; its offset follows from the receipt."""


def _ingested(sending: Sending) -> Iterable[Message]:
    return [_by_root(sending, {"dataset": dataset_submitted, "investigation": investigation_started})]


def _rescheduled(sending: Sending) -> Iterable[Message]:
    return [_by_root(sending, {"investigation": investigation_rescheduled})]


def _by_root(sending: Sending, known: Mapping[str, Callable[[ET.Element, Sending], Message]]) -> Message:
    root = read_xml(sending.frame.body)
    name = name_of(root)
    translate = known.get(name)
    if translate is None:
        words = f"the root element is {name[:100]}; {sending.frame.queue} takes {listed([*known])}"
        raise Poison(Code.FRAME_INVALID, words)
    return translate(root, sending)


Translation = Callable[[Sending], Iterable[Message]]

QUEUES: Mapping[str, Translation] = MappingProxyType(
    {
        "icatIngest": _ingested,
        "icatUpdateDatasetMetadata": updates,
        "icatDataFiles": lambda sending: [added_files(sending)],
        "icatArchiveRestoreStatus": lambda sending: [archive_status(sending)],
        "rescheduleInvestigation": _rescheduled,
    }
)
"""The queues of ICAT's client, and what becomes of a frame in each."""


class Translator:
    """Translates the frames of one facility; `zone` is that of times which name none."""

    def __init__(self, identities: Identities, zone: tzinfo) -> None:
        self._identities = identities
        self._zone = zone

    def translate(self, frame: Frame, taken: Origin, now: datetime) -> list[Message]:
        """What the frame becomes: `dataset.submitted`, `investigation.events` or `dataset.reports`.

        If it cannot be translated, one `dataset.rejected` with its bytes and the reason. It never raises for bad input.
        `taken` says where and when the edge took the frame, and is the same whenever the edge sends that frame again.
        """
        sending = Sending(frame, taken, now, self._identities, self._zone)
        try:
            return list(_within_bounds(_translation(frame)(sending), len(frame.body)))
        except Poison as poison:
            return [_rejected(sending, poison.refusal)]


def _within_bounds(messages: Iterable[Message], frame_bytes: int) -> Iterator[Message]:
    """The messages, as long as they are together not much larger than the frame that they come from.

    Raises:
        Poison: they are; those before must not be sent either.
    """
    left = MOST_GROWTH * frame_bytes
    for message in messages:
        left -= max(0, message.size - MESSAGE_BYTES)
        if left < 0:
            words = f"the frame of {frame_bytes} bytes says what is long many times over: it would become more than "
            cure = f"{MOST_GROWTH} times as much; send it in several frames, with fewer datasets or shorter texts each"
            raise Poison(Code.TOO_LARGE, words + cure)
        yield message


def _translation(frame: Frame) -> Translation:
    translation = QUEUES.get(frame.queue)
    if translation is None:
        raise Poison(Code.QUEUE_UNKNOWN, f"nobody reads the queue {frame.queue[:100]!r}; {listed([*QUEUES])} are read")
    return translation


def _rejected(sending: Sending, refusal: Refusal) -> Message:
    """The rejection of a frame: read in `stomp:<queue>`, where nothing has a partition, at an offset of its own.

    The offset is taken from the receipt's, so that one frame's rejection is one, however often it is said.
    """
    frame, taken = sending.frame, sending.taken
    receipt_id = sending.statement_id(frame.body.decode("latin-1"))
    headers = {**frame.headers, "ce_id": str(receipt_id), "ce_source": sending.source}
    record = Record(
        topic=QUEUE + frame.queue,
        partition=NEVER_IN_KAFKA,
        offset=receipt_id.int >> 65,
        timestamp_ms=taken.timestamp_ms,
        key=None,
        value=frame.body,
        headers=tuple((name, value.encode(errors="replace")) for name, value in headers.items()),
    )
    return rejection_message(STAGE, record, refusal, sending.now)
