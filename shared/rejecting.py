"""Building a `dataset.rejected` event: the reason, the original bytes and where they were read."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from shared.events import DatasetRejected, Excerpt, Finding, Origin, Rejection
from shared.rejections import Refusal
from shared.topics import MOST_EVENT_BYTES, REJECTED
from shared.wire import Message, Record, headers_of, is_plain, producer_of

MOST_FINDINGS = 100
MOST_FINDINGS_CHARACTERS = 250_000
MOST_MESSAGE_CHARACTERS = 4000
MOST_HEADERS = 64
MOST_HEADER_CHARACTERS = 1000
MOST_KEY_BYTES = 64 * 1024
EXCERPT_BYTES = 64 * 1024
"""Of the beginning and of the end of what is too large to be kept whole."""
SHORT_BYTES = 1024
"""Of the beginning and of the end of what a source's quota leaves no room for."""
NOT_KEPT = "original_not_kept"


def rejection_message(stage: str, record: Record, refusal: Refusal, now: datetime) -> Message:
    """The event that says why a record was not taken. It never fails: whatever cannot be read is left empty."""
    headers = {_header(name): _header(value.decode(errors="replace")) for name, value in record.headers[:MOST_HEADERS]}
    receipt_id = headers.get("ce_id") or None
    dataset_id, path = _subject(record)
    producer = producer_of(record) or b""
    too_large = record.value is not None and _is_too_large(record.value)
    rejection = Rejection(
        receipt_id=receipt_id,
        dataset_id=dataset_id,
        path=path,
        producer=_storable(producer.decode(errors="replace")) or None,
        stage=stage,
        code=refusal.code,
        message=_storable(refusal.message)[:MOST_MESSAGE_CHARACTERS],
        findings=[*_fitting(refusal.findings), *([_not_kept(record.value or b"", EXCERPT_BYTES)] if too_large else [])],
        origin=Origin(
            topic=record.topic, partition=record.partition, offset=record.offset, timestamp_ms=record.timestamp_ms
        ),
        headers=headers,
        key_base64=None if record.key is None else _encoded(record.key[:MOST_KEY_BYTES]),
        value_base64=None if record.value is None or too_large else _encoded(record.value),
        value_excerpt=_excerpt(record.value, EXCERPT_BYTES) if record.value is not None and too_large else None,
        rejected_at=now,
    )
    payload = DatasetRejected(rejection=rejection).model_dump_json().encode()
    event_id = receipt_id if receipt_id and is_plain(receipt_id) else _position_id(record)
    key = str(dataset_id).encode() if dataset_id else record.key and record.key[:MOST_KEY_BYTES]
    return Message(
        REJECTED.name,
        key,
        payload,
        headers_of(
            REJECTED,
            receipt_id=event_id,
            source=f"/beamcat/{stage}",
            time=now.isoformat(),
            producer=producer if producer and len(producer) <= MOST_HEADER_CHARACTERS else None,
        ),
    )


def shortened(message: Message) -> Message:
    """A rejection that keeps beginning and end of the event alone, because its source has used its quota."""
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
    """Kafka compresses, so a record may be larger than any topic seems to allow."""
    return len(value) > MOST_EVENT_BYTES


def _excerpt(value: bytes, kept: int) -> Excerpt:
    return Excerpt(
        byte_count=len(value),
        sha256=sha256(value).hexdigest(),
        head_base64=_encoded(value[:kept]),
        tail_base64=_encoded(value[-kept:]),
    )


def _not_kept(value: bytes, kept: int) -> Finding:
    """Why the event is not there as a whole, and where it is."""
    why = "it is too large" if kept == EXCERPT_BYTES else "its source had used what is kept whole in an hour"
    message = f"of the event's {len(value)} bytes the first and the last {kept} are kept: {why}"
    cure = "read it where it was read, as long as that topic keeps it, or ask its producer for it"
    return Finding.warning(NOT_KEPT, message, cure, value=sha256(value).hexdigest(), expected="its SHA-256 is this")


def _encoded(value: bytes) -> str:
    return b64encode(value).decode()


def _fitting(findings: Sequence[Finding]) -> Iterator[Finding]:
    """As many of them as have room; a finding may quote a value of any length."""
    left = MOST_FINDINGS_CHARACTERS
    for finding in findings[:MOST_FINDINGS]:
        left -= len(finding.message) + sum(len(text or "") for text in (finding.cure, finding.value, finding.expected))
        if left < 0:
            return
        yield finding


def _header(text: str) -> str:
    return _storable(text)[:MOST_HEADER_CHARACTERS]


def _storable(text: str) -> str:
    """The text without NUL and lone surrogates, which neither a rejection's reader nor PostgreSQL takes."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()


def _position_id(record: Record) -> str:
    """An id for an event that brought none: the same record gives the same id, however often it is read."""
    return str(uuid5(UUID(int=0), f"{record.topic}/{record.partition}/{record.offset}"))


def _subject(record: Record) -> tuple[UUID | None, str | None]:
    """The dataset id (the key, on dataset topics) and the path, as far as they can be made out."""
    try:
        dataset_id = UUID((record.key or b"").decode())
    except ValueError:
        dataset_id = None
    if record.value is None or _is_too_large(record.value):
        return dataset_id, None
    try:
        payload: Any = json.loads(record.value)
        path = (payload.get("dataset") or payload.get("submission"))["path"]
        return dataset_id, _storable(path) if isinstance(path, str) else None
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return dataset_id, None
