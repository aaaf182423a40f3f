"""The history of figures in the documentation."""

import re
from datetime import date
from pathlib import Path

from benchmarks.instruments import history, names
from benchmarks.instruments.figures import Figures

FIGURES: Figures = {
    names.RATE: {names.COMMITTED: 1500.0, names.SEARCHABLE: 1441.4},
    names.CPU: {names.ALL: 1312.4},
    names.RATIO: {names.A_DATASET: 0.02468},
    names.LATENCY: {names.P50: 281.6, names.P99: 630.9},
    names.CORES: {names.AT_REST: 0.204, names.STEADY: 0.955},
    names.MEMORY: {names.ALL: 399.6},
}
ROW = "| 2026-11-28 | 688fda9 | apart | 1,441 | 1,312 | 0.025 | 282 / 631 | 0.20 | 0.95 | 400 |\n"


def test_a_form_of_a_commit_is_one_row() -> None:
    assert history.row(date(2026, 11, 28), "688fda9", "apart", FIGURES) == ROW


def test_the_row_has_the_columns_of_the_table() -> None:
    heads = [line for line in history.HISTORY.read_text(encoding="utf-8").splitlines() if line.startswith("| date")]
    assert [line.count("|") for line in heads] == [ROW.count("|")]


def test_the_table_ends_the_page_so_that_a_row_can_be_appended(tmp_path: Path) -> None:
    page = history.HISTORY.read_text(encoding="utf-8")
    assert re.search(r"^\|.*\|\n\Z", page, re.MULTILINE)
    copy = tmp_path / "history.md"
    copy.write_text(page, encoding="utf-8")
    history.record({"apart": FIGURES}, copy)
    added = copy.read_text(encoding="utf-8").removeprefix(page)
    assert re.fullmatch(r"\| \d{4}-\d\d-\d\d \| [0-9a-f]{7,}\+? \| apart \|.*\|\n", added)
