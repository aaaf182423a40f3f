"""Text that a terminal shows and does not obey."""

from __future__ import annotations

import unicodedata

OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that a terminal obeys, or hides instead of showing them."""


def visible(text: str) -> str:
    """The text in one line, with an escape in place of each character that a terminal would obey."""
    return "".join(
        each.encode("unicode_escape").decode() if unicodedata.category(each) in OBEYED else each for each in text
    )
