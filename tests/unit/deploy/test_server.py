import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.embedded.server import ServerFailedError, bound_to_parent, end_leftovers, tail

MARKER = "-Dof.this.test=1"
SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def started(*arguments: str, directory: Path | None = None) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([*SLEEPER, *arguments], stdout=subprocess.PIPE, cwd=directory)
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"up\n"
    return process


@pytest.fixture
def processes() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    processes: dict[str, subprocess.Popen[bytes]] = {}
    yield processes
    for process in processes.values():
        process.kill()
        process.wait()


def test_a_servers_leftovers_are_ended_and_nothing_else(
    tmp_path: Path, processes: dict[str, subprocess.Popen[bytes]]
) -> None:
    processes["server"] = started(MARKER)
    processes["child of a server"] = started(directory=tmp_path)
    processes["server of another directory"] = started(MARKER + "0")
    processes["child of another directory"] = started(directory=tmp_path.parent)

    program = psutil.Process(processes["child of a server"].pid).name()
    assert end_leftovers(MARKER, tmp_path, program, signal.SIGTERM) == 2

    assert [name for name, process in processes.items() if process.poll() is None] == [
        "server of another directory",
        "child of another directory",
    ]


def test_a_visitor_of_the_data_directory_is_left_alone(
    tmp_path: Path, processes: dict[str, subprocess.Popen[bytes]]
) -> None:
    processes["a shell"] = started(directory=tmp_path)

    assert end_leftovers(MARKER, tmp_path, "postgres", signal.SIGTERM) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bind a child's life to its parent's")
def test_a_child_bound_to_its_parent_dies_with_it() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run({bound_to_parent(SLEEPER, signal.SIGKILL)!r})"],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    with parent.stdout as output:
        assert output.readline() == b"up\n"
        [child] = psutil.Process(parent.pid).children()
        ended = os.pidfd_open(child.pid)
        parent.kill()
        parent.wait()
        assert select.select([ended], [], [], 5) == ([ended], [], [])
        os.close(ended)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs programs as another user")
def test_another_user_reaches_a_program_in_a_folder_that_is_closed_to_all_but_root(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\ntest -x $0 && id -u")
    program.chmod(0o755)
    tmp_path.chmod(0o700)

    ran = subprocess.run(
        bound_to_parent([str(program)], signal.SIGKILL, as_user=65534), capture_output=True, text=True, check=True
    )

    assert ran.stdout == "65534\n"


def test_root_without_setpriv_is_told_to_use_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ServerFailedError, match="ordinary user"):
        bound_to_parent(["postgres"], signal.SIGQUIT, as_user=65534)


def test_the_tail_of_a_log_is_its_last_lines_and_that_of_a_missing_one_is_empty(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    assert tail(log) == ""

    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert tail(log, lines=2) == "line 98\nline 99"
