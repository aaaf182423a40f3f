from pathlib import Path

import pytest

from tests.attack.attacks import ATTACKS
from tests.attack.run import neighbours_are_served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SEED = 20241130
SCALE = 0.1


async def test_neighbours_are_served_whatever_a_stranger_does(tmp_path: Path) -> None:
    """The short form of `make attack`; the seed is printed by it."""
    assert await neighbours_are_served(ATTACKS, SEED, SCALE, tmp_path, print) == []
