"""Turns an accepted frame into the messages to publish. Pure."""

from collections.abc import Sequence
from datetime import datetime

from services.icat_gateway.ports import Taken, Translator
from services.icat_gateway.translation import source_of
from shared.events.codes import Code, Refusal
from shared.events.record import Message, Record
from shared.events.rejection_message import rejection_message
from shared.events.topics import HEADROOM_BYTES, TOPICS

STAGE = "icat_gateway"
MOST_BYTES = {topic.name: topic.max_bytes for topic in TOPICS}
MOST_BESIDE_BYTES = HEADROOM_BYTES // 2
"""The limit for key and headers together: Kafka's limit leaves room for them beside an event."""


def messages_of(taken: Taken, translator: Translator, now: datetime) -> Sequence[Message]:
    """The events of a frame, or one rejection with its bytes. It never raises: a frame must become one or the other."""
    try:
        messages = translator.translate(taken.frame, taken.position, now)
        too_large = next((message for message in messages if _excess(message) > 0), None)
    except Exception as error:  # noqa: BLE001  a bug in the translation must not stop the frames behind
        return [_rejected(taken, Refusal(Code.INTERNAL_ERROR, f"{type(error).__name__}: {error}"), now)]
    if too_large is None:
        return messages
    why = f"the event has {too_large.size} bytes, {_excess(too_large)} more than {too_large.topic} takes"
    receipt = next((value for name, value in too_large.headers if name == "ce_id"), None)
    return [_rejected(taken, Refusal(Code.TOO_LARGE, why), now, receipt)]


def set_aside(taken: Taken, deaths: int, file: str, now: datetime) -> Message:
    """The rejection of a frame whose translation killed the process several times."""
    why = f"{deaths} processes ended while they translated this message; it is in {file} in the spool's folder"
    return _rejected(taken, Refusal(Code.INTERNAL_ERROR, why), now)


def _excess(message: Message) -> int:
    beside = message.size - len(message.value)
    return len(message.value) + max(0, beside - MOST_BESIDE_BYTES) - MOST_BYTES[message.topic]


def _rejected(taken: Taken, refusal: Refusal, now: datetime, receipt: bytes | None = None) -> Message:
    """The rejection of the whole frame, under the receipt that its event would have had."""
    source = ("ce_source", source_of(taken.frame.peer).encode())
    headers = (source,) if receipt is None else (("ce_id", receipt), source)
    at = taken.position
    record = Record(at.topic, at.partition, at.offset, at.timestamp_ms, None, taken.frame.body, headers)
    return rejection_message(STAGE, record, refusal, now)
