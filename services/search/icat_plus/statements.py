"""The SQL that writes the tables of this package: one statement a batch, harmless when it is repeated."""
# ruff: noqa: S608  # what is put in are this package's own column names

from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from services.search.icat_plus.model import InvestigationRow, LogbookRow, SampleRow
from shared.postgres.database import Connection

R = TypeVar("R", InvestigationRow, SampleRow)

NOBODY = UUID(int=0)
"""Stands for the dataset of a word that no dataset said."""


def _later(table: str, key: str, fields: Sequence[str], types: Sequence[str], rank: str) -> str:
    """Of what is said of one thing the last word stands, in whatever order the words come.

    `rank`: the column that goes before all others; then what was said decides, and who said it.
    """

    def order(source: str) -> str:
        return (
            f"({source}.{rank}, {source}.word, coalesce({source}.dataset_id, '{NOBODY}'),"
            f" coalesce({source}.revision, 0))"
        )

    columns = ", ".join(f"${at}::{type_}[]" for at, type_ in enumerate(types, 1))
    casts = {"container": "container::jsonb"}
    return f"""
insert into {table} as known ({", ".join(fields)})
select {", ".join(casts.get(name, name) for name in fields)} from unnest({columns}) as new ({", ".join(fields)})
on conflict ({key}) do update set {", ".join(f"{name} = excluded.{name}" for name in fields if name != key)}
where {order("excluded")} > {order("known")}
"""


INVESTIGATIONS = _later(
    "investigation",
    "investigation_id",
    InvestigationRow._fields,
    (
        *("uuid", "bigint", "text", "text", "text", "timestamptz", "timestamptz", "text", "bool"),
        *("text", "timestamptz", "timestamptz", "bool", "bigint", "uuid", "int"),
    ),
    "registered",
)
SAMPLES = _later(
    "sample",
    "sample_number",
    SampleRow._fields,
    ("bigint", "uuid", "uuid", "text", "text", "text", "bool", "bigint", "uuid", "int"),
    "contained",
)
LOGBOOK = f"""
insert into logbook_entry as known ({", ".join(LogbookRow._fields)})
select {", ".join({"tags": "tags::text[]", "content": "content::jsonb"}.get(name, name) for name in LogbookRow._fields)}
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::bytea[], $13::text[], $14::text[], $15::timestamptz[],
            $16::timestamptz[], $17::uuid[], $18::text[]) as new ({", ".join(LogbookRow._fields)})
on conflict (entry_id) do update set {", ".join(f"{name} = excluded.{name}" for name in LogbookRow._fields[1:])}
where (excluded.received_at, excluded.said) < (known.received_at, coalesce(known.said, '{UUID(int=2**128 - 1)}'))
"""


async def save(
    connection: Connection,
    investigations: Iterable[InvestigationRow],
    samples: Iterable[SampleRow],
    entries: Iterable[LogbookRow],
) -> None:
    """Write what a batch says."""
    for statement, rows in (
        (INVESTIGATIONS, last_words(investigations)),
        (SAMPLES, last_words(samples)),
        (LOGBOOK, first_words(entries)),
    ):
        if rows:
            await connection.execute(statement, *(list(column) for column in zip(*rows, strict=True)))


def last_words(rows: Iterable[R]) -> list[R]:
    """What stands of each thing, in the order of their ids: replicas lock rows in one order."""
    last: dict[object, R] = {}
    for row in rows:
        known = last.get(row[0])
        if known is None or order_of(row) > order_of(known):
            last[row[0]] = row
    return sorted(last.values(), key=lambda row: row[0])


def order_of(row: InvestigationRow | SampleRow) -> tuple[bool, int, UUID, int]:
    """What decides which of two words on one thing stands."""
    rank = row.registered if isinstance(row, InvestigationRow) else row.contained
    return rank, row.word, row.dataset_id or NOBODY, row.revision or 0


def first_words(entries: Iterable[LogbookRow]) -> list[LogbookRow]:
    """What stands of each entry of the logbook, in the order of their ids."""
    first: dict[UUID, LogbookRow] = {}
    for entry in sorted(entries, key=lambda entry: (entry.received_at, entry.said)):
        first.setdefault(entry.entry_id, entry)
    return [first[entry_id] for entry_id in sorted(first)]
