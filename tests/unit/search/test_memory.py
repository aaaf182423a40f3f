import pytest

from tests.builders.search.world import MemoryWorld
from tests.suites.search.receipts import ReceiptSuite
from tests.suites.search.store import StoreSuite


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


class TestMemory(StoreSuite, ReceiptSuite):
    pass
