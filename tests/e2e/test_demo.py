"""What `make demo` and `make up` do, in an empty folder."""

import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.builders.terminal import BEAMCAT, ENVIRONMENT, beamcat

pytestmark = pytest.mark.e2e


def test_the_demo_finds_everything_again_twice_and_leaves_no_process(tmp_path: Path) -> None:
    first, second = beamcat(tmp_path, "demo"), beamcat(tmp_path, "demo")
    for demo in (first, second):
        assert demo.returncode == 0, demo.stdout + demo.stderr
        assert "and was kept as it is; send MX_exposureTime if that was meant" in demo.stdout
    assert "unchanged" not in first.stdout
    assert "unchanged" in second.stdout
    down = beamcat(tmp_path, "find", "Fus")
    assert down.returncode == 2
    assert f"the beamcat of {tmp_path} is not running (make up starts it)" in down.stderr
    assert not [
        process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(process.info["cmdline"])
    ]


def test_an_up_that_is_asked_to_end_ends_in_order(tmp_path: Path) -> None:
    with subprocess.Popen([*BEAMCAT, "up"], cwd=tmp_path, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE) as up:
        assert up.stdout is not None
        assert any("Ctrl-C" in line for line in up.stdout)
        up.send_signal(signal.SIGTERM)
        assert up.wait(60) == 0
