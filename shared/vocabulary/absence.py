"""Words and numbers that mean "no value". The list is the same for all formats.

A text parameter has a shorter list: `Na` is an element and `unknown` a sample's name, but neither is a number.
"""

NO_TEXT = frozenset({"?", ".", "-", "--", "---", "—", "none", "null", "n/a", "<na>", "#n/a", "0000-00-00 00:00:00"})
NO_NUMBER = NO_TEXT | {
    *("nan", "inf", "infinity", "na", "n.a.", "nd", "n.d.", "nil", "undef", "undefined", "unset", "not set", "tbd"),
    *("unknown", "not available", "not applicable", "not measured", "not determined", "missing", "void"),
}
SENTINELS = frozenset({-1.0, -9.0, -99.0, -99.9, -99.99, -999.0, -999.9, -999.99, -9999.0, -99999.0, -999999.0})
"""Numbers that programs write for "no value". Each only counts as such if the value itself is impossible."""


def says_no_text(text: str) -> bool:
    """Whether a text is blank or means "no text". A Fortran program prints stars if a number does not fit."""
    word = text.strip()
    return not word.strip("*") or word.lower() in NO_TEXT


def says_no_number(text: str) -> bool:
    """Whether a text is blank or means "no number, time or boolean": `nan`, `-inf`, `N/A`, `unknown`, `***`."""
    return says_no_text(text) or text.strip().lstrip("+-").lower() in NO_NUMBER
