"""A file with one dataset per line: submissions, or events of a beamcat; also compressed with gzip."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clients.cli.backfill.committed import submissions_in
from clients.cli.backfill.item import Item, Position, Submission, item_of
from clients.cli.submissions.lines import MOST_LINE_BYTES, entry_of_line

GZIP = b"\x1f\x8b"
REJECTION = frozenset({"place", "receipt_id", "submission"})
SHOWN_BYTES = 1024
"""The most of a line that is kept beside the reason why it could not be read: the file has the whole line."""


@dataclass(frozen=True)
class LineSource:
    """The file. A position is the offset and the number of the next line; with gzip, the offset is uncompressed."""

    file: Path

    @property
    def identity(self) -> str:
        """The name of the file and its first bytes: it may be moved, and may grow, while a backfill goes on."""
        with self.file.open("rb") as file:
            return f"{self.file.name} {hashlib.sha256(file.readline(SHOWN_BYTES)).hexdigest()[:16]}"

    def read(self, position: Position | None) -> Iterator[Item]:
        """Everything from a line on."""
        offset, number = position or (0, 1)
        size = self.file.stat().st_size or 1
        with self.file.open("rb") as raw, _plain(raw) as lines:
            lines.seek(offset)
            while line := lines.readline(MOST_LINE_BYTES + 1):
                offset += len(line) + (_skip_line(lines) if _is_cut(line) else 0)
                after = (offset, number + 1)
                if line.strip():
                    yield _item(number, line, after, raw.tell() / size)
                number += 1


def _plain(raw: IO[bytes]) -> IO[bytes]:
    is_compressed = raw.read(len(GZIP)) == GZIP
    raw.seek(0)
    if is_compressed:
        opened: Any = gzip.GzipFile(fileobj=raw)
        return opened  # type: ignore[no-any-return]  # a GzipFile reads as an IO does
    return raw


def _is_cut(line: bytes) -> bool:
    return len(line) > MOST_LINE_BYTES and not line.endswith(b"\n")


def _skip_line(lines: IO[bytes]) -> int:
    """Skip the rest of a line that is too long. Returns its bytes."""
    skipped = 0
    while piece := lines.readline(MOST_LINE_BYTES):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def _item(number: int, line: bytes, after: Position, done: float) -> Item:
    entry = entry_of_line(number, line)
    found, shown = entry.submission, line[:SHOWN_BYTES].decode(errors="replace")
    if found is None:
        return Item(f"line {number}", after, done, fault=entry.fault, original=shown)
    return item_of(_again(found) or f"line {number}", after, done, lambda: submissions_in(found), shown)


def _again(line: Submission) -> str:
    """The place of a line that a backfill wrote about a rejection: its receipt is new, so that it is judged anew."""
    return f"{line['place']}, again after {line['receipt_id']}" if line.keys() >= REJECTION else ""
