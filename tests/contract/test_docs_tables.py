"""Every table of every page renders: GitHub and the documentation's site show it as a table, with every cell."""

import re

import pytest
from markdown_it import MarkdownIt

from tests.builders.pages import PAGES, text_of

MARKDOWN = MarkdownIt("commonmark").enable("table")
NO_TABLE = ("fence", "code_block", "html_block")
BAR = re.compile(r"(?<!\\)\|")
"""What separates cells, also within code: only a backslash makes it a part of one."""


def broken_tables(text: str) -> list[str]:
    """Each line of a table that is not shown as one, or that has more or fewer cells than its head."""
    lines, shown, broken = text.splitlines(), set[int](), []
    for token in MARKDOWN.parse(text):
        if token.map is None or token.type not in (*NO_TABLE, "table_open"):
            continue
        rows = range(*token.map)
        shown.update(rows)
        if token.type == "table_open":
            head = cells(lines[rows[0]])
            broken += [f"{row + 1}: {cells(lines[row])} cells, not {head}" for row in rows if cells(lines[row]) != head]
    outside = (row for row, line in enumerate(lines) if line.lstrip().startswith("|") and row not in shown)
    return broken + [f"{row + 1}: not part of a table" for row in outside]


def cells(line: str) -> int:
    return len(BAR.findall(line.strip().removeprefix("|").removesuffix("|"))) + 1


@pytest.mark.parametrize("page", PAGES)
def test_every_table_of_a_page_renders(page: str) -> None:
    broken = broken_tables(text_of(page))
    assert not broken, f"{page}: {'; '.join(broken)}"


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("| a | b |\n|---|---|\n| 1 | `2\\|3` |\n", []),
        ("- a list\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n", []),
        ("```\n| drawn | by hand |\n```\n", []),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n\n| 3 | 4 |\n", ["5: not part of a table"]),
        ("| a | b |\n| 1 | 2 |\n", ["1: not part of a table", "2: not part of a table"]),
        ("| a | b |\n|---|---|\n| 1 | `2|3` |\n", ["3: 3 cells, not 2"]),
        ("| a | b |\n|---|---|\n| 1 |\n", ["3: 1 cells, not 2"]),
    ],
    ids=["a good one", "in a list", "a drawing", "an empty line", "no rule below the head", "one too many", "too few"],
)
def test_a_table_that_does_not_render_is_seen(text: str, broken: list[str]) -> None:
    assert broken_tables(text) == broken
