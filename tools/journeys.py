"""Counts what a reader opens to follow one dataset, frame, rejection or rebuild: the code that runs for it.

A whole beamcat is started under coverage, once at rest and once for each journey. What a journey runs beyond what runs
at rest is what its reader opens: the files, and the functions in them, counted in lines from `def` to the end.

    make journeys        # some minutes; prints a table
"""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

ROOT = Path(__file__).parents[1]
SERVERS = ("shared", "services")
SOURCES = (*SERVERS, "deploy", "clients/cli", "clients/importers")
CONFIGURATION = """
[run]
data_file = {folder}/data
parallel = true
sigterm = true
patch = subprocess, fork, _exit
source = {sources}
"""
STORE_DATASET = """
import sys
from pyicat_plus.client.main import IcatClient
client = IcatClient(metadata_urls=[sys.argv[1]])
client.store_dataset(
    beamline="id30a-3", proposal="mx1111", dataset="run_1",
    path="/data/visitor/mx1111/id30a3/20241130/RAW_DATA/S/run_1",
    metadata={"Sample_name": "S", "startDate": "2024-11-30T09:00:00+01:00", "endDate": "2024-11-30T09:01:00+01:00",
              "definition": "MX"},
)
client.disconnect()
"""
START_SECONDS, REST_SECONDS, FOUND_SECONDS = 180.0, 8.0, 60.0
Lines = dict[Path, set[int]]


@dataclass(frozen=True)
class Beamcat:
    """A running beamcat under coverage, and its commands."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def command(self) -> list[str]:
        """`beamcat` under coverage."""
        return [sys.executable, "-m", "coverage", "run", f"--rcfile={self.folder}/rc", "-m", "deploy"]

    def __call__(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command, and return its output.

        Raises:
            RuntimeError: its exit code is not one of `codes`.
        """
        done = subprocess.run(
            [*self.command, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode not in codes:
            raise RuntimeError(f"{words} ended with {done.returncode}: {done.stdout} {done.stderr}")
        return done.stdout


@contextmanager
def running(folder: Path) -> Iterator[Beamcat]:
    """Run a beamcat that rests before and after the journey, so that everything that runs at rest has run."""
    folder.mkdir()
    sources = ",".join(str(ROOT / source) for source in SOURCES)
    (folder / "rc").write_text(CONFIGURATION.format(folder=folder, sources=sources), encoding="utf-8")
    own = {name: value for name, value in os.environ.items() if not name.startswith("BEAMCAT_")}
    beamcat = Beamcat(folder, own | {"PYTHONPATH": f"{ROOT}:{ROOT}/clients/python/src"})
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*beamcat.command, "up"], cwd=folder, env=beamcat.environment, stdout=output, stderr=output
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while b"Ctrl-C" not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text(encoding="utf-8"))
                time.sleep(0.2)
            time.sleep(REST_SECONDS)
            yield beamcat
            time.sleep(REST_SECONDS)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def rest(_beamcat: Beamcat) -> None:
    """No journey."""


def dataset(beamcat: Beamcat) -> None:
    """From `POST /datasets` to the answer of a search."""
    beamcat("submit", str(ROOT / "examples/1-the-two-calls.json"))
    beamcat("find", "Fus_RAC1b", "-p", "MX_resolution<9", codes=(0, 1))


def rejection(beamcat: Beamcat) -> None:
    """From `POST /datasets` to the list of rejections."""
    beamcat("submit", str(ROOT / "examples/4-wrong-value.json"), codes=(0, 1))
    beamcat("rejections", "list")


def frame(beamcat: Beamcat) -> None:
    """From ICAT's client, over STOMP, to the answer of a search."""
    running_file = beamcat.folder / ".beamcat/running.json"
    [port] = re.findall(r'"BEAMCAT_STOMP_PORT": "(\d+)"', running_file.read_text(encoding="utf-8"))
    subprocess.run([sys.executable, "-W", "ignore", "-c", STORE_DATASET, f"127.0.0.1:{port}"], check=True)
    deadline = time.monotonic() + FOUND_SECONDS
    while not json.loads(beamcat("find", "S", "--json", codes=(0, 1)))["datasets"]:
        if time.monotonic() > deadline:
            raise RuntimeError("the frame's dataset is not found")


def rebuild(beamcat: Beamcat) -> None:
    """`beamcat rebuild search`."""
    beamcat("rebuild", "search")


JOURNEYS: tuple[Callable[[Beamcat], None], ...] = (dataset, frame, rejection, rebuild)


def lines_run(folder: Path) -> Lines:
    """The lines that ran in all processes."""
    found: Lines = {}
    for file in folder.glob("data.*"):
        data = CoverageData(str(file))
        data.read()
        for name in data.measured_files():
            found.setdefault(Path(name), set()).update(data.lines(name) or ())
    return found


def read_for(ran: Lines, at_rest: Lines) -> dict[Path, int]:
    """The files that a reader opens for a journey, with the lines of the functions in each."""
    read = {file: _length(file, lines - at_rest.get(file, set())) for file, lines in ran.items()}
    return {file: length for file, length in sorted(read.items()) if length}


def _length(file: Path, ran: set[int]) -> int:
    return sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and ran & set(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    )


def measured(folder: Path, journey: Callable[[Beamcat], None]) -> Lines:
    """The lines that a beamcat runs from its start to its end, including the journey."""
    with running(folder) as beamcat:
        journey(beamcat)
    return lines_run(folder)


def main() -> None:
    """Measure every journey. With any argument, also print the names of the files."""
    with tempfile.TemporaryDirectory() as temporary:
        at_rest = measured(Path(temporary) / "rest", rest)
        for journey in JOURNEYS:
            read = read_for(measured(Path(temporary) / journey.__name__, journey), at_rest)
            servers = {file: length for file, length in read.items() if file.relative_to(ROOT).parts[0] in SERVERS}
            print(f"{journey.__name__:10} {len(servers):4} files {sum(servers.values()):6} lines of the services")
            for file, length in servers.items() if sys.argv[1:] else ():
                print(f"    {file.relative_to(ROOT)} {length}")


if __name__ == "__main__":
    main()
