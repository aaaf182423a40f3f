"""The SQL that writes the tables of this package: one statement a batch, harmless when it is repeated."""
# ruff: noqa: S608  # what is put in are this package's own column names

from collections.abc import Iterable, Sequence
from typing import TypeVar

from services.search.icat_plus.model import InvestigationRow, LogbookRow, SampleRow
from shared.database import Connection

R = TypeVar("R", InvestigationRow, SampleRow)


def _later(table: str, key: str, fields: Sequence[str], types: Sequence[str], order: Sequence[str]) -> str:
    """Of what is said of one thing the last word stands, in whatever order the words come."""

    def row_of(source: str, names: Sequence[str]) -> str:
        return ", ".join(f"{source}.{name}" for name in names)

    columns = ", ".join(f"${at}::{type_}[]" for at, type_ in enumerate(types, 1))
    casts = {"container": "container::jsonb"}
    return f"""
insert into {table} as known ({", ".join(fields)})
select {", ".join(casts.get(name, name) for name in fields)} from unnest({columns}) as new ({", ".join(fields)})
on conflict ({key}) do update set {", ".join(f"{name} = excluded.{name}" for name in fields if name != key)}
where ({row_of("excluded", order)}) > ({row_of("known", order)})
"""


INVESTIGATIONS = _later(
    "investigation",
    "investigation_id",
    InvestigationRow._fields,
    (
        *("uuid", "bigint", "text", "text", "text", "timestamptz", "timestamptz", "text", "bool"),
        *("text", "timestamptz", "timestamptz", "bool", "bigint"),
    ),
    ("registered", "word"),
)
SAMPLES = _later(
    "sample",
    "sample_number",
    SampleRow._fields,
    ("bigint", "uuid", "uuid", "text", "text", "text", "bool", "bigint", "uuid", "int"),
    ("contained", "word", "dataset_id", "revision"),
)
LOGBOOK = f"""
insert into logbook_entry ({", ".join(LogbookRow._fields)})
select {", ".join({"tags": "tags::text[]", "content": "content::jsonb"}.get(name, name) for name in LogbookRow._fields)}
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::bytea[], $13::text[], $14::text[], $15::timestamptz[],
            $16::timestamptz[], $17::text[]) as new ({", ".join(LogbookRow._fields)})
on conflict do nothing
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
        (LOGBOOK, list({entry.entry_id: entry for entry in entries}.values())),
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


def order_of(row: InvestigationRow | SampleRow) -> tuple[object, ...]:
    """What decides which of two words on one thing stands."""
    if isinstance(row, InvestigationRow):
        return row.registered, row.word
    return row.contained, row.word, row.dataset_id, row.revision
