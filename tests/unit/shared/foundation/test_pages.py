"""Pages end after so many rows or bytes."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from shared.foundation.pages import following, page_of, page_while_read

ROWS = ["a" * 8, "b" * 8, "c" * 8]
"""Of 10 bytes each, as JSON."""


async def read(rows: Sequence[str]) -> AsyncIterator[str]:
    for row in rows:
        yield row


@pytest.mark.parametrize(("most_bytes", "count"), [(30, 3), (29, 2), (10, 1), (1, 1)])
def test_a_page_ends_before_the_row_that_is_too_much_for_it_but_has_one(most_bytes: int, count: int) -> None:
    assert page_of(ROWS, most_bytes) == ROWS[:count]


@pytest.mark.parametrize(
    ("most_rows", "most_bytes", "count"), [(3, 30, 3), (2, 30, 2), (3, 29, 2), (3, 1, 1), (1, 30, 1)]
)
def test_what_is_read_goes_no_further_than_the_page_and_says_whether_more_follow(
    most_rows: int, most_bytes: int, count: int
) -> None:
    assert asyncio.run(page_while_read(read(ROWS), most_rows, most_bytes)) == (ROWS[:count], count < len(ROWS))


def test_a_page_of_nothing_is_empty_and_the_last() -> None:
    assert asyncio.run(page_while_read(read([]), 1)) == ([], False)


def test_the_header_that_leads_on_names_the_first_row_of_the_next_page() -> None:
    assert following(4, ROWS, has_more=True) == {"Link": '<?skip=7>; rel="next"'}
    assert following(4, ROWS, has_more=False) == {}
