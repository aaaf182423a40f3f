"""Words and numbers by which people and programs say that there is no value: one list, whatever format they come in.

A text parameter has a shorter list: `Na` is an element and `unknown` a sample's name, but neither is a number.
"""

NO_TEXT = frozenset({"?", ".", "-", "--", "---", "—", "none", "null", "n/a", "<na>", "#n/a", "0000-00-00 00:00:00"})
NO_NUMBER = NO_TEXT | {
    *("nan", "inf", "infinity", "na", "n.a.", "nd", "n.d.", "nil", "undef", "undefined", "unset", "not set", "tbd"),
    *("unknown", "not available", "not applicable", "not measured", "not determined", "missing", "void"),
}
SENTINELS = frozenset({-1.0, -9.0, -99.0, -99.9, -99.99, -999.0, -999.9, -999.99, -9999.0, -99999.0, -999999.0})
"""Numbers that programs write for none; each is taken so only where no such value can be."""


def says_no_text(text: str) -> bool:
    """Whether a text is blank, or a word for no text. A Fortran program prints stars where a number does not fit."""
    word = text.strip()
    return not word.strip("*") or word.lower() in NO_TEXT


def says_no_number(text: str) -> bool:
    """Whether a text is blank, or a word for no number, time or truth: `nan`, `-inf`, `N/A`, `unknown`, `***`."""
    return says_no_text(text) or text.strip().lstrip("+-").lower() in NO_NUMBER
