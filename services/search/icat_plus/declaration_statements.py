"""The SQL that writes what travels to beamlines: one statement a table, and each harmless when it is repeated."""
# ruff: noqa: S608  # what is put in are this module's own column names

from collections.abc import Sequence

from services.search.icat_plus.declared import merged_places, merged_things
from services.search.icat_plus.model import Declared
from shared.postgres.database import Connection

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
THING = (
    "investigation_id, kind, id, parent, body, removed, said_at, said, content_at, content_said, first_at, first_said"
)
DECLARATIONS = f"""
insert into declaration as known ({THING})
select {THING.replace("body", "body::jsonb")}
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::timestamptz[], $8::uuid[],
            $9::timestamptz[], $10::uuid[], $11::timestamptz[], $12::uuid[]) as new ({THING})
on conflict (investigation_id, kind, id) do update set {_CHOSEN}
"""
PLACE = "beamline, location, investigation_id, item, said_at, said"
PLACES = f"""
insert into place as known ({PLACE})
select * from unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $5::timestamptz[], $6::uuid[])
on conflict (beamline, location) do update set
  investigation_id = excluded.investigation_id, item = excluded.item, said_at = excluded.said_at, said = excluded.said
where {_LATER}
"""
STATUS = "said, investigation_id, parcel, status, location, body, said_by, at"
STATUSES = f"""
insert into parcel_status ({STATUS})
select {STATUS.replace("body", "body::jsonb")}
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
  as new ({STATUS})
on conflict do nothing
"""


async def save_declared(connection: Connection, declared: Sequence[Declared]) -> None:
    """Write what was declared, with one statement a table; harmless when it is repeated."""
    things = merged_things(row for each in declared for row in each.things)
    places = merged_places(row for each in declared for row in each.places)
    statuses = {row.said: row for each in declared for row in each.statuses}
    for statement, rows in (
        (DECLARATIONS, [(*row[:6], *row.last, *(row.content or (None, None)), *row.first) for row in things]),
        (PLACES, [(*row[:4], *row.last) for row in places]),
        (STATUSES, [statuses[said] for said in sorted(statuses)]),
    ):
        if rows:
            await connection.execute(statement, *(list(column) for column in zip(*rows, strict=True)))
