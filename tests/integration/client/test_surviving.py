"""kill -9 at any moment, and several processes on one spool: nothing is lost, doubled in effect or out of order."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import beamcat_client
from beamcat_client import Client
from tests.builders.client_gateway import GatewayAtWork
from tests.builders.seeds import seed_of_run

PYTHON = os.environ.get("BEAMCAT_CLIENT_PYTHON", sys.executable)
"""The producers' interpreter: the client is for older ones than the gateway."""

PRODUCER = """
import sys
from beamcat_client import Client

url, token, spool, name, count = sys.argv[1:]
client = Client(url, token, spool=spool)
for number in range(int(count)):
    receipt = client.store_dataset(
        f"{name}_{number}", "MX1111", "s", f"/data/{name}_{number}", {"MX_comments": "x" * 500}, beamline="id29"
    )
    print(receipt.receipt_id, receipt.path, flush=True)
client.close()
"""


class Producers:
    """Processes that store datasets into one spool, and the receipts they have seen."""

    def __init__(self, gateway: GatewayAtWork, spool: Path) -> None:
        self.gateway = gateway
        self.spool = spool
        self.started: list[subprocess.Popen[str]] = []

    def start(self, name: str, count: int) -> subprocess.Popen[str]:
        arguments = [self.gateway.url, self.gateway.token, str(self.spool), name, str(count)]
        source = Path(beamcat_client.__file__).parents[1]
        process = subprocess.Popen(
            [PYTHON, "-c", PRODUCER, *arguments],
            env={**os.environ, "PYTHONPATH": str(source)},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process


@pytest.fixture
def producers(gateway: GatewayAtWork, tmp_path: Path) -> Iterator[Producers]:
    producers = Producers(gateway, tmp_path / "spool")
    yield producers
    for process in producers.started:
        process.kill()
        process.communicate()


def read(process: subprocess.Popen[str], lines: int) -> list[tuple[str, str]]:
    """The receipts and paths of the next stored datasets."""
    assert process.stdout is not None
    found = [process.stdout.readline().split() for _ in range(lines)]
    return [(receipt_id, path) for receipt_id, path in found]


def read_all(process: subprocess.Popen[str]) -> list[tuple[str, str]]:
    """The receipts and paths of all datasets stored until the process ended."""
    text, _ = process.communicate(timeout=60)
    return [(receipt_id, path) for receipt_id, path in (line.split() for line in text.splitlines())]


def of_producer(name: str, paths: Sequence[str]) -> list[str]:
    return [path for path in paths if path.startswith(f"/data/{name}_")]


@pytest.mark.parametrize("request_number", [1, 2, 5])
def test_killed_between_confirmation_and_answer_it_is_delivered_once_in_effect(
    gateway: GatewayAtWork, producers: Producers, new_client: Callable[..., Client], request_number: int
) -> None:
    def kill() -> None:
        if gateway.requests == request_number:
            producers.started[0].send_signal(signal.SIGKILL)
            producers.started[0].wait()

    gateway.before_answering = kill
    process = producers.start("a", 50)
    stored = read_all(process)
    assert process.returncode == -signal.SIGKILL
    assert len(stored) < 50
    gateway.before_answering = lambda: None
    assert new_client().flush(20)
    receipts = gateway.receipts()
    assert {receipt_id for receipt_id, _ in stored} <= set(receipts)
    assert len(set(receipts)) == len(receipts) - 1 == len(gateway.paths()), "one came twice, under one receipt"
    assert gateway.paths() == [f"/data/a_{number}" for number in range(len(set(receipts)))]


def test_killed_at_any_moment_of_spooling_nothing_that_was_acknowledged_is_lost(
    gateway: GatewayAtWork, producers: Producers, new_client: Callable[..., Client]
) -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    gateway.shut()
    acknowledged: list[tuple[str, str]] = []
    for name in ("a", "b", "c"):
        process = producers.start(name, 100_000)
        acknowledged += read(process, chance.randrange(1, 40))
        process.send_signal(signal.SIGKILL)
        acknowledged += read_all(process)
    gateway.open()
    client = new_client()
    spooled = client.waiting()
    assert client.flush(30)
    receipts, paths = gateway.receipts(), gateway.paths()
    assert len(receipts) == len(set(receipts)) == spooled
    assert len(acknowledged) <= spooled <= len(acknowledged) + 3, "each may have died between the disk and the answer"
    assert [path for path in paths if path in {path for _, path in acknowledged}] == [path for _, path in acknowledged]


def test_a_spool_survives_kills_while_it_sends(
    gateway: GatewayAtWork, producers: Producers, new_client: Callable[..., Client]
) -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    acknowledged: list[str] = []
    for name in "abcd":
        process = producers.start(name, 100_000)
        acknowledged += [path for _, path in read(process, chance.randrange(1, 60))]
        process.send_signal(signal.SIGKILL)
        acknowledged += [path for _, path in read_all(process)]
    assert new_client().flush(30)
    paths = gateway.paths()
    assert set(acknowledged) <= set(paths)
    assert len(set(gateway.receipts())) == len(paths), "every dataset arrived under one receipt"
    for name in "abcd":
        assert of_producer(name, paths) == [f"/data/{name}_{i}" for i in range(len(of_producer(name, paths)))]


def test_processes_that_share_a_spool_send_one_at_a_time_and_keep_the_order(
    gateway: GatewayAtWork, producers: Producers, new_client: Callable[..., Client]
) -> None:
    processes = {name: producers.start(name, 60) for name in "abc"}
    stored = {name: read_all(process) for name, process in processes.items()}
    assert new_client().flush(30)
    assert gateway.most_at_once == 1
    receipts, paths = gateway.receipts(), gateway.paths()
    assert len(receipts) == len(set(receipts)) == 180
    for name in "abc":
        assert of_producer(name, paths) == [path for _, path in stored[name]]


def test_what_programs_left_can_be_delivered_from_the_command_line(
    gateway: GatewayAtWork, producers: Producers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from beamcat_client.__main__ import main

    monkeypatch.setenv("BEAMCAT_TOKEN", gateway.token)
    gateway.shut()
    read_all(producers.start("a", 3))
    arguments = [gateway.url, "--spool", str(producers.spool), "--timeout", "0.5"]
    assert main(arguments) == 1
    assert "3 datasets still wait" in capsys.readouterr().out
    gateway.open()
    assert main(arguments) == 0
    assert gateway.paths() == ["/data/a_0", "/data/a_1", "/data/a_2"]
