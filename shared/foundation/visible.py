"""Texts from outside, made safe to show: a terminal never executes their control characters."""

import re

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Characters that a terminal executes or hides: control characters, and those that change the direction of text."""


def visible(text: str) -> str:
    """The text without the characters that a terminal would execute."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
