"""What a reader of receipts and rejections gets, from the rows that are kept. Pure."""

import base64
import json
from datetime import datetime

from services.search.receipts import Choice, Row


def receipt_answer(row: Row, now: datetime) -> Row:
    """The state of a receipt: in_flight, pending, committed, unchanged or rejected, each with what belongs to it."""
    answer: Row = {name: row[name] for name in ("receipt_id", "dataset_id", "path", "submitted_at")}
    answer.update(json.loads(row["answer"]))
    if answer["state"] in ("in_flight", "pending") and row["submitted_at"]:
        answer["age_seconds"] = round((now - row["submitted_at"]).total_seconds(), 3)
    return answer


def chosen_answer(choice: Choice, now: datetime) -> Row:
    """The state of the submission that is meant, and of the others under its receipt id, if there are any."""
    answer = receipt_answer(choice.answered, now)
    if choice.others:
        answer["others"] = [receipt_answer(row, now) | {"source": row["source"]} for row in choice.others]
    return answer


def rejection_answer(row: Row) -> Row:
    """A rejection with its original bytes in base64, and as text where they are text."""
    answer = {name: row[name] for name in row if name not in ("record_offset", "findings", "headers", "key", "value")}
    answer["offset"] = row["record_offset"]
    answer["findings"] = json.loads(row["findings"])
    answer["headers"] = json.loads(row["headers"])
    answer["key_base64"] = _base64(row["key"])
    answer["value_base64"] = _base64(row["value"])
    answer["value_text"] = _text(row["value"])
    return answer


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
