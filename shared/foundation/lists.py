"""Lists in one text."""

import re
from collections.abc import Iterator


def split(text: str, separator: str) -> Iterator[str]:
    r"""The parts of the text, without empty ones. A separator after a backslash is part of the value."""
    for part in re.split(rf"(?<!\\){re.escape(separator)}", text):
        if part.strip():
            yield part.replace(f"\\{separator}", separator)
