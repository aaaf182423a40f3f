"""Cursors: where a page ended, as an opaque text that contains the sort key and the id of its last row. Pure.

A cursor contains no ordinal and no position, so it stays valid when the read model is rebuilt and swapped.
"""

import base64
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared.foundation.errors import BeamcatError
from shared.foundation.storable import flaw_of
from shared.foundation.times import read_time

Key = float | str | datetime


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: its sort key, and its id, which decides between equal keys."""

    key: Key
    row_id: UUID


class CursorInvalid(BeamcatError, ValueError):
    """The text is not a cursor of this query."""


def write_cursor(order: str, cursor: Cursor) -> str:
    """The cursor as text. It is valid for the order of rows named `order` only."""
    key = cursor.key.isoformat() if isinstance(cursor.key, datetime) else cursor.key
    return base64.urlsafe_b64encode(json.dumps([order, key, cursor.row_id.hex]).encode()).decode().rstrip("=")


def read_cursor(text: str, order: str, key_type: type[Key]) -> Cursor:
    """The cursor that `write_cursor` wrote.

    Raises:
        CursorInvalid: the text is not a cursor, or a cursor of another order.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        given_order, key, row_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        cursor = Cursor(_key(key, key_type) if given_order == order else 0.0, UUID(hex=row_id))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise CursorInvalid("not a cursor; give `next` of the previous page, or leave it out") from None
    if given_order != order:
        raise CursorInvalid("the cursor belongs to another sort or order; start again without it")
    return cursor


def _key(key: object, key_type: type[Key]) -> Key:
    if key_type is float and isinstance(key, (int, float)) and math.isfinite(key):
        return float(key)
    if key_type is datetime and isinstance(key, str):
        return read_time(key, UTC)
    if key_type is str and isinstance(key, str) and flaw_of(key) is None:
        return key
    raise TypeError(key)
