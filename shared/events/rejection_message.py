"""Building a `dataset.rejected` event: the reason, the original bytes and where they were read."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid5

from shared.events import notes
from shared.events.codes import Refusal
from shared.events.headers import OF_RECEIPT, content_of, headers_of, is_plain, origin_of, producer_of, trace_of
from shared.events.record import UNWRITTEN, Message, Record
from shared.events.rejection import DatasetRejected, Excerpt, Origin, Rejection
from shared.events.sections import Finding
from shared.events.subject import NO_SUBJECT, Subject
from shared.events.topics import MOST_EVENT_BYTES, REJECTED
from shared.foundation.storable import storable

MOST_FINDINGS = 100
MOST_FINDINGS_CHARACTERS = 250_000
MOST_MESSAGE_CHARACTERS = 4000
MOST_HEADERS = 64
MOST_HEADER_CHARACTERS = 1000
MOST_KEY_BYTES = 64 * 1024
EXCERPT_BYTES = 64 * 1024
"""How much of the beginning and of the end is kept of an event that is too large to be kept whole."""
SHORT_BYTES = 1024
"""How much of the beginning and of the end is kept of an event if its source has used its quota."""
NOT_KEPT = "original_not_kept"


def rejection_message(
    stage: str, record: Record, refusal: Refusal, now: datetime, about: Subject = NO_SUBJECT
) -> Message:
    """The event that says why a record was rejected. It never fails: what cannot be read is left empty.

    `about`: the dataset that the record's content names (`subject_of`).
    """
    headers = {_header(name): _header(value.decode(errors="replace")) for name, value in record.headers[:MOST_HEADERS]}
    receipt_id = headers.get("ce_id") or None
    producer = producer_of(record) or b""
    read = first_reading(record)
    origin = read if record.offset == UNWRITTEN else _position_of(record)
    first = refusal.submitted or read
    too_large = record.value is not None and _is_too_large(record.value)
    rejection = Rejection(
        receipt_id=receipt_id,
        dataset_id=about.dataset_id,
        path=about.path,
        producer=storable(producer.decode(errors="replace")) or None,
        stage=stage,
        code=refusal.code,
        message=storable(refusal.message)[:MOST_MESSAGE_CHARACTERS],
        findings=[*_fitting(refusal.findings), *([_not_kept(record.value or b"", EXCERPT_BYTES)] if too_large else [])],
        origin=origin,
        submitted=None if first == origin else first,
        headers=headers,
        key_base64=None if record.key is None else _encoded(record.key[:MOST_KEY_BYTES]),
        value_base64=None if record.value is None or too_large else _encoded(record.value),
        value_excerpt=_excerpt(record.value, EXCERPT_BYTES) if record.value is not None and too_large else None,
        rejected_at=now,
    )
    payload = DatasetRejected(rejection=rejection).model_dump_json().encode()
    event_id = str(rejection_id(rejection))
    key = str(about.dataset_id or event_id).encode()
    content = content_of(record)
    told = headers_of(
        REJECTED,
        receipt_id=event_id,
        source=f"/beamcat/{stage}",
        time=now.isoformat(),
        producer=(rejection.producer or "").encode() if is_plain(rejection.producer or "") else None,
        content=content if is_plain(content) else "",
    )
    note = notes.rejected(rejection, trace_of(record))
    return Message(REJECTED.name, key, payload, (*told, (OF_RECEIPT, (receipt_id or "").encode())), note)


def rejection_id(rejection: Rejection) -> UUID:
    """The identity of a rejection, derived from the stage and the refused submission.

    A submission is identified by the record in which it was first read. So if a consumer group is reset and reads it
    again, the rejection is the same. Time and receipt are part of it, because a broker that lost the end of its log
    assigns offsets twice.
    """
    return identified(rejection.stage, rejection.submitted or rejection.origin, rejection.receipt_id)


def identified(stage: str, first: Origin, receipt_id: str | None) -> UUID:
    """The identity of a stage's statement about the submission that was first read at `first`."""
    place = f"{first.topic}/{first.partition}/{first.offset}/{first.timestamp_ms}"
    return uuid5(UUID(int=0), f"{stage}/{place}/{receipt_id or ''}")


def first_reading(record: Record) -> Origin:
    """Where and when the record's submission was first read; the record itself if it does not say."""
    try:
        topic, *numbers = origin_of(record).decode().rsplit("/", 3)
        partition, offset, timestamp_ms = map(int, numbers)
    except ValueError:
        return _position_of(record)
    return Origin(topic=topic, partition=partition, offset=offset, timestamp_ms=timestamp_ms)


def _position_of(record: Record) -> Origin:
    return Origin(
        topic=record.topic, partition=record.partition, offset=record.offset, timestamp_ms=record.timestamp_ms
    )


def shortened(message: Message) -> Message:
    """The rejection with only the beginning and end of the event, because its source has used its quota."""
    rejection = DatasetRejected.model_validate_json(message.value).rejection
    value = b64decode(rejection.value_base64 or "")
    if len(value) <= 2 * SHORT_BYTES:
        return message
    short = rejection.model_copy(
        update={
            "value_base64": None,
            "value_excerpt": _excerpt(value, SHORT_BYTES),
            "findings": [*rejection.findings, _not_kept(value, SHORT_BYTES)],
        }
    )
    return replace(message, value=DatasetRejected(rejection=short).model_dump_json().encode())


def _is_too_large(value: bytes) -> bool:
    """Whether a value is too large for a rejection. Kafka compresses, so a record may exceed the limit of its topic."""
    return len(value) > MOST_EVENT_BYTES


def _excerpt(value: bytes, kept: int) -> Excerpt:
    return Excerpt(
        byte_count=len(value),
        sha256=sha256(value).hexdigest(),
        head_base64=_encoded(value[:kept]),
        tail_base64=_encoded(value[-kept:]),
    )


def _not_kept(value: bytes, kept: int) -> Finding:
    """The finding that says why the event is not included whole, and where it is."""
    why = "it is too large" if kept == EXCERPT_BYTES else "its source had used its quota for this hour"
    message = f"only the first and last {kept} of the event's {len(value)} bytes are kept: {why}"
    cure = "read it from its origin, as long as that topic keeps it, or ask its producer for it"
    return Finding.warning(NOT_KEPT, message, cure, value=sha256(value).hexdigest(), expected="its SHA-256 is this")


def _encoded(value: bytes) -> str:
    return b64encode(value).decode()


def _fitting(findings: Sequence[Finding]) -> Iterator[Finding]:
    """As many findings as fit. A finding may quote a value of any length."""
    left = MOST_FINDINGS_CHARACTERS
    for finding in findings[:MOST_FINDINGS]:
        left -= len(finding.message) + sum(len(text or "") for text in (finding.cure, finding.value, finding.expected))
        if left < 0:
            return
        yield finding


def _header(text: str) -> str:
    return storable(text)[:MOST_HEADER_CHARACTERS]
