"""The tables of what travels to beamlines."""

from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.search.projections.projection import Projection
from services.search.projections.schema import C_TEXT, METADATA, TIME
from services.search.projections.shipments.note import PLACES, STATUSES, THINGS
from shared.events.declarations import DeclarationRow, PlaceRow
from shared.postgres.bulk import DO_NOTHING, insert, insertable, update

DECLARATION = Table(
    "declaration",
    METADATA,
    Column("investigation_id", Uuid, primary_key=True),
    Column("kind", C_TEXT, primary_key=True, comment="shipment, parcel, item or sheet"),
    Column("id", C_TEXT, primary_key=True),
    Column("parent", Text, comment="a parcel's shipment; the parcel or item in which an item lies"),
    Column("body", JSONB, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("said_at", TIME, nullable=False, comment="with `said`: what was said last stands"),
    Column("said", Uuid, nullable=False),
    Column("content_at", TIME, comment="with `content_said`: what it holds was last said in full"),
    Column("content_said", Uuid),
    Column("first_at", TIME, nullable=False, comment="with `first_said`: when it was first heard of"),
    Column("first_said", Uuid, nullable=False),
    Index("declaration_by_id", "kind", "id"),
    comment="what travels to a beamline, as it was declared",
)

PLACE = Table(
    "place",
    METADATA,
    Column("beamline", C_TEXT, primary_key=True),
    Column("location", Integer, primary_key=True, autoincrement=False),
    Column("investigation_id", Uuid, nullable=False),
    Column("item", Text, nullable=False),
    Column("said_at", TIME, nullable=False),
    Column("said", Uuid, nullable=False),
    comment="what was loaded last into each place of the sample changers",
)

PARCEL_STATUS = Table(
    "parcel_status",
    METADATA,
    Column("said", Uuid, primary_key=True),
    Column("investigation_id", Uuid, nullable=False),
    Column("parcel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("location", Text),
    Column("body", JSONB, nullable=False),
    Column("said_by", Text),
    Column("at", TIME, nullable=False),
    Index("parcel_status_by_parcel", "investigation_id", "parcel", "at"),
)

_LATER = "(excluded.said_at, excluded.said) > ({0}.said_at, {0}.said)"
_FULLER = (
    "(excluded.content_at is not null and (declaration.content_at is null"
    " or (excluded.content_at, excluded.content_said) > (declaration.content_at, declaration.content_said)))"
)
_EARLIER = "(excluded.first_at, excluded.first_said) < (declaration.first_at, declaration.first_said)"
_MERGED = {
    name: f"case when {condition} then excluded.{name} else declaration.{name} end"
    for condition, names in (
        (_LATER.format("declaration"), ("parent", "body", "removed", "said_at", "said")),
        (_FULLER, ("content_at", "content_said")),
        (_EARLIER, ("first_at", "first_said")),
    )
    for name in names
}
THING_COLUMNS, PLACE_COLUMNS, STATUS_COLUMNS = (
    ", ".join(insertable(table)) for table in (DECLARATION, PLACE, PARCEL_STATUS)
)
_DECLARATIONS = insert(DECLARATION, then=update(DECLARATION, (), values=_MERGED))
_PLACES = insert(PLACE, then=update(PLACE, where=_LATER.format("place")))
_STATUSES = insert(PARCEL_STATUS, then=DO_NOTHING)


def _thing_row(_key: object, row: DeclarationRow) -> tuple[Any, ...]:
    return (*row[:6], *row.last, *(row.content or (None, None)), *row.first)


def _place_row(_key: object, row: PlaceRow) -> tuple[Any, ...]:
    return (*row[:4], *row.last)


PROJECTIONS = (
    Projection(THINGS, _DECLARATIONS, _thing_row),
    Projection(PLACES, _PLACES, _place_row),
    Projection(STATUSES, _STATUSES),
)
