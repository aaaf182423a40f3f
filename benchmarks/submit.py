"""`make bench-submit`: how much longer `beamcat submit` takes than its datasets need to be committed.

The command runs beside the whole system, as users type it, and the catalogue is watched meanwhile. Its own time over
the time until the last dataset is committed is what following the receipts costs its user.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.instruments.processes import peak_megabytes
from benchmarks.instruments.progress import all_committed
from deploy.embedded.installation import Installation, installation
from tests.builders.submissions import raw_submission

ROOT = Path(__file__).parents[1]
WARM = 200
AIM = 1.2


def write(file: Path, numbers: range, seed: int) -> None:
    """Data collections as NDJSON."""
    chance = random.Random(seed)
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{json.dumps(raw_submission(number, chance))}\n" for number in numbers)


async def submitted(running: Installation, file: Path) -> tuple[float, float, str]:
    """Submit a file as a user does. It returns the seconds, the command's peak megabytes and its output."""
    began, peak = time.monotonic(), 0.0
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy", "submit", str(file)),
        env={**os.environ, **running.environment, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    said = asyncio.ensure_future(command.communicate())
    while not said.done():
        peak = max(peak, peak_megabytes(command.pid))
        await asyncio.wait([said], timeout=0.1)
    if command.returncode:
        raise SystemExit(f"submit ended with {command.returncode}: {said.result()[0].decode()}")
    return time.monotonic() - began, peak, said.result()[0].decode()


async def bench(datasets: int, seed: int, directory: Path) -> None:
    """Run the benchmark and print its results."""
    async with installation(directory) as running:
        write(directory / "warm.ndjson", range(10**7, 10**7 + WARM), seed)
        await submitted(running, directory / "warm.ndjson")
        file = directory / "datasets.ndjson"
        write(file, range(datasets), seed)
        began = time.monotonic()
        (seconds, peak, said), committed = await asyncio.gather(
            submitted(running, file), all_committed(running, WARM + datasets)
        )
    ratio = seconds / (committed - began)
    print(said)
    print(f"committed after {committed - began:.2f} s, submit ended after {seconds:.2f} s, peak {peak:.0f} MB")
    print(f"ratio {ratio:.3f} (aim {AIM})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(bench(chosen.datasets, chosen.seed, Path(temporary)))
