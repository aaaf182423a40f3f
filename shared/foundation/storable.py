"""Texts that can be stored: PostgreSQL takes no NUL, and UTF-8 no half of a surrogate pair."""

NUL = "\x00"
ESCAPED_NUL = rb"\u0000"
"""The only way in which JSON in UTF-8 can hold NUL."""


def flaw_of(text: str) -> str | None:
    """What a text holds that cannot be stored; None for nearly every text."""
    if NUL in text:
        return "the character NUL"
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a UTF-16 surrogate pair"
    return None


def storable(text: str) -> str:
    """The text with a visible character in place of each that cannot be stored."""
    return text.replace(NUL, "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()
