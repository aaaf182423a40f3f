"""Building a `dataset.rejected` event: the reason, the original bytes and where they were read."""

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from shared.events import DatasetRejected, Excerpt, Finding, Origin, Rejection
from shared.rejections import Refusal
from shared.topics import MOST_EVENT_BYTES, REJECTED
from shared.wire import OF_RECEIPT, Message, Record, content_of, headers_of, is_plain, producer_of

MOST_FINDINGS = 100
MOST_FINDINGS_CHARACTERS = 250_000
MOST_MESSAGE_CHARACTERS = 4000
MOST_HEADERS = 64
MOST_HEADER_CHARACTERS = 1000
MOST_KEY_BYTES = 64 * 1024
EXCERPT_BYTES = 1024


def rejection_message(stage: str, record: Record, refusal: Refusal, now: datetime) -> Message:
    """The event that says why a record was not taken. It never fails: whatever cannot be read is left empty."""
    headers = {_header(name): _header(value.decode(errors="replace")) for name, value in record.headers[:MOST_HEADERS]}
    receipt_id = headers.get("ce_id") or None
    dataset_id, path = _subject(record)
    producer = producer_of(record) or b""
    rejection = Rejection(
        receipt_id=receipt_id,
        dataset_id=dataset_id,
        path=path,
        producer=_storable(producer.decode(errors="replace")) or None,
        stage=stage,
        code=refusal.code,
        message=_storable(refusal.message)[:MOST_MESSAGE_CHARACTERS],
        findings=list(_fitting(refusal.findings)),
        origin=Origin(
            topic=record.topic, partition=record.partition, offset=record.offset, timestamp_ms=record.timestamp_ms
        ),
        headers=headers,
        key_base64=None if record.key is None else _encoded(record.key[:MOST_KEY_BYTES]),
        value_base64=None if record.value is None or _is_too_large(record.value) else _encoded(record.value),
        value_excerpt=_excerpt(record.value) if record.value is not None and _is_too_large(record.value) else None,
        rejected_at=now,
    )
    payload = DatasetRejected(rejection=rejection).model_dump_json().encode()
    event_id = receipt_id if receipt_id and is_plain(receipt_id) else _position_id(record)
    content = content_of(record)
    key = str(dataset_id).encode() if dataset_id else record.key
    said = headers_of(
        REJECTED,
        receipt_id=event_id,
        source=f"/beamcat/{stage}",
        time=now.isoformat(),
        producer=(rejection.producer or "").encode() if is_plain(rejection.producer or "") else None,
        content=content if is_plain(content) else "",
    )
    return Message(REJECTED.name, key, payload, (*said, (OF_RECEIPT, (receipt_id or "").encode())))


def _is_too_large(value: bytes) -> bool:
    """Kafka compresses, so a record may be larger than any topic seems to allow."""
    return len(value) > MOST_EVENT_BYTES


def _excerpt(value: bytes) -> Excerpt:
    return Excerpt(
        byte_count=len(value),
        sha256=sha256(value).hexdigest(),
        head_base64=_encoded(value[:EXCERPT_BYTES]),
        tail_base64=_encoded(value[-EXCERPT_BYTES:]),
    )


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


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
