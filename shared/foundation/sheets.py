"""What a cell of a sheet (CSV) holds, so that no program takes a producer's text for a formula."""

import re

BEGINS_A_FORMULA = re.compile("[ \\xa0]*[=+\\-@\\t\\r\\n\\uff1d\\uff0b\\uff0d\\uff20]")
"""Also in full width, which some programs take for the same, and behind spaces, which they leave out."""
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NEUTRAL = "'"


def cell_of(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would calculate it; a number calculates nothing."""
    return f"{NEUTRAL}{text}" if BEGINS_A_FORMULA.match(text) and not NUMBER.fullmatch(text) else text
