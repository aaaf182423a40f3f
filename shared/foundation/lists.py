"""Lists that are written as one text."""

import re
from collections.abc import Iterator


def split(text: str, separator: str) -> Iterator[str]:
    r"""The parts, without empty ones; a separator after a backslash is part of the value."""
    for part in re.split(rf"(?<!\\){re.escape(separator)}", text):
        if part.strip():
            yield part.replace(f"\\{separator}", separator)
