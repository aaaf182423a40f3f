import pytest

from services.linker.storage.memory.store import MemoryLinks
from tests.builders.linker.records import IDENTITIES
from tests.builders.linker.world import DEMANDS, World
from tests.suites.linker.crowding import MOST_AWAITED, CrowdingSuite
from tests.suites.linker.investigations import InvestigationSuite
from tests.suites.linker.relationships import RelationshipSuite
from tests.suites.linker.revisits import RevisitSuite
from tests.suites.linker.store import LinkerSuite
from tests.suites.linker.submissions import SubmissionSuite


@pytest.fixture
def world() -> World:
    return World(MemoryLinks(IDENTITIES, DEMANDS))


@pytest.fixture
def crowded() -> World:
    return World(MemoryLinks(IDENTITIES, DEMANDS, MOST_AWAITED))


class TestMemory(CrowdingSuite, LinkerSuite, InvestigationSuite, RelationshipSuite, RevisitSuite, SubmissionSuite):
    pass
