"""The original of a rejection, as a person reads and corrects it. Pure."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from shared.events.topics import QUEUE

MOST_LINES = 200
"""The most lines that are shown of an original, besides those with findings."""
LONGEST_LINE = 400
"""The most characters that are shown of one line."""
MEMBER = re.compile(r'( *)"((?:[^"\\]|\\.)*)": ')
FIELD_INDENT = 2
"""The indent of a submission's fields. Its parameters are indented further."""
TAG = re.compile(r"(<[^<>]*>)")


class Line(NamedTuple):
    """A line of an original, and the codes of the findings about it."""

    text: str
    codes: Sequence[str] = ()


def is_frame(rejection: Mapping[str, Any]) -> bool:
    """Whether it is a frame of an ICAT client that could not be translated."""
    return str(rejection["topic"]).startswith(QUEUE)


def value_of(rejection: Mapping[str, Any]) -> bytes:
    """The original bytes; empty if they were too many to be kept."""
    return base64.b64decode(rejection["value_base64"] or "")


def submission_of(rejection: Mapping[str, Any]) -> dict[str, Any] | None:
    """The submission in the original, if it can be read."""
    try:
        submission = json.loads(value_of(rejection))["submission"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return submission if isinstance(submission, dict) else None


def written(submission: Mapping[str, Any]) -> bytes:
    """A submission as a file to correct."""
    return f"{json.dumps(submission, indent=FIELD_INDENT, ensure_ascii=False)}\n".encode()


def lines_of(rejection: Mapping[str, Any]) -> list[Line]:
    """The original with a line for each statement, shortened for a person."""
    submission = submission_of(rejection)
    if submission is not None:
        findings = rejection["findings"]
        return shortened([_marked(line, findings) for line in written(submission).decode().splitlines()])
    text = value_of(rejection).decode(errors="backslashreplace")
    return shortened([Line(line) for line in (indented(text) if is_frame(rejection) else text).splitlines()])


def shortened(lines: Sequence[Line]) -> list[Line]:
    """The beginning, the end and every line with a finding. The number of omitted lines and characters is shown."""
    shown = []
    half = MOST_LINES // 2
    numbered = list(enumerate(lines))
    for is_kept, group in groupby(
        numbered, lambda each: each[0] < half or each[0] >= len(lines) - half or bool(each[1].codes)
    ):
        some = [line for _, line in group]
        shown += [Line(_cut(line.text), line.codes) for line in some] if is_kept else [Line(f"… {len(some)} lines …")]
    return shown


def indented(frame: str) -> str:
    """XML with a line for each element. Only blanks between tags change, so a broken frame shows where it breaks."""
    lines: list[str] = []
    depth = 0
    holds_text = True  # whether what comes next belongs on the line that was begun
    for token in filter(None, (part.strip() for part in TAG.split(frame))):
        ends = token.startswith("</")
        depth -= ends and depth > 0
        if lines and holds_text and (ends or not token.startswith("<")):
            lines[-1] += token
        else:
            lines.append("  " * depth + token)
        begins = token.startswith("<") and not ends and not token.endswith(("/>", "?>")) and token[1:2] != "!"
        holds_text = begins or not token.startswith("<")
        depth += begins
    return "\n".join(lines)


def _marked(line: str, findings: Iterable[Mapping[str, Any]]) -> Line:
    member = MEMBER.match(line)
    if member is None:
        return Line(line)
    is_field = len(member[1]) == FIELD_INDENT
    return Line(line, tuple(_codes_about(member[2], findings, is_field=is_field)))


def _codes_about(name: str, findings: Iterable[Mapping[str, Any]], *, is_field: bool) -> Iterator[str]:
    for finding in findings:
        parameter, code = finding.get("parameter"), str(finding["code"])
        if (parameter == name and not is_field) or (parameter is None and is_field and code.startswith(f"{name}_")):
            yield code


def _cut(text: str) -> str:
    half = LONGEST_LINE // 2
    left_out = len(text) - 2 * half
    return text if left_out <= 0 else f"{text[:half]} … {left_out} characters … {text[-half:]}"
