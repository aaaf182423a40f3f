"""The other instruments of the benchmarks."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.instruments.disk import topic_bytes
from benchmarks.instruments.names import ALL
from benchmarks.instruments.processes import family_cpu_seconds, used
from benchmarks.instruments.references import beside_peers, parameter_rows, payload_rows
from benchmarks.instruments.workload import messages_of

BUSY = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}]); print(flush=True); input()"


def test_the_time_of_a_child_that_ended_counts() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        own = sum(psutil.Process(parent.pid).cpu_times()[:2])
        assert family_cpu_seconds(parent.pid) - own >= 0.25
        parent.communicate("\n")


def test_what_was_used_is_scaled_and_summed() -> None:
    assert used({"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 4.0}, 10.0) == {"a": 10.0, "b": 20.0, ALL: 30.0}


def test_the_logs_of_all_partitions_of_a_declared_topic_are_added(tmp_path: Path) -> None:
    for folder, size in (("dataset.linked-0", 3), ("dataset.linked-11", 4), ("__consumer_offsets-0", 99)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "00.log").write_bytes(b"x" * size)
        (tmp_path / folder / "00.index").write_bytes(b"x" * 1000)
    assert topic_bytes(tmp_path) == {"dataset.linked": 7}


def test_peers_are_compared_by_the_slowest_and_the_fastest_reference() -> None:
    *_, ispyb, _icat, _tiled = beside_peers(0.05)
    assert ispyb.split() == ["ISPyB,", "4", "processes", "635", "0.0106", "to", "0.0148", "3.4", "to", "4.7"]


def test_the_same_seed_makes_the_same_datasets() -> None:
    first, second = ([message.value for message in messages_of(10, 20, 7)] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("number", [4, 999])
def test_every_fifth_dataset_has_an_input_that_was_sent_before(number: int) -> None:
    submissions = [json.loads(message.value)["submission"] for message in messages_of(0, 1000, 1)]
    paths = [submission["path"] for submission in submissions]
    assert paths.index(submissions[number]["input"][0]) < number


def test_a_reference_has_one_row_a_dataset_or_one_a_parameter() -> None:
    message = messages_of(0, 1, 1)[0]
    parameters = json.loads(message.value)["submission"]["parameters"]
    assert [len(row) for row in payload_rows(message)] == [2]
    assert {name: value for _, name, value in parameter_rows(message)} == {
        name: str(value) for name, value in parameters.items()
    }
