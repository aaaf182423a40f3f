"""Cells of a CSV sheet, written so that no program treats a producer's text as a formula."""

import re

BEGINS_A_FORMULA = re.compile("[ \\xa0]*[=+\\-@\\t\\r\\n\\uff1d\\uff0b\\uff0d\\uff20]")
"""The beginning of a formula: also in full width, which some programs treat alike, and after spaces."""
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NEUTRAL = "'"


def cell_of(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet would calculate it. Numbers stay unchanged."""
    return f"{NEUTRAL}{text}" if BEGINS_A_FORMULA.match(text) and not NUMBER.fullmatch(text) else text
