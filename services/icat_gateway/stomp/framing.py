"""The incremental parser of STOMP 1.0 to 1.2: it turns bytes into frames, within limits. Pure.

It is as lenient as real clients need: it accepts LF or CRLF, newlines between frames, and a body up to NUL without
`content-length`. It is as strict as protection needs: everything that can grow has a limit, and the parser refuses a
frame before it holds more than that.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from services.icat_gateway.stomp.bounds import Limits
from shared.foundation.errors import BeamcatError


class Reason(StrEnum):
    """Why a connection was ended, as the metric `beamcat_icat_refused_total` counts it."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    NOT_CONNECTED = "not_connected"
    VERSION = "version"
    DESTINATION = "destination"
    COMMAND = "command"
    STOPPING = "stopping"
    QUOTA = "quota"


class FrameRefused(BeamcatError):
    """A frame is refused: the client gets an ERROR frame, and its connection ends, as the rest cannot be trusted."""

    def __init__(self, reason: Reason, message: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(message)
        self.reason = reason
        self.headers = headers


@dataclass(frozen=True, slots=True)
class StompFrame:
    """One frame. If a header is repeated, the first one counts, as STOMP defines."""

    command: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


NEWLINES = re.compile(rb"[\r\n]*")
END_OF_HEAD = re.compile(rb"\n\r?\n|\0")
ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
ESCAPES = {
    "1.0": {},
    "1.1": {"n": "\n", "c": ":", "\\": "\\"},
    "1.2": {"n": "\n", "c": ":", "\\": "\\", "r": "\r"},
}
WRITTEN = {
    version: str.maketrans(dict.fromkeys("\r\n\0", " ") | {meaning: f"\\{letter}" for letter, meaning in known.items()})
    for version, known in ESCAPES.items()
}
"""The escapes of a header's value for each version. A character without an escape becomes a space."""
UNESCAPED = ("CONNECT", "STOMP", "CONNECTED")
"""Frames whose headers are never escaped, so that a 1.0 client can read them."""


class Parser:
    """Turns the bytes of a connection into frames. It holds at most one incomplete frame."""

    def __init__(self, limits: Limits) -> None:
        self.version = "1.0"
        """Decides which escapes apply. It is set once the version is negotiated."""
        self._limits = limits
        self._buffer = bytearray()
        self._begin = 0
        """Where the current frame begins in the buffer."""
        self._scanned = 0
        """The position up to which the buffer has been searched without success."""
        self._head: StompFrame | None = None

    @property
    def held_bytes(self) -> int:
        """How many bytes of an incomplete frame are held; 0 between frames."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[StompFrame]:
        """The frames that these bytes complete, in order.

        Raises:
            FrameRefused: the bytes are not STOMP, or exceed a limit. The frames before were yielded.
        """
        self._buffer += data
        while (frame := self._complete()) is not None:
            yield frame
        if self._begin:  # copy the small rest: a buffer that was large once never shrinks
            self._buffer = self._buffer[self._begin :]
            self._scanned -= self._begin
            self._begin = 0

    def let_go(self) -> None:
        """Free the buffer: its frame will never be complete, and the parser may live for long."""
        self._buffer = bytearray()

    def _complete(self) -> StompFrame | None:
        if self._head is None:
            self._head = self._read_head()
        if self._head is None:
            return None
        body = self._read_body(self._head)
        if body is None:
            return None
        head, self._head = self._head, None
        return StompFrame(head.command, head.headers, body)

    def _read_head(self) -> StompFrame | None:
        """The command and the headers, once they are complete."""
        self._skip_newlines()
        end = END_OF_HEAD.search(self._buffer, max(self._begin, self._scanned - 2))
        stop = end.end() if end else len(self._buffer)
        if stop - self._begin > self._limits.head_bytes:
            raise FrameRefused(Reason.TOO_LARGE, f"the head of a frame has more than {self._limits.head_bytes} bytes")
        if end is None:
            self._check_line(len(self._buffer) - max(self._begin, self._buffer.rfind(b"\n", self._begin) + 1))
            self._scanned = len(self._buffer)
            return None
        if end.group() == b"\0":
            raise FrameRefused(Reason.MALFORMED, "a frame ends within its headers: an empty line must follow them")
        head = self._parse_head(bytes(self._buffer[self._begin : end.start()]))
        self._begin = self._scanned = stop
        return head

    def _skip_newlines(self) -> None:
        """Skip heart-beats, and the newlines that clients write after the NUL of a frame."""
        newlines = NEWLINES.match(self._buffer, self._begin)
        assert newlines is not None
        self._begin = newlines.end()
        self._scanned = max(self._scanned, self._begin)

    def _check_line(self, length: int) -> None:
        if length > self._limits.line_bytes:
            raise FrameRefused(Reason.TOO_LARGE, f"a header has more than {self._limits.line_bytes} bytes")

    def _parse_head(self, raw: bytes) -> StompFrame:
        first, *lines = raw.split(b"\n")
        command = first.rstrip(b"\r").decode(errors="replace")
        if not command.isascii() or not command.isalpha():
            raise FrameRefused(Reason.MALFORMED, f"{command[:40]!r} is not a STOMP command")
        if len(lines) > self._limits.headers:
            raise FrameRefused(Reason.TOO_LARGE, f"a frame has more than {self._limits.headers} headers")
        headers: dict[str, str] = {}
        for line in lines:
            self._check_line(len(line))
            name, colon, value = line.removesuffix(b"\r").decode(errors="replace").partition(":")
            if not colon:
                raise FrameRefused(Reason.MALFORMED, f"the header {name[:40]!r} has no colon")
            if command not in UNESCAPED:
                name, value = self._unescape(name), self._unescape(value)
            headers.setdefault(name, value)
        return StompFrame(command, headers)

    def _unescape(self, text: str) -> str:
        known = ESCAPES[self.version]
        if not known or "\\" not in text:
            return text

        def meaning(escape: re.Match[str]) -> str:
            if escape[1] not in known:
                raise FrameRefused(
                    Reason.MALFORMED, f"a header holds {escape[0]!r}, which STOMP {self.version} does not define"
                )
            return known[escape[1]]

        return ESCAPE.sub(meaning, text)

    def _read_body(self, head: StompFrame) -> bytes | None:
        """The body, once it is complete. The next frame then becomes the current one."""
        if (said := head.headers.get("content-length")) is not None:
            end = self._begin + self._said_length(said)
            if len(self._buffer) <= end:
                return None
            if self._buffer[end] != 0:
                raise FrameRefused(Reason.MALFORMED, f"no NUL follows the {said} bytes that content-length gives")
        else:
            end = self._buffer.find(0, self._scanned)
            if (len(self._buffer) if end < 0 else end) - self._begin > self._limits.body_bytes:
                raise self._body_too_large()
            if end < 0:
                self._scanned = len(self._buffer)
                return None
        body = bytes(self._buffer[self._begin : end])
        self._begin = self._scanned = end + 1
        return body

    def _said_length(self, said: str) -> int:
        if not (said.isascii() and said.strip().isdigit()):
            raise FrameRefused(Reason.MALFORMED, f"content-length is {said[:40]!r}, which is not a number of bytes")
        if len(said) > 20 or int(said) > self._limits.body_bytes:  # noqa: PLR2004  more digits than any size has
            raise self._body_too_large()
        return int(said)

    def _body_too_large(self) -> FrameRefused:
        return FrameRefused(
            Reason.TOO_LARGE,
            f"a body has more than {self._limits.body_bytes} bytes; move bulk data into files: parameters describe",
        )


def written(command: str, version: str | None, headers: Mapping[str, str]) -> bytes:
    """The bytes of a server's frame without a body, in a version of STOMP."""
    escapes = WRITTEN[version or "1.0"]
    lines = "".join(f"{name}:{value.translate(escapes)}\n" for name, value in headers.items())
    return f"{command}\n{lines}\n\0".encode(errors="replace")
