"""Additions: rows that a table does not have yet are added by COPY, at half the cost of an insert that may conflict."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Table

from shared.postgres.bulk import copy_new, element_type, fetch, insertable
from shared.postgres.database import Connection

Rows = Sequence[Sequence[Any]]

FEW_ROWS = 64
"""Up to this number, a statement for new rows and others alike costs less than the two round trips of additions."""


class Additions:
    """The additions to one table. Its key decides which rows are new.

    Args:
        table: The table, whose columns are those of the rows, in this order.
        key: The columns of the key; by default the primary key.
        constraint: The constraint that makes the key unique; by default that of the primary key.
    """

    def __init__(self, table: Table, key: Sequence[str] = (), constraint: str | None = None) -> None:
        names = list(key) or [column.name for column in table.primary_key]
        columns = insertable(table)
        self._table = table
        self._places = [columns.index(name) for name in names]
        self._constraint = constraint
        self._arrays = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, ARRAY)]
        listed = ", ".join(names)
        asked = ", ".join(f"${n}::{element_type(table.c[name])}[]" for n, name in enumerate(names, 1))
        self._known = f"select {listed} from {table.name} join unnest({asked}) as asked ({listed}) using ({listed})"  # noqa: S608  # names

    async def split(self, connection: Connection, rows: Rows) -> tuple[Rows, Rows]:
        """The rows that can be added, because the table lacks their keys, and the others.

        Few rows are all among the others, and so is a row with an array: its array is a text (see
        `shared.foundation.arrays`), which COPY does not take.
        """
        if len(rows) <= FEW_ROWS:
            return [], rows
        keys = [tuple([row[place] for place in self._places]) for row in rows]
        known = {tuple(row) for row in await fetch(connection, self._known, keys)}
        new: list[Sequence[Any]] = []
        others: list[Sequence[Any]] = []
        for key, row in zip(keys, rows, strict=True):
            is_new = key not in known and all(row[place] is None for place in self._arrays)
            (new if is_new else others).append(row)
        return new, others

    async def add(self, connection: Connection, rows: Rows, *more: str) -> None:
        """Add rows that the table lacks, as `copy_new` does. They may end with values for `more` columns."""
        await copy_new(connection, self._table, rows, more, self._constraint)
