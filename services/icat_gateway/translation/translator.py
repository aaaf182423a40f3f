"""Translates one frame into its events, or into a rejection that says why there are none."""

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
"""How many times larger than the frame its messages may be, beside `MESSAGE_BYTES` for each."""
MESSAGE_BYTES = 1024
"""The allowance of each message for its headers, its ids and repeated names."""

NEVER_IN_KAFKA = -1
"""The partition in the rejection of a frame, which was never in Kafka. The offset follows from the receipt."""


def _ingested(sending: Sending) -> Iterable[Message]:
    return [_by_root(sending, {"dataset": dataset_submitted, "investigation": investigation_started})]


def _rescheduled(sending: Sending) -> Iterable[Message]:
    return [_by_root(sending, {"investigation": investigation_rescheduled})]


def _by_root(sending: Sending, known: Mapping[str, Callable[[ET.Element, Sending], Message]]) -> Message:
    root = read_xml(sending.frame.body)
    name = name_of(root)
    translate = known.get(name)
    if translate is None:
        words = f"the root element is {name[:100]}; {sending.frame.queue} accepts {listed([*known])}"
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
"""The queues of ICAT's client, and the translation of the frames in each."""


class Translator:
    """Translates the frames of one facility. `zone` applies to times without a zone."""

    def __init__(self, identities: Identities, zone: tzinfo) -> None:
        self._identities = identities
        self._zone = zone

    def translate(self, frame: Frame, taken: Origin, now: datetime) -> list[Message]:
        """The messages of a frame for `dataset.submitted`, `investigation.events` or `dataset.reports`.

        A frame that cannot be translated becomes one `dataset.rejected` with its bytes and the reason; bad input never
        raises.
        `taken` is the place and time at which the edge accepted the frame. It is the same if the edge sends it again.
        """
        sending = Sending(frame, taken, now, self._identities, self._zone)
        try:
            return list(_within_bounds(_translation(frame)(sending), len(frame.body)))
        except Poison as poison:
            return [_rejected(sending, poison.refusal)]


def _within_bounds(messages: Iterable[Message], frame_bytes: int) -> Iterator[Message]:
    """The messages, unless they are together much larger than the frame.

    Raises:
        Poison: they are too large. The messages before must not be sent either.
    """
    left = MOST_GROWTH * frame_bytes
    for message in messages:
        left -= max(0, message.size - MESSAGE_BYTES)
        if left < 0:
            words = (
                f"the messages of the frame would be more than {MOST_GROWTH} times as large as its {frame_bytes} bytes"
            )
            cure = "; send it in several frames, with fewer datasets or shorter texts"
            raise Poison(Code.TOO_LARGE, words + cure)
        yield message


def _translation(frame: Frame) -> Translation:
    translation = QUEUES.get(frame.queue)
    if translation is None:
        words = f"the queue {frame.queue[:100]!r} does not exist; the queues are {listed([*QUEUES])}"
        raise Poison(Code.QUEUE_UNKNOWN, words)
    return translation


def _rejected(sending: Sending, refusal: Refusal) -> Message:
    """The rejection of a frame. Its origin is `stomp:<queue>`, without a partition, at an offset of its own.

    The offset follows from the receipt, so that a frame that is sent again has the same rejection.
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
