import pytest

from services.linker.memory import MemoryLinks
from tests.unit.linker.builders import IDENTITIES
from tests.unit.linker.crowding_suite import MOST_AWAITED, CrowdingSuite
from tests.unit.linker.investigation_suite import InvestigationSuite
from tests.unit.linker.relationship_suite import RelationshipSuite
from tests.unit.linker.revisit_suite import RevisitSuite
from tests.unit.linker.store_suite import LinkerSuite
from tests.unit.linker.submission_suite import SubmissionSuite
from tests.unit.linker.world import DEMANDS, World


@pytest.fixture
def world() -> World:
    return World(MemoryLinks(IDENTITIES, DEMANDS))


@pytest.fixture
def crowded() -> World:
    return World(MemoryLinks(IDENTITIES, DEMANDS, MOST_AWAITED))


class TestMemory(CrowdingSuite, LinkerSuite, InvestigationSuite, RelationshipSuite, RevisitSuite, SubmissionSuite):
    pass
