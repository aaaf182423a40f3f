"""The table of investigations."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, Uuid, func, text

from services.search.projections.investigations.note import INVESTIGATIONS, InvestigationRow
from services.search.projections.lasting import LastingBatch
from services.search.projections.projection import Projection, latest
from services.search.projections.schema import METADATA, TIME
from shared.postgres.bulk import Writes

INVESTIGATION = Table(
    "investigation",
    METADATA,
    Column("investigation_id", Uuid, primary_key=True),
    Column("number", BigInteger, comment="by which ICAT clients know it; without one they do not see it"),
    Column("facility_id", Text),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("started", TIME),
    Column("ended", TIME),
    Column("title", Text),
    Column("placeholder", Boolean, nullable=False),
    Column("proposal_name", Text, comment="how the user office writes the proposal"),
    Column("actual_started", TIME, comment="to when it was rescheduled"),
    Column("actual_ended", TIME),
    Column("registered", Boolean, nullable=False, comment="the linker said so, not a dataset"),
    Column("word", BigInteger, nullable=False, comment="orders what was said"),
    Column("dataset_id", Uuid, comment="which said so; absent of what the linker said"),
    Column("revision", Integer, comment="likewise"),
    Index("investigation_by_number", "number"),
    Index("investigation_by_proposal", func.lower(text("proposal"))),
)

PROJECTION = Projection(INVESTIGATIONS, latest(INVESTIGATION, "registered"))
_REGISTERED = "select investigation_id from investigation where registered and investigation_id = any($1::uuid[])"


async def save(writes: Writes, facts: Sequence[InvestigationRow], lasting: LastingBatch) -> None:
    """Save investigations. What datasets say of one that the linker has registered cannot stand, and is left out."""
    said = {row.investigation_id for row in facts if not row.registered}
    if unknown := lasting.unknown(INVESTIGATION.name, said):
        rows = await writes.connection.fetch(_REGISTERED, list(unknown))
        lasting.learn(INVESTIGATION.name, [row["investigation_id"] for row in rows])
    may_stand = lasting.unknown(INVESTIGATION.name, said)
    await PROJECTION.save(writes, [row for row in facts if row.registered or row.investigation_id in may_stand])
