"""Fields of a query that take several values, separated by commas."""

from collections.abc import Iterable


def any_of(values: Iterable[str] | None) -> str | None:
    """A field with these values. A comma in a value is part of it."""
    return any_of_lists(value.replace(",", "\\,") for value in values) if values else None


def any_of_lists(lists: Iterable[str] | None) -> str | None:
    """A field with the values of these lists, each of which may be several values that commas separate already."""
    return ",".join(lists) if lists else None
