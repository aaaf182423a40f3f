"""The answers about receipts and rejections, from their rows. Pure."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from pydantic_core import to_json

from services.search.query.receipts import Choice
from shared.postgres.statement import Row

T = TypeVar("T", bytes, str)

WRITTEN_APART = frozenset(
    {"record_offset", "findings", "finding_codes", "headers", "key", "value", "submission", "heard_at"}
)
"""The columns of a rejection that an answer shows in another form, or not at all."""
PART = 3 * 64 * 1024
"""The bytes or characters that are written at once. The size leaves no base64 padding between them."""


def receipt_answer(row: Row, now: datetime) -> Row:
    """The state of a receipt: in_flight, pending, committed, unchanged or rejected, each with its details.

    `warnings` are the codes of the findings of the dataset's current revision.
    """
    answer: Row = {name: row[name] for name in ("receipt_id", "dataset_id", "path", "submitted_at")}
    answer.update(json.loads(row["answer"]))
    if answer["state"] in ("committed", "unchanged"):
        answer["warnings"] = row.get("warnings") or []
    if answer["state"] in ("in_flight", "pending") and row["submitted_at"]:
        answer["age_seconds"] = round((now - row["submitted_at"]).total_seconds(), 3)
    return answer


def chosen_answer(choice: Choice, now: datetime) -> Row:
    """The state of the chosen submission, and of the others under its receipt id if there are any."""
    answer = receipt_answer(choice.answered, now)
    if choice.others:
        answer["others"] = [receipt_answer(row, now) | {"source": row["source"]} for row in choice.others]
    return answer


def rejection_parts(row: Row) -> Iterator[bytes]:
    """A rejection as JSON, part by part: with the original bytes in base64, and as text if they are text."""
    answer = {name: row[name] for name in row if name not in WRITTEN_APART}
    answer["offset"] = row["record_offset"]
    answer["findings"] = json.loads(row["findings"])
    answer["headers"] = json.loads(row["headers"])
    answer["key_base64"] = _base64(row["key"])
    yield to_json(answer)[:-1]
    value: bytes | None = row["value"]
    yield b',"value_base64":'
    yield from _quoted(value, base64.b64encode)
    yield b',"value_text":'
    text = _text(value)
    yield from _quoted(text, lambda part: to_json(part)[1:-1])
    yield b"}"


def _quoted(value: T | None, written: Callable[[T], bytes]) -> Iterator[bytes]:
    """A JSON string, part by part."""
    if value is None:
        yield b"null"
        return
    yield b'"'
    for begin in range(0, len(value), PART):
        yield written(value[begin : begin + PART])
    yield b'"'


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
