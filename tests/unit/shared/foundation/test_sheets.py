import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.foundation.sheets import cell_of

FORMULAS = [
    "=1+1",
    "+cmd|'/c calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\uff1d1",
    "-",
    "--1",
    "+1e",
    "=",
    "-x",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_calculate_is_text(text: str) -> None:
    assert cell_of(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["-5", "+1.5e-3", "-0", "-.5", "1", "", "x=1", "a-b", "lysozyme", "/data/x", "'=1", "é"]
)
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert cell_of(text) == text


@given(st.text())
def test_no_cell_begins_as_a_formula_does_and_no_character_is_lost(text: str) -> None:
    cell = cell_of(text)
    assert cell.removeprefix("'") == text.removeprefix("'")
    if cell[:1] in {"=", "@", "\t", "\r"}:
        pytest.fail(f"{cell!r} is calculated")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_is_altered(number: float) -> None:
    assert cell_of(repr(number)) == repr(number)


def test_a_neutral_cell_survives_being_written_and_read() -> None:
    text = io.StringIO()
    csv.writer(text).writerow(map(cell_of, FORMULAS))
    [row] = csv.reader(io.StringIO(text.getvalue(), newline=""))
    assert row == [f"'{formula}" for formula in FORMULAS]
