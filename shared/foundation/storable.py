"""Storable texts: PostgreSQL cannot store NUL, and UTF-8 cannot encode half a surrogate pair."""

NUL = "\x00"
ESCAPED_NUL = rb"\u0000"
"""The only way in which JSON in UTF-8 can hold NUL."""


def flaw_of(text: str) -> str | None:
    """The part of a text that cannot be stored; None for nearly every text."""
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
    """The text with each character that cannot be stored replaced by a visible one."""
    return text.replace(NUL, "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()
