from pathlib import Path

import pytest

from tests.faults.run import nothing_lost

pytestmark = pytest.mark.e2e

SEED = 20241130


async def test_nothing_is_lost_while_everything_is_killed(tmp_path: Path) -> None:
    """The short form of `make faults`; the seed is printed by it."""
    assert await nothing_lost(SEED, 600, tmp_path, print) == []
