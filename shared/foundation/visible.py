"""Texts of others, made visible: shown as they are, and never obeyed by a terminal."""

import re

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""What a terminal obeys or hides instead of showing it: control characters, and those that turn a line around."""


def visible(text: str) -> str:
    """The text as it is, with nothing in it that a terminal would obey."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
