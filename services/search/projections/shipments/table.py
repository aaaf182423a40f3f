"""The tables of what travels to beamlines."""
# ruff: noqa: S608  # what is put in are these tables' own column names

from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.search.projections.projection import Projection
from services.search.projections.schema import C_TEXT, METADATA, TIME
from services.search.projections.shipments.note import PLACES, STATUSES, THINGS
from shared.events.declarations import DeclarationRow, PlaceRow

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

_LATER = "(excluded.said_at, excluded.said) > (known.said_at, known.said)"
_FULLER = (
    "(excluded.content_at is not null and (known.content_at is null"
    " or (excluded.content_at, excluded.content_said) > (known.content_at, known.content_said)))"
)
_EARLIER = "(excluded.first_at, excluded.first_said) < (known.first_at, known.first_said)"
_CHOSEN = ", ".join(
    f"{name} = case when {condition} then excluded.{name} else known.{name} end"
    for condition, names in (
        (_LATER, ("parent", "body", "removed", "said_at", "said")),
        (_FULLER, ("content_at", "content_said")),
        (_EARLIER, ("first_at", "first_said")),
    )
    for name in names
)
THING_COLUMNS = (
    "investigation_id, kind, id, parent, body, removed, said_at, said, content_at, content_said, first_at, first_said"
)
_DECLARATIONS = f"""
insert into declaration as known ({THING_COLUMNS})
select {THING_COLUMNS.replace("body", "body::jsonb")}
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::timestamptz[], $8::uuid[],
            $9::timestamptz[], $10::uuid[], $11::timestamptz[], $12::uuid[]) as new ({THING_COLUMNS})
on conflict (investigation_id, kind, id) do update set {_CHOSEN}
"""
PLACE_COLUMNS = "beamline, location, investigation_id, item, said_at, said"
_PLACES = f"""
insert into place as known ({PLACE_COLUMNS})
select * from unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $5::timestamptz[], $6::uuid[])
on conflict (beamline, location) do update set
  investigation_id = excluded.investigation_id, item = excluded.item, said_at = excluded.said_at, said = excluded.said
where {_LATER}
"""
STATUS_COLUMNS = "said, investigation_id, parcel, status, location, body, said_by, at"
_STATUSES = f"""
insert into parcel_status ({STATUS_COLUMNS})
select {STATUS_COLUMNS.replace("body", "body::jsonb")}
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
  as new ({STATUS_COLUMNS})
on conflict do nothing
"""


def _thing_row(_key: object, row: DeclarationRow) -> tuple[Any, ...]:
    return (*row[:6], *row.last, *(row.content or (None, None)), *row.first)


def _place_row(_key: object, row: PlaceRow) -> tuple[Any, ...]:
    return (*row[:4], *row.last)


SAVES = (
    Projection(THINGS, _DECLARATIONS, _thing_row),
    Projection(PLACES, _PLACES, _place_row),
    Projection(STATUSES, _STATUSES),
)
