"""Declarations that search has read, as icat_plus asks for them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import pytest

from services.icat_plus.neighbours.search import InvestigationQuery
from services.icat_plus.shipments.declarations import OwnDeclarations
from services.search.projections.shipments.table import PROJECTIONS
from shared.events.declarations import Declared
from shared.postgres.bulk import Writes
from tests.builders.search.records import NOON
from tests.integration.icat_plus.conftest import Facility
from tests.suites.declarations import DeclarationsSuite

pytestmark = pytest.mark.integration


class Read:
    """Declarations in the read model of search."""

    def __init__(self, facility: Facility) -> None:
        self._database = facility.world.database
        self._search = facility.search
        self._declarations = OwnDeclarations(facility.search, lambda: NOON)

    async def note(self, declared: Declared) -> None:
        projections: tuple[Any, ...] = PROJECTIONS
        async with self._database.transaction() as connection:
            writes = Writes(connection)
            for projection, facts in zip(projections, declared, strict=True):
                if facts:
                    await projection.save(writes, facts)
            await writes.run()

    async def of(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        return await self._declarations.of(investigations, beamlines)

    async def holding(self, kind: str, id_: str | None) -> Collection[UUID]:
        wanted = InvestigationQuery(declared=kind, declared_ids=(id_,) if id_ else None)
        rows, _ = await self._search.investigations(wanted)
        return [row["investigation_id"] for row in rows]


@pytest.fixture
async def declarations(facility: Facility) -> Read:
    for number in (42, 43):
        await facility.register(number)
    return Read(facility)


class TestSearch(DeclarationsSuite):
    pass
