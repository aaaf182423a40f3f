"""The table of positions: in each transaction they move together with what was read."""

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
