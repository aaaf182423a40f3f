"""What was declared to travel to beamlines, read by investigation."""

from collections.abc import Sequence
from uuid import UUID

from services.search.projections.shipments.statements import DECLARATIONS
from services.search.query.catalogue import CatalogueReader
from shared.foundation.pages import MOST_PAGE_BYTES
from shared.postgres.database import Questions
from shared.postgres.statement import Statement

MOST_ROWS = 20_000
"""Of one page."""


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
