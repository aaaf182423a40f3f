"""The twin of the logbook's store, held to the suite."""

import json

import pytest

from services.logbook.memory import MemoryEntries
from tests.builders.logbook import Logbook
from tests.suites.logbook import EntriesSuite


@pytest.fixture
def logbook() -> Logbook:
    store = MemoryEntries()

    async def texts() -> list[str]:
        return sorted(json.loads(row.content)[0]["text"] for row in store.rows.values())

    return Logbook(store, texts)


class TestMemory(EntriesSuite):
    pass
