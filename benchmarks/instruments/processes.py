"""What the processes of an installation use: CPU and memory."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

import psutil

from benchmarks.instruments.names import ALL
from deploy.embedded.installation import Installation

MEGABYTE = 2**20


def pids_of(running: Installation) -> dict[str, int]:
    """Every process of beamcat, and the servers below it, by name."""
    own = {name: running.supervisor.pid(name) for name in running.urls}
    return own | {name: running.stack.pid(name) for name in ("postgres", "kafka")}


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """The user and system time so far, with that of children."""
    return {name: family_cpu_seconds(pid) for name, pid in pids.items()}


def family_cpu_seconds(pid: int) -> float:
    """The CPU time of a process and its children, also of those that ended, as PostgreSQL's autovacuum workers do."""
    process = psutil.Process(pid)
    living = 0.0
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended, and its parent's time includes it
            living += sum(child.cpu_times()[:2])
    return living + float(sum(process.cpu_times()[:4]))


def used(before: Mapping[str, float], after: Mapping[str, float], factor: float = 1.0) -> dict[str, float]:
    """The seconds that each process used in between, times a factor, and the sum of all."""
    spent = {name: (seconds - before[name]) * factor for name, seconds in after.items()}
    return spent | {ALL: sum(spent.values())}


def memory_megabytes(running: Installation) -> dict[str, float]:
    """The memory of beamcat's own processes (Pss: a page that several share is divided among them), and their sum.

    The nursery is the parent of all, and holds what they share.
    """
    own = {name: running.supervisor.pid(name) for name in running.urls}
    pids = own | {"nursery": psutil.Process(next(iter(own.values()))).ppid()}
    held = {name: psutil.Process(pid).memory_full_info().pss / MEGABYTE for name, pid in pids.items()}
    return held | {ALL: sum(held.values())}


def peak_megabytes(pid: int) -> float:
    """The peak memory of a process (VmHWM of Linux), or 0 if it has ended."""
    with contextlib.suppress(FileNotFoundError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0
