"""The table of positions: in each transaction they move together with what was read."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from services.search.projections.positions.note import POSITIONS
from services.search.projections.projection import Projection
from services.search.projections.schema import METADATA

POSITION = Table(
    "position",
    METADATA,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False, comment="everything below is in this read model"),
)

SAVE = Projection(
    POSITIONS,
    """
insert into position (topic, partition, next_offset) select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (topic, partition) do update set next_offset = greatest(position.next_offset, excluded.next_offset)
""",
)
