"""Building a `dataset.rejected` event: the reason, the original bytes and where they were read."""

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from shared.events import DatasetRejected, Origin, Rejection
from shared.rejections import Refusal
from shared.topics import REJECTED
from shared.wire import Message, Record, headers_of, is_plain, producer_of

MOST_FINDINGS = 100
MOST_MESSAGE_CHARACTERS = 4000


def rejection_message(stage: str, record: Record, refusal: Refusal, now: datetime) -> Message:
    """The event that says why a record was not taken. It never fails: whatever cannot be read is left empty."""
    headers = {_storable(name): _storable(value.decode(errors="replace")) for name, value in record.headers}
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
        findings=list(refusal.findings[:MOST_FINDINGS]),
        origin=Origin(
            topic=record.topic, partition=record.partition, offset=record.offset, timestamp_ms=record.timestamp_ms
        ),
        headers=headers,
        key_base64=None if record.key is None else base64.b64encode(record.key).decode(),
        value_base64=None if record.value is None else base64.b64encode(record.value).decode(),
        rejected_at=now,
    )
    payload = DatasetRejected(rejection=rejection).model_dump_json().encode()
    event_id = receipt_id if receipt_id and is_plain(receipt_id) else _position_id(record)
    key = str(dataset_id).encode() if dataset_id else record.key
    return Message(
        REJECTED.name,
        key,
        payload,
        headers_of(REJECTED, receipt_id=event_id, source=f"/beamcat/{stage}", time=now.isoformat()),
    )


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
    try:
        payload: Any = json.loads(record.value or b"")
        path = (payload.get("dataset") or payload.get("submission"))["path"]
        return dataset_id, _storable(path) if isinstance(path, str) else None
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return dataset_id, None
