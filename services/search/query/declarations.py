"""What was declared to travel to beamlines, read by investigation."""

from collections.abc import Sequence
from uuid import UUID

from services.search.query.catalogue import CatalogueReader
from shared.foundation.pages import MOST_PAGE_BYTES
from shared.postgres.database import Questions
from shared.postgres.statement import Statement

MOST_ROWS = 20_000
"""Of one page."""
DECLARATIONS = """
with permitted as (
  select asked.investigation_id from unnest($1::uuid[]) as asked (investigation_id)
  where $3::text[] is null or investigation_id in (
    select investigation_id from investigation where lower(beamline) = any($3::text[])
  )
), row as (
  select 1 as part, investigation_id::text || kind || id as key, jsonb_build_object('declaration', to_jsonb(known))
    as row from declaration as known where investigation_id in (select investigation_id from permitted)
  union all
  select 2, beamline || location, jsonb_build_object('place', to_jsonb(known)) from place as known
  where investigation_id in (select investigation_id from permitted)
    or (beamline = any($2::text[]) and ($3::text[] is null or beamline = any($3::text[])))
  union all
  select 3, said::text, jsonb_build_object('status', to_jsonb(known)) from parcel_status as known
  where investigation_id in (select investigation_id from permitted)
)
select row::text as row from row order by part, key collate "C" offset $4
"""
"""Each row as JSON, under the name of what it is. Rows are never deleted, so a page never passes over one."""


class DeclarationReader:
    """Reads what was declared."""

    def __init__(self, reader: CatalogueReader) -> None:
        self._reader = reader

    async def page(
        self, investigations: Sequence[UUID], places: Sequence[str], beamlines: Sequence[str] | None, skip: int
    ) -> tuple[list[str], bool]:
        """A page of what was declared for investigations, and whether it goes on.

        It includes what was loaded last into the sample changers there and at the beamlines `places`. `beamlines` are
        those that the asker may read, all of them if it is None. Both are in lower case.
        """
        statement = Statement(DECLARATIONS, [investigations, places, beamlines, skip])
        rows, has_more = await self._reader.rows(statement, MOST_ROWS, MOST_PAGE_BYTES, questions=Questions.QUICK)
        return [row["row"] for row in rows], has_more
