from pathlib import Path

import pytest

from tests.faults.frames import Storm, frames_survive

pytestmark = pytest.mark.e2e

STORM = Storm(frames=100, kills=2, kafka_seconds=5.0, seed=20261125)


async def test_no_frame_is_lost_and_none_comes_twice_while_the_edge_is_killed(tmp_path: Path) -> None:
    """The short form of `make faults-icat`; the seed is printed by it."""
    assert await frames_survive(STORM, tmp_path, print) == []
