"""Additions: rows that a table does not have yet are added by COPY, at half the cost of an insert that may conflict."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, Table

from shared.postgres.bulk import element_type, fetch, insertable
from shared.postgres.database import Connection

Rows = Sequence[Sequence[Any]]


class Additions:
    """The additions to one table. Its key decides which rows are new.

    Args:
        table: The table, whose columns are those of the rows, in this order.
        key: The columns of the key; by default the primary key.
        constraint: The constraint that makes the key unique; by default that of the primary key.
    """

    def __init__(self, table: Table, key: Sequence[str] = (), constraint: str = "") -> None:
        names = list(key) or [column.name for column in table.primary_key]
        self._table = table.name
        self._columns = insertable(table)
        self._places = [self._columns.index(name) for name in names]
        self._constraint = constraint or f"{table.name}_pkey"
        self._arrays = [place for place, name in enumerate(self._columns) if isinstance(table.c[name].type, ARRAY)]
        listed = ", ".join(names)
        asked = ", ".join(f"${n}::{element_type(table.c[name])}[]" for n, name in enumerate(names, 1))
        self._known = f"select {listed} from {table.name} join unnest({asked}) as asked ({listed}) using ({listed})"  # noqa: S608  # names

    async def split(self, connection: Connection, rows: Rows) -> tuple[Rows, Rows]:
        """The rows that can be added, because the table lacks their keys, and the others.

        A row with an array is among the others: its array is a text (see `shared.foundation.arrays`), which COPY
        does not take.
        """
        keys = [tuple([row[place] for place in self._places]) for row in rows]
        known = {tuple(row) for row in await fetch(connection, self._known, keys)}
        new: list[Sequence[Any]] = []
        others: list[Sequence[Any]] = []
        for key, row in zip(keys, rows, strict=True):
            is_new = key not in known and all(row[place] is None for place in self._arrays)
            (new if is_new else others).append(row)
        return new, others

    async def add(self, connection: Connection, rows: Rows, *more: str) -> None:
        """Add rows that the table lacks. They may end with values for further columns.

        Raises:
            SerializationError: another transaction has added one of them meanwhile. The batch has to run again.
            DataError: a value does not fit its column.
        """
        if not rows:
            return
        try:
            await connection.copy_records_to_table(self._table, records=rows, columns=[*self._columns, *more])
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != self._constraint:
                raise
            raise asyncpg.SerializationError(f"another transaction has added to {self._table}: {error}") from error
        except (TypeError, ValueError, ArithmeticError) as error:  # as the driver says it of a query's argument
            raise asyncpg.DataError(f"invalid input for query argument of {self._table} ({error})") from error
