"""Bulk writes: one statement for many rows of a table.

A batch costs the same number of round trips whatever its size. `copy` is the cheapest way, for rows that are known to
be new. `insert` makes a statement for all others, with one array for each column, which PostgreSQL plans once. Such
statements are built from the tables when a module is imported. In their clauses, `new` is a row to be inserted, and
`excluded` a row that conflicts with an existing one.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import chain
from types import MappingProxyType

import asyncpg
from sqlalchemy import ARRAY, Column, Table
from sqlalchemy.dialects import postgresql

from shared.postgres.database import Connection

NOTHING: Mapping[str, str] = MappingProxyType({})
AS_GIVEN = "new.nth"
"""The order in which the rows were given. It costs no sort: PostgreSQL knows that `with ordinality` counts upwards."""

DO_NOTHING = "on conflict do nothing"
_COLLATION = re.compile(r' COLLATE "[^"]*"')
_PARAMETER = re.compile(r"\$(\d+)")


def insert(
    table: Table,
    columns: Iterable[str] | None = None,
    *,
    values: Mapping[str, str] = NOTHING,
    where: str = "",
    order_by: str = AS_GIVEN,
    then: str = "",
) -> str:
    """An insert whose parameters are arrays, one for each of `columns`. Rows are written, and so locked, in `order_by`.

    A column of arrays is given as text (see `shared.foundation.arrays`), because `unnest` would flatten it.

    Args:
        table: The table to insert into.
        columns: The given columns, in this order; by default all that PostgreSQL does not number itself. A column with
        another type than the table's is written `words::text`. A name that the table does not have is only for clauses.
        values: Expressions for columns whose written value is not the given one: `{"committed": "true"}`.
        where: The condition of the inserted rows.
        order_by: The order of the inserted rows.
        then: The clause that follows: `DO_NOTHING`, `update(…)`, `returning …`.
    """
    given = [column.partition("::") for column in (insertable(table) if columns is None else columns)]
    names = [name for name, _, _ in given]
    arrays = ", ".join(f"${n}::{type_ or element_type(table.c[name])}[]" for n, (name, _, type_) in enumerate(given, 1))
    written = {name: _value(table.c[name]) for name in names if name in table.c} | dict(values)
    lines = [
        f"insert into {table.name} ({_list(written)})",
        f"select {', '.join(written.values())}",
        f"from unnest({arrays}) with ordinality as new ({_list(names)}, nth)",
        where and f"where {where}",
        f"order by {order_by}",
        then,
    ]
    return "\n".join(filter(None, lines))


def update(
    table: Table,
    columns: Collection[str] | None = None,
    *,
    key: Collection[str] = (),
    values: Mapping[str, str] = NOTHING,
    where: str = "",
) -> str:
    """The clause that overwrites the row with the same key, if `where` is true.

    Args:
        table: The table of the row.
        columns: The written columns; by default all that are not part of the key.
        key: The columns that identify the row; by default the primary key.
        values: Expressions for columns whose written value is not that of `excluded`.
        where: The condition.
    """
    key = key or [column.name for column in table.primary_key]
    changed = [name for name in insertable(table) if name not in key] if columns is None else columns
    changes = {name: f"excluded.{_quoted(name)}" for name in changed} | dict(values)
    clause = ", ".join(f"{_quoted(name)} = {value}" for name, value in changes.items())
    return f"on conflict ({_list(key)}) do update set {clause}" + (f"\nwhere {where}" if where else "")


@cache
def combined(*statements: str) -> str:
    """Several statements as one, which takes one round trip. Their parameters follow each other.

    All statements see the tables as they were before. Foreign keys are checked after the last one. PostgreSQL does not
    say in which order they run, but it is always the same order.
    """
    parts, before = [], 0
    for statement in statements:
        parts.append(_PARAMETER.sub(partial(_moved, before), statement))
        before += max(map(int, _PARAMETER.findall(statement)), default=0)
    named = ",\n".join(f"part_{n} as (\n{part}\n)" for n, part in enumerate(parts[:-1], 1))
    return f"with {named}\n{parts[-1]}" if named else parts[-1]


def _moved(by: int, parameter: re.Match[str]) -> str:
    return f"${int(parameter[1]) + by}"


def columns(table: Table, rows: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
    """The rows as the parameters of `insert`: one sequence for each column, also if there are no rows."""
    return list(zip(*rows, strict=True)) or [()] * len(insertable(table))


def insertable(table: Table) -> list[str]:
    """The columns that PostgreSQL does not number itself."""
    return [column.name for column in table.columns if column.identity is None]


def is_same(table: Table, old: str = "old") -> str:
    """The condition that a row `old` of a table equals `new`."""
    # The key is compared by `=`, which can use an index; other columns may be null.
    signs = {column.name: "=" if column.primary_key else "is not distinct from" for column in table.columns}
    return " and ".join(f"{old}.{_quoted(name)} {sign} new.{_quoted(name)}" for name, sign in signs.items())


async def copy(
    connection: Connection, table: Table, rows: Sequence[Sequence[object]], more: Sequence[str] = ()
) -> None:
    """Add rows to a table, with values in the order of `insertable` and then of `more`. Without rows nothing is run.

    It costs about half of an insert. It has no clause for a row that exists: that is an error.

    Raises:
        asyncpg.UniqueViolationError: a row with this key exists.
        asyncpg.DataError: a value does not fit into its column.
    """
    if not rows:
        return
    try:
        await connection.copy_records_to_table(table.name, records=rows, columns=[*insertable(table), *more])
    except (ArithmeticError, TypeError, ValueError) as error:  # as the client's encoders raise them
        raise asyncpg.DataError(f"invalid input for query argument of {table.name} ({error})") from error


async def copy_new(
    connection: Connection,
    table: Table,
    rows: Sequence[Sequence[object]],
    more: Sequence[str] = (),
    constraint: str | None = None,
) -> None:
    """Add rows whose keys the table lacked when this transaction looked, as `copy` does.

    `constraint` makes the key unique; by default that of the primary key.

    Raises:
        asyncpg.SerializationError: another writer has added one of these keys meanwhile. The batch has to run again.
        asyncpg.UniqueViolationError: a row violates another constraint.
        asyncpg.DataError: a value does not fit into its column.
    """
    with racing(constraint or f"{table.name}_pkey"):
        await copy(connection, table, rows, more)


@contextmanager
def racing(*constraints: str) -> Iterator[None]:
    """Within it, a row that violates one of these constraints means that another writer was faster.

    Raises:
        asyncpg.SerializationError: this happened. The batch has to run again.
    """
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name not in constraints:
            raise
        raise asyncpg.SerializationError(f"another writer was faster: {error}") from error


async def fetch(connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> list[asyncpg.Record]:
    """Run a query whose parameters are arrays, one for each column of the rows. Without rows it is not run."""
    return await connection.fetch(statement, *zip(*rows, strict=True)) if rows else []


async def write(connection: Connection, statement: str, rows: Sequence[Sequence[object]]) -> int:
    """Run a statement whose parameters are arrays, one for each column of the rows. Without rows it is not run.

    Returns how many rows were written.
    """
    if not rows:
        return 0
    status = await connection.execute(statement, *zip(*rows, strict=True))
    return int(status.rpartition(" ")[2])


class Writes:
    """The bulk statements of a transaction that are run together, in one round trip, which costs as much as many rows.

    None of them sees what another writes, so no two may write the same row. They are run in the order in which they
    were added, so that two writers lock rows of several tables in the same order.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._added: list[tuple[str, list[Sequence[object]]]] = []

    def add(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Add a statement as `write` takes it. Without rows it is left out."""
        if rows:
            self._added.append((statement, list(zip(*rows, strict=True))))

    async def run(self) -> None:
        """Run what was added, and forget it."""
        if self._added:
            statements, arguments = zip(*reversed(self._added), strict=True)  # PostgreSQL runs the last one first
            await self.connection.execute(combined(*statements), *chain.from_iterable(arguments))
            self._added = []


def _quoted(name: str) -> str:
    return f'"{name}"'


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _value(column: Column[object]) -> str:
    cast = f"::{_type(column)}" if isinstance(column.type, ARRAY) else ""
    return f"new.{_quoted(column.name)}{cast}"


def element_type(column: Column[object]) -> str:
    """The type of a column in an array of its values."""
    return "text" if isinstance(column.type, ARRAY) else _type(column)


def _type(column: Column[object]) -> str:
    name: str = column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call] # SQLAlchemy has no type here
    return _COLLATION.sub("", name)  # a value that is given has none
