"""Makes text safe to show in a terminal."""

from __future__ import annotations

import unicodedata

OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories of characters that a terminal executes or hides."""


def visible(text: str) -> str:
    """The text in one line, with each character that a terminal would execute replaced by an escape."""
    return "".join(
        each.encode("unicode_escape").decode() if unicodedata.category(each) in OBEYED else each for each in text
    )
