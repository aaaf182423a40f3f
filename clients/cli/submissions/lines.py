"""Submissions in a stream of bytes: one per line (NDJSON), or one JSON document with one or many."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple, NoReturn

MEBIBYTE = 1024 * 1024
MOST_LINE_BYTES = 16 * MEBIBYTE
"""The limit of one request."""
MOST_DOCUMENT_BYTES = 64 * MEBIBYTE
"""A document is read as a whole, unlike lines."""
WANTED = 'give a JSON object, a list of them, {"datasets": […]}, or one object a line (NDJSON)'
DOCUMENT = re.compile(rb'(\xef\xbb\xbf)?\s*(\[|\{\s*("datasets"|\n))')
"""The beginning of a document that may span several lines."""


class Entry(NamedTuple):
    """One place of a stream: a submission, or the reason why there is none."""

    line: int | None
    """The line, counted from 1; None in a document."""
    submission: dict[str, Any] | None
    fault: str = ""


def entries(chunks: Iterable[bytes | None], *, are_lines: bool = False) -> Iterator[Entry | None]:
    """Everything in a stream, as it comes. A chunk None, which means that more is still to come, gives None."""
    unread, head = iter(chunks), b""
    has_lines: bool | None = are_lines or None
    for chunk in unread:
        if chunk is None:
            yield None
            continue
        head += chunk
        has_lines = are_lines or _has_lines(head)
        if has_lines is not None:
            break
    else:
        has_lines = are_lines or _has_lines(head + b"\n\n")
    whole = chain([head], unread)
    yield from _in_lines(whole) if has_lines else _in_document(whole)


def _has_lines(head: bytes) -> bool | None:
    """Whether each line is a submission, or None if the beginning does not decide it yet.

    If the first line is broken, the second decides.
    """
    if DOCUMENT.match(head):
        return False
    *whole, _ = head.lstrip().split(b"\n")
    first = [line for line in whole if line.strip()][:2]
    if any(isinstance(_parsed_or_none(line), dict) for line in first):
        return True
    if len(head) > MOST_LINE_BYTES:
        return head.lstrip().startswith(b"{")
    return False if len(first) > 1 else None


def _in_lines(chunks: Iterable[bytes | None]) -> Iterator[Entry | None]:
    for found in _lines(chunks):
        if found is None:
            yield None
            continue
        number, line = found
        if line.strip():
            yield entry_of_line(number, line)


def entry_of_line(number: int, line: bytes) -> Entry:
    """The object in one line of NDJSON. A line that is too long is not parsed."""
    if len(line) > MOST_LINE_BYTES:
        return Entry(number, None, f"has more than {MOST_LINE_BYTES // MEBIBYTE} MiB; move bulk data into files")
    try:
        content = parsed(line)
    except (ValueError, RecursionError) as error:
        return Entry(number, None, f"is not JSON: {_reason(error)}")
    if isinstance(content, dict):
        return Entry(number, content)
    return Entry(number, None, "contains no submission: give one JSON object a line")


def _lines(chunks: Iterable[bytes | None]) -> Iterator[tuple[int, bytes] | None]:
    """Each line with its number. A line that is too long is cut just beyond the limit."""
    rest, number = bytearray(), 0
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        *ended, tail = chunk.split(b"\n")
        for piece in ended:
            rest += piece
            number += 1
            yield number, bytes(rest)
            rest.clear()
        if len(rest) <= MOST_LINE_BYTES:
            rest += tail
    if rest:
        yield number + 1, bytes(rest)


def _in_document(chunks: Iterable[bytes | None]) -> Iterator[Entry | None]:
    whole = bytearray()
    for chunk in chunks:
        if chunk is None:
            yield None
            continue
        whole += chunk
        if len(whole) > MOST_DOCUMENT_BYTES:
            most = MOST_DOCUMENT_BYTES // MEBIBYTE
            fault = f"has more than {most} MiB in one JSON document; give one submission a line (jq -c '.[]' writes it)"
            yield Entry(None, None, fault)
            return
    yield from _in_whole(bytes(whole))


def _in_whole(document: bytes) -> Iterator[Entry]:
    if not document.strip():
        yield Entry(None, None, f"is not JSON: it is empty; {WANTED}")
        return
    try:
        content = parsed(document)
    except (ValueError, RecursionError) as error:
        yield Entry(None, None, f"is not JSON: {_reason(error)}")
        return
    if isinstance(content, dict):
        content = content.get("datasets", [content])
    if not content or not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        yield Entry(None, None, f"contains no submission: {WANTED}")
        return
    yield from (Entry(None, submission) for submission in content)


def parsed(text: bytes) -> Any:  # noqa: ANN401  whatever JSON it is
    """The JSON in a text.

    Raises:
        ValueError: it is not JSON, or cannot be sent: a number is infinite, or half a surrogate pair stands alone.
        RecursionError: it is nested too deeply.
    """
    content = json.loads(text.decode("utf-8-sig"), parse_constant=_refuse)
    json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    return content


def _parsed_or_none(line: bytes) -> Any:  # noqa: ANN401  as above
    try:
        return parsed(line)
    except (ValueError, RecursionError):
        return None


def _reason(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return f"byte {error.start} is 0x{error.object[error.start]:02x}, which is not UTF-8"
        case RecursionError():
            return "it is nested too deeply"
    return str(error)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it does not know {constant}; leave a parameter out where there is no value")
