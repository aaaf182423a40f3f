"""A page of an answer: it ends after so many rows or so many bytes, whichever comes first."""

from collections.abc import AsyncIterable, Iterable, Sized
from typing import TypeVar

from pydantic_core import to_json

T = TypeVar("T")

MOST_PAGE_BYTES = 8 * 1024 * 1024
"""Of the JSON of a page; its last row may go beyond, since a page has at least one."""


def page_of(rows: Iterable[T], most_bytes: int = MOST_PAGE_BYTES) -> list[T]:
    """The first of these rows: all, unless they are too large for one answer."""
    page: list[T] = []
    size = 0
    for row in rows:
        size += len(to_json(row, bytes_mode="base64"))
        if page and size > most_bytes:
            break
        page.append(row)
    return page


def following(skip: int, page: Sized, *, has_more: bool) -> dict[str, str]:
    """The header that leads to the next page of a list, as `skip`; none after the last."""
    return {"Link": f'<?skip={skip + len(page)}>; rel="next"'} if has_more else {}


async def page_while_read(
    rows: AsyncIterable[T], most_rows: int, most_bytes: int = MOST_PAGE_BYTES
) -> tuple[list[T], bool]:
    """The first of these rows, read no further than the page goes, and whether others follow."""
    page: list[T] = []
    size = 0
    async for row in rows:
        size += len(to_json(row, bytes_mode="base64"))
        if page and (len(page) == most_rows or size > most_bytes):
            return page, True
        page.append(row)
    return page, False
