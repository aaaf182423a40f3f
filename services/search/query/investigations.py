"""The reader of investigations, with their proposals, samples and datasets."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.search.projections.datasets.statements import datasets_of
from services.search.projections.investigations.statements import (
    InvestigationQuery,
    investigation_at,
    investigations,
    proposals,
)
from services.search.projections.samples.statements import samples
from services.search.query.catalogue import CatalogueReader
from shared.http.answers import too_large
from shared.http.door import MOST_BODY_BYTES
from shared.postgres.database import Questions
from shared.postgres.statement import Row, Statement

MOST_ROWS = 10_000_000
"""More than there are: an answer ends by its bytes."""


class InvestigationReader:
    """Answers questions about investigations.

    Raises:
        Problem: 422, a list does not fit into one answer.
    """

    def __init__(self, reader: CatalogueReader) -> None:
        self._reader = reader

    async def investigations(self, wanted: InvestigationQuery) -> tuple[list[Row], int | None]:
        """A page of investigations in the wanted order, and the number of all; None if the page is empty."""
        is_quick = wanted.numbers is not None and len(wanted.numbers) == 1
        rows = await self._fetch(investigations(wanted), Questions.QUICK if is_quick else Questions.COSTLY)
        totals = [row.pop("total") for row in rows]
        return rows, totals[0] if totals else None

    async def at(
        self, proposal: str, beamline: str, time: datetime, beamlines: Sequence[str] | None = None
    ) -> Row | None:
        """The investigation that something belongs to which happened then, as ICAT chooses it."""
        rows = await self._fetch(investigation_at(proposal, beamline, time, beamlines), Questions.QUICK)
        return rows[0] if rows else None

    async def proposals(self, keys: Sequence[str] | None) -> list[Row]:
        """Proposals by their keys, or all that have an investigation, each with its name as the user office writes it.

        A key that no investigation has is its own name.
        """
        return await self._fetch(proposals(keys), Questions.COSTLY if keys is None else Questions.QUICK)

    async def samples(
        self, investigations: Sequence[UUID] | None, numbers: Sequence[int] | None, beamlines: Sequence[str] | None
    ) -> list[Row]:
        """The samples of investigations, or those of these numbers, by name."""
        return await self._fetch(samples(investigations, numbers, beamlines))

    async def datasets(
        self, investigation_id: UUID, skip: int, limit: int, search: str | None, beamlines: Sequence[str] | None
    ) -> list[Row]:
        """The datasets of an investigation that have a number, by start, without their documents."""
        return await self._fetch(datasets_of(investigation_id, skip, limit, search, beamlines))

    async def _fetch(self, statement: Statement, questions: Questions = Questions.COSTLY) -> list[Row]:
        rows, has_more = await self._reader.rows(statement, MOST_ROWS, MOST_BODY_BYTES, questions=questions)
        if has_more:
            raise too_large()
        return rows
