"""Unicode normalisation in linear time.

Normalisation sorts each run of combining marks by insertion, so a run of 16,000 takes a second. No script needs more
than a few marks on a letter, and Unicode's stream-safe format (UAX 15) allows 30.
"""

import re
import unicodedata
from functools import cache
from typing import Literal

MOST_MARKS = 30
HARMLESS_CHARACTERS = 1_000
"""A text of this length is always normalised: a run of so many marks takes a millisecond."""
PLANES_WITH_MARKS = 0x20000


def normalised(form: Literal["NFC", "NFKC"], text: str) -> str:
    """The text in a normal form. A long text with too many marks on a letter stays as it is, as it has no meaning."""
    if text.isascii() or (len(text) > HARMLESS_CHARACTERS and piles_up_marks(text)):
        return text
    return unicodedata.normalize(form, text)


def piles_up_marks(text: str) -> bool:
    """Whether a letter has more marks than any script needs."""
    return not text.isascii() and _pile_of_marks().search(text) is not None


@cache
def _pile_of_marks() -> re.Pattern[str]:
    marks = "".join(letter for letter in map(chr, range(PLANES_WITH_MARKS)) if unicodedata.combining(letter))
    return re.compile(f"[{marks}]{{{MOST_MARKS + 1}}}")
