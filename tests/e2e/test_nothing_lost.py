from pathlib import Path

import pytest

from tests.faults.chaos import APART, TOGETHER, Form
from tests.faults.run import nothing_lost

pytestmark = pytest.mark.e2e

SEED = 20241130


@pytest.mark.parametrize("form", [APART, TOGETHER], ids=["apart", "together"])
async def test_nothing_is_lost_while_everything_is_killed(form: Form, tmp_path: Path) -> None:
    """The short form of `make faults`; the seed is printed by it."""
    assert await nothing_lost(SEED, 600, tmp_path, print, form) == []
