"""The writer of the block index: words, parameters and blocks of the datasets that a batch changed."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from uuid import UUID

from services.search.index.blocks import columns, number_block, text_block
from services.search.index.tables import DATASET_WORDS, NUMBER_BLOCK, PARAMETER, TEXT_BLOCK, VOID
from services.search.projections.datasets.note import ParameterKey
from services.search.projections.datasets.table import DatasetChanges
from shared.postgres.bulk import DO_NOTHING, Writes, insert, write
from shared.postgres.database import Connection

_BLOCK = ["parameter_id", "tier", "low", "high", "entries", "ordinals"]
_NUMBER_BLOCKS, _TEXT_BLOCKS = insert(NUMBER_BLOCK, _BLOCK), insert(TEXT_BLOCK, _BLOCK)
_WORDS = insert(
    DATASET_WORDS,
    ["ordinal", "words::text"],
    values={"words": "array_to_tsvector(string_to_array(new.words, ' '))"},
)
_VOID = insert(VOID, then=DO_NOTHING)
_FORGET_WORDS = "delete from dataset_words where ordinal = any($1::int[])"
_NAME_PARAMETERS = insert(PARAMETER, then=DO_NOTHING)
_PARAMETERS = """
select parameter_id, name, many
from parameter join unnest($1::text[], $2::bool[]) as wanted (name, many) using (name, many)
"""


@dataclass
class ParameterNumbers:
    """The committed numbers of parameters in the read model of one generation."""

    generation: UUID | None = None
    numbers: dict[ParameterKey, int] = field(default_factory=dict)


class BlockBatch:
    """The changes of one batch, in one transaction."""

    def __init__(self, remembered: ParameterNumbers, generation: UUID) -> None:
        self._remembered = remembered
        self._generation = generation
        self._numbers = remembered.numbers if generation == remembered.generation else {}

    def committed(self) -> None:
        """Remember the parameters that the batch numbered, since they were not rolled back."""
        self._remembered.generation, self._remembered.numbers = self._generation, self._numbers

    async def add(self, writes: Writes, applied: DatasetChanges) -> None:
        """Index the changes of a batch. Of an entry that changes nothing, only the parameters are numbered."""
        numbers, texts = columns(applied.entries)
        others = {key for entry in applied.passed_over for key, _ in (*entry.numbers, *entry.texts)}
        await self._name_parameters(writes.connection, numbers.keys() | texts.keys() | others)
        if applied.replaced:
            replaced = [(ordinal,) for ordinal in applied.replaced]
            writes.add(_VOID, replaced)
            writes.add(_FORGET_WORDS, replaced)
        writes.add(_WORDS, [(ordinal, entry.words) for ordinal, entry in applied.entries])
        for statement, blocks in (
            (_NUMBER_BLOCKS, [number_block(self._numbers[key], column) for key, column in numbers.items()]),
            (_TEXT_BLOCKS, [text_block(self._numbers[key], column) for key, column in texts.items()]),
        ):
            writes.add(statement, blocks)

    async def _name_parameters(self, connection: Connection, keys: AbstractSet[ParameterKey]) -> None:
        """Number new parameters in the order of their names, so that two replicas cannot block each other."""
        if named := sorted(keys - self._numbers.keys()):
            await write(connection, _NAME_PARAMETERS, named)
            rows = await connection.fetch(_PARAMETERS, *zip(*named, strict=True))
            numbers = {ParameterKey(row["name"], row["many"]): row["parameter_id"] for row in rows}
            self._numbers = self._numbers | numbers
