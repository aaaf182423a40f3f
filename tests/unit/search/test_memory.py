import pytest

from tests.unit.search.receipt_suite import ReceiptSuite
from tests.unit.search.store_suite import StoreSuite
from tests.unit.search.world import MemoryWorld


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


class TestMemory(StoreSuite, ReceiptSuite):
    pass
