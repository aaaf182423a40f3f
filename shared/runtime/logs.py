"""The log of every process: one handler on standard error, which limits the rate of similar lines.

A fault that is logged a thousand times a second tells no more than one that is logged ten times and then counted, but
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
"""Libraries of which only warnings and errors are logged: beamcat itself logs the state of connections."""
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
BURST_LINES = 50
"""How many lines of one kind may be written at once."""
LINES_PER_SECOND = 10
"""The long-term rate of lines of one kind."""
TRACEBACK_LINES = 5
"""How many lines a line with a traceback counts as."""
TELL_SECONDS = 10.0
"""How often the number of omitted lines is logged."""
MOST_KINDS = 200
"""The most kinds that are distinguished. Further kinds count as one kind of their logger."""
MOST_CHARACTERS = 16 * 1024
"""The longest line, with its traceback. Of a longer one, the beginning and end are kept."""

Kind = tuple[str, int, str]
"""Logger, level, and the format of the line, without numbers."""

NUMBERS = re.compile(r"0x[0-9a-f]+|[0-9a-f]*\d[0-9a-f]*", re.IGNORECASE)


@dataclass
class Bucket:
    """How many lines of a kind may still be written, and how many were omitted since the last report."""

    lines: float
    at: float
    left_out: int = 0


class LineLimit:
    """Decides which lines are written. Its memory is bounded."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[Kind, Bucket] = OrderedDict()

    def admits(self, kind: Kind, cost: int, now: float) -> bool:
        """Whether a line of this kind is written at this time, in seconds of a monotonic clock."""
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
        """How many lines of each kind were omitted since the last call."""
        told = [(kind, bucket.left_out) for kind, bucket in self._buckets.items() if bucket.left_out]
        for bucket in self._buckets.values():
            bucket.left_out = 0
        return told

    def _make_room(self, kind: Kind, now: float) -> Kind:
        """Forget the least recently seen kind if its bucket is full; else count this kind among all further kinds."""
        oldest, bucket = next(iter(self._buckets.items()))
        as_new = not bucket.left_out and bucket.lines + (now - bucket.at) * LINES_PER_SECOND >= BURST_LINES
        name, level, _ = kind
        if not as_new and level < logging.CRITICAL:  # the first critical line of its kind is always written
            return name, level, ""
        del self._buckets[oldest]
        return kind


class TextFormatter(logging.Formatter):
    """A line for people. A producer's text stays on one line, and no terminal executes its control characters."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  as logging calls it
        """The line without a traceback."""
        record.message = visible(record.message).replace("\n", "\\n")
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802  as logging calls it
        """The traceback, on separate lines."""
        return visible(super().formatException(ei))


class JsonFormatter(logging.Formatter):
    """A line for programs: one JSON object, with `receipt`, `path` and `trace_id` if it is about an event."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line. If it is too long, the middle of its texts is cut out."""
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
    """Writes lines within the limit, and every ten seconds the number of omitted lines."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream or sys.stderr)
        self._clock = clock
        self._limit = LineLimit()
        self._teller: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line or count it. The caller holds the handler's lock."""
        if self._limit.admits(_kind(record), TRACEBACK_LINES if record.exc_info else 1, self._clock()):
            super().emit(record)
            return
        LOG_LINES_LEFT_OUT.inc()
        if self._teller is None:
            self._teller = threading.Timer(TELL_SECONDS, self.tell)
            self._teller.daemon = True
            self._teller.start()

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its middle if it is too long."""
        return _cut(super().format(record), MOST_CHARACTERS)

    def tell(self) -> None:
        """Write how many lines of each kind were omitted."""
        self.acquire()
        try:
            self._teller = None
            for (name, level, text), count in self._limit.take_left_out():
                message = f"{count} more lines like this were omitted in the last {TELL_SECONDS:g} s: {text}"
                super().emit(logging.LogRecord(name, level, "", 0, message, None, None))
        finally:
            self.release()

    def close(self) -> None:
        """Write the last numbers of omitted lines."""
        if self._teller is not None:
            self._teller.cancel()
            self.tell()
        super().close()


def set_up(level: str, service: str | None = None) -> None:
    """Make all loggers of this process write to standard error, within limits; as JSON if a service is given."""
    handler = LimitedHandler()
    handler.setFormatter(TextFormatter(FORMAT) if service is None else JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler])
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def set_up_for_command() -> None:
    """Set up the log of a command: only its own output and beamcat's warnings are written."""
    set_up("WARNING")
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)


def _cut(text: str, most: int) -> str:
    """A text, without its middle if it is too long."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters omitted … {text[-half:]}"


def _kind(record: logging.LogRecord) -> Kind:
    text = str(record.msg).partition("\n")[0][:200]
    return record.name, record.levelno, NUMBERS.sub("#", text)
