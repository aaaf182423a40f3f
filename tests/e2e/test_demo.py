"""What `make demo` does, in an empty folder."""

from pathlib import Path

import psutil
import pytest

from tests.e2e.terminal import beamcat

pytestmark = pytest.mark.e2e


def test_the_demo_finds_everything_again_twice_and_leaves_no_process(tmp_path: Path) -> None:
    first, second = beamcat(tmp_path, "demo"), beamcat(tmp_path, "demo")
    for demo in (first, second):
        assert demo.returncode == 0, demo.stdout + demo.stderr
        assert "and was kept as it is; send MX_exposureTime if that was meant" in demo.stdout
    assert "unchanged" not in first.stdout
    assert "unchanged" in second.stdout
    down = beamcat(tmp_path, "find", "Fus")
    assert down.returncode == 3
    assert "is beamcat up?" in down.stderr
    assert not [
        process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(process.info["cmdline"])
    ]
