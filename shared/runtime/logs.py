"""The log of every process: one handler on standard error, which bounds how many lines of one kind it writes.

A fault that repeats a thousand times a second says nothing more than one that is told ten times and then counted, but
it fills the disk.
"""

import json
import logging
import re
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from shared.foundation.visible import visible
from shared.runtime.metrics import LOG_LINES_LEFT_OUT

LIBRARIES = ("aiokafka", "alembic", "asyncio", "faststream", "httpcore", "httpx", "kafka", "sqlalchemy", "uvicorn")
"""What is not ours tells its warnings and errors alone: the state of a connection is told by us."""
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
BURST_LINES = 50
"""Lines of one kind that are written at once."""
LINES_PER_SECOND = 10
"""Lines of one kind that are written in the long run."""
TRACEBACK_LINES = 5
"""What a line with a traceback counts for."""
TELL_SECONDS = 10.0
"""How often it is told how many lines were left out."""
MOST_KINDS = 200
"""Kinds that are told apart; whatever else comes meanwhile counts as one kind of its logger."""
MOST_CHARACTERS = 16 * 1024
"""Of one line, with its traceback; beginning and end are kept."""

Kind = tuple[str, int, str]
"""Logger, level, and the line before its arguments are filled in, without numbers."""

NUMBERS = re.compile(r"0x[0-9a-f]+|[0-9a-f]*\d[0-9a-f]*", re.IGNORECASE)


@dataclass
class Bucket:
    """What is left of a kind's lines, and how many were left out since it was last told."""

    lines: float
    at: float
    left_out: int = 0


class LineLimit:
    """Decides which lines are written: pure but for what it remembers, and bounded."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[Kind, Bucket] = OrderedDict()

    def admits(self, kind: Kind, cost: int, now: float) -> bool:
        """Whether a line of this kind is written at this time, in seconds of a clock that never goes back."""
        if kind not in self._buckets and len(self._buckets) >= MOST_KINDS:
            kind = self._make_room(kind, now)
        bucket = self._buckets.setdefault(kind, Bucket(BURST_LINES, now))
        self._buckets.move_to_end(kind)
        bucket.lines = min(BURST_LINES, bucket.lines + (now - bucket.at) * LINES_PER_SECOND)
        bucket.at = now
        if bucket.lines < cost:
            bucket.left_out += 1
            return False
        bucket.lines -= cost
        return True

    def take_left_out(self) -> list[tuple[Kind, int]]:
        """How many lines of each kind were left out since this was last asked."""
        told = [(kind, bucket.left_out) for kind, bucket in self._buckets.items() if bucket.left_out]
        for bucket in self._buckets.values():
            bucket.left_out = 0
        return told

    def _make_room(self, kind: Kind, now: float) -> Kind:
        """Forget the kind that was seen longest ago, if it is as good as new; else count with all other new kinds."""
        oldest, bucket = next(iter(self._buckets.items()))
        as_new = not bucket.left_out and bucket.lines + (now - bucket.at) * LINES_PER_SECOND >= BURST_LINES
        name, level, _ = kind
        if not as_new and level < logging.CRITICAL:  # the first critical line of its kind is always written
            return name, level, ""
        del self._buckets[oldest]
        return kind


class TextFormatter(logging.Formatter):
    """A line for people. What a producer said stands on one line, and no terminal obeys it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  as logging calls it
        """The line without a traceback."""
        record.message = visible(record.message).replace("\n", "\\n")
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802  as logging calls it
        """The traceback, on lines of its own."""
        return visible(super().formatException(ei))


class JsonFormatter(logging.Formatter):
    """A line for machines: one JSON object, with `receipt`, `path` and `trace_id` where a line is about an event."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line, with its texts cut in their middle if it is too long."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "service": self._service,
            **getattr(record, "about", {}),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        most = MOST_CHARACTERS
        while len(line := json.dumps({name: _cut(text, most) for name, text in said.items()})) > MOST_CHARACTERS:
            most //= 2
        return line


class LimitedHandler(logging.StreamHandler[TextIO]):
    """Writes what the limit admits, and every ten seconds how much it left out."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream or sys.stderr)
        self._clock = clock
        self._limit = LineLimit()
        self._teller: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line or count it; the caller holds the handler's lock."""
        if self._limit.admits(_kind(record), TRACEBACK_LINES if record.exc_info else 1, self._clock()):
            super().emit(record)
            return
        LOG_LINES_LEFT_OUT.inc()
        if self._teller is None:
            self._teller = threading.Timer(TELL_SECONDS, self.tell)
            self._teller.daemon = True
            self._teller.start()

    def format(self, record: logging.LogRecord) -> str:
        """The line, cut in its middle if it is too long."""
        return _cut(super().format(record), MOST_CHARACTERS)

    def tell(self) -> None:
        """Write how many lines were left out of each kind."""
        self.acquire()
        try:
            self._teller = None
            for (name, level, text), count in self._limit.take_left_out():
                message = f"{count} more lines like this were left out in the last {TELL_SECONDS:g} s: {text}"
                super().emit(logging.LogRecord(name, level, "", 0, message, None, None))
        finally:
            self.release()

    def close(self) -> None:
        """Tell the rest."""
        if self._teller is not None:
            self._teller.cancel()
            self.tell()
        super().close()


def set_up(level: str, service: str | None = None) -> None:
    """Let all loggers of this process write to standard error, in bounds; as JSON if a service is named."""
    handler = LimitedHandler()
    handler.setFormatter(TextFormatter(FORMAT) if service is None else JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler])
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def set_up_for_command() -> None:
    """Of a command that ends in one sentence, only what it says itself is written, and warnings of ours."""
    set_up("WARNING")
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)


def _cut(text: str, most: int) -> str:
    """A text, without its middle if it is too long."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters left out … {text[-half:]}"


def _kind(record: logging.LogRecord) -> Kind:
    text = str(record.msg).partition("\n")[0][:200]
    return record.name, record.levelno, NUMBERS.sub("#", text)
