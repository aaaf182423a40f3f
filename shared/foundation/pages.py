"""A page of an answer. It ends at a number of rows or bytes, whichever comes first."""

from collections.abc import AsyncIterable, Iterable, Sized
from typing import TypeVar

from pydantic_core import to_json

T = TypeVar("T")

MOST_PAGE_BYTES = 8 * 1024 * 1024
"""The most bytes of a page's JSON. The last row may exceed it, because a page has at least one row."""


def page_of(rows: Iterable[T], most_bytes: int = MOST_PAGE_BYTES) -> list[T]:
    """The first rows, or all if they fit into one answer."""
    page: list[T] = []
    size = 0
    for row in rows:
        size += len(to_json(row, bytes_mode="base64"))
        if page and size > most_bytes:
            break
        page.append(row)
    return page


def following(skip: int, page: Sized, *, has_more: bool) -> dict[str, str]:
    """The header with the link to the next page of a list, as `skip`; none after the last page."""
    return {"Link": f'<?skip={skip + len(page)}>; rel="next"'} if has_more else {}


async def page_while_read(
    rows: AsyncIterable[T], most_rows: int, most_bytes: int = MOST_PAGE_BYTES
) -> tuple[list[T], bool]:
    """The first rows, and whether others follow. It reads no further than the page."""
    page: list[T] = []
    size = 0
    async for row in rows:
        size += len(to_json(row, bytes_mode="base64"))
        if page and (len(page) == most_rows or size > most_bytes):
            return page, True
        page.append(row)
    return page, False
