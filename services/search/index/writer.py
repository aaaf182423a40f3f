"""The block index as a batch writes it: words, parameters and blocks of the datasets that changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.search.index.blocks import grouped, number_block, text_block
from services.search.projections.datasets.note import Entry, ParameterKey
from services.search.projections.datasets.table import Applied
from services.search.projections.projection import columns
from shared.postgres.database import Connection

_BLOCKS = """
insert into {table} (parameter_id, tier, low, high, entries, ordinals)
select parameter_id, tier, low, high, entries::{type}[], ordinals::int[]
from unnest($1::int[], $2::smallint[], $3::{type}[], $4::{type}[], $5::text[], $6::text[])
  as block (parameter_id, tier, low, high, entries, ordinals)
"""
_NUMBER_BLOCKS = _BLOCKS.format(table="number_block", type="float8")
_TEXT_BLOCKS = _BLOCKS.format(table="text_block", type="text")
_WORDS = """
insert into dataset_words (ordinal, words)
select ordinal, array_to_tsvector(string_to_array(words, ' ')) from unnest($1::int[], $2::text[]) as t (ordinal, words)
"""
_VOID = "insert into void (ordinal) select unnest($1::int[]) on conflict do nothing"
_FORGET_WORDS = "delete from dataset_words where ordinal = any($1::int[])"
_NAME_PARAMETERS = """
insert into parameter (name, many) select * from unnest($1::text[], $2::bool[]) on conflict do nothing
"""
_PARAMETERS = """
select parameter_id, name, many
from parameter join unnest($1::text[], $2::bool[]) as wanted (name, many) using (name, many)
"""


@dataclass
class ParameterNumbers:
    """The numbers of parameters that are committed, in the read model of one generation."""

    generation: UUID | None = None
    numbers: dict[ParameterKey, int] = field(default_factory=dict)


class BlockBatch:
    """One batch, in one transaction."""

    def __init__(self, remembered: ParameterNumbers, generation: UUID) -> None:
        self._remembered = remembered
        self._generation = generation
        self._numbers = remembered.numbers if generation == remembered.generation else {}

    def committed(self) -> None:
        """Remember what the batch named: a parameter that was rolled back has no number."""
        self._remembered.generation, self._remembered.numbers = self._generation, self._numbers

    async def add(self, connection: Connection, applied: Applied) -> None:
        """Index what a batch changed. Of entries that are older than what was known only their parameters are named."""
        await self._name_parameters(connection, applied.noted)
        if applied.replaced:
            await connection.execute(_VOID, applied.replaced)
            await connection.execute(_FORGET_WORDS, applied.replaced)
        if applied.entries:
            words = [(ordinal, entry.words) for ordinal, entry in applied.entries]
            await connection.execute(_WORDS, *columns(words))
            await self._add_blocks(connection, applied.entries)

    async def _add_blocks(self, connection: Connection, applied: Sequence[tuple[int, Entry]]) -> None:
        numbers, texts = grouped(applied)
        for statement, blocks in (
            (_NUMBER_BLOCKS, [number_block(self._numbers[key], pairs) for key, pairs in numbers.items()]),
            (_TEXT_BLOCKS, [text_block(self._numbers[key], pairs) for key, pairs in texts.items()]),
        ):
            if blocks:
                await connection.execute(statement, *columns(blocks))

    async def _name_parameters(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Numbers for new parameters; in order of name, so that two replicas cannot block each other."""
        keys = {key for entry in entries for key, _ in (*entry.numbers, *entry.texts)} - self._numbers.keys()
        if keys:
            names, many = columns(sorted(keys))
            await connection.execute(_NAME_PARAMETERS, names, many)
            rows = await connection.fetch(_PARAMETERS, names, many)
            named = {ParameterKey(row["name"], row["many"]): row["parameter_id"] for row in rows}
            self._numbers = self._numbers | named
