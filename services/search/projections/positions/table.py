"""The table of positions. They move in the same transaction as the facts that were read."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from services.search.projections.positions.note import POSITIONS
from services.search.projections.projection import Projection
from services.search.projections.schema import METADATA
from shared.postgres.bulk import insert, update

POSITION = Table(
    "position",
    METADATA,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False, comment="everything below is in this read model"),
)

PROJECTION = Projection(
    POSITIONS,
    insert(
        POSITION,
        then=update(POSITION, values={"next_offset": "greatest(position.next_offset, excluded.next_offset)"}),
    ),
)
