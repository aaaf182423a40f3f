"""One dataset of a source, and the port of all sources."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID, uuid5

from pydantic_core import to_json

Submission = dict[str, Any]
Position = Any
"""A place in a source, as JSON. Only the source understands it."""
KEYS = UUID("6f0c5a0e-8f5e-4d0c-9d53-0c2a7b1f4e11")


class NotConvertible(Exception):
    """Something in a source that cannot become a submission; the message says why, and what to do."""


@dataclass(frozen=True)
class Item:
    """What stands at one place of a source."""

    place: str
    """The place in words, the same whenever it is read."""
    after: Position
    """The position from which to go on after it."""
    done: float | None = None
    """The part of the source that is read, from 0 to 1, if it is known."""
    submissions: Sequence[Submission] = ()
    """Usually one; several for a dataset that came in parts."""
    fault: str = ""
    """Why nothing could be read at this place."""
    original: Any = None
    """What stands there, if it could not be read."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What is not in the submission, and what was decided."""

    @cached_property
    def contents(self) -> Sequence[bytes]:
        """Each submission as JSON.

        Raises:
            ValueError: one cannot be written as UTF-8.
        """
        return [to_json(submission) for submission in self.submissions]

    @property
    def size(self) -> int:
        """Its submissions in bytes."""
        return sum(map(len, self.contents))

    def receipt_ids(self) -> list[str]:
        """The receipt of each submission. It follows from the place and the content, so a second run repeats it."""
        return [
            str(uuid5(KEYS, f"{self.place}\n{number}\n{hashlib.sha256(content).hexdigest()}"))
            for number, content in enumerate(self.contents)
        ]


def item_of(
    place: str,
    after: Position,
    done: float | None,
    convert: Callable[[], Sequence[Submission]],
    original: Any,  # noqa: ANN401  whatever JSON it is
) -> Item:
    """The item with what `convert` returns. If it raises, the item is a fault, beside which `original` is kept."""
    try:
        item = Item(place, after, done, convert())
        _ = item.contents
    except NotConvertible as error:
        return Item(place, after, done, fault=str(error), original=original)
    except ValueError as error:
        return Item(place, after, done, fault=f"cannot be written as JSON: {error}", original=original)
    return item


class Origin(Protocol):
    """A source of old datasets."""

    @property
    def identity(self) -> str:
        """What it is, so that a backfill goes on only where it began."""

    def read(self, position: Position | None) -> Iterator[Item]:
        """Everything from a position on, in an order that stays."""
