"""The twin of the archive's store, held to the suite."""

import pytest

from services.archive.catalogue import MemoryCatalogue
from services.archive.memory import MemoryReports
from tests.builders.archive import DATASETS, Archive
from tests.suites.archive import ReportsSuite


@pytest.fixture
def archive() -> Archive:
    store = MemoryReports(MemoryCatalogue(*DATASETS))

    async def kept() -> list[tuple[int, str]]:
        return sorted((row.dataset_number, row.about) for row in store.rows.values())

    return Archive(store, kept)


class TestMemory(ReportsSuite):
    pass
