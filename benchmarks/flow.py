"""`make bench`: the whole path from Kafka to search, in every form of running, beside a COPY of the same datasets.

Each run starts an installation of its own (fsync on) and measures it at rest, under a full backlog and at 50 datasets a
second. The forms take turns, and a figure is the median of its runs. The COPY goes into the same PostgreSQL. The ratio
to it says more than either number, because machines are shared and differ.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.instruments import history, names
from benchmarks.instruments.figures import Figures, medians, side_by_side
from benchmarks.instruments.references import beside_peers
from benchmarks.instruments.run import Run, warmed_up
from benchmarks.instruments.workload import messages_of

FORMS: Mapping[str, Mapping[str, Any]] = {"apart": {}, "together": {"together": True}}
"""The forms of running, and the arguments of `installation` that make them."""
PRELOADED, FILLED = 10**6, 5 * 10**6
"""The numbers from which datasets are made that fill the catalogue, and that come to the filled one."""
CHUNK = 20_000


async def measured(form: str, datasets: int, seed: int) -> Figures:
    """One run in an installation of its own."""
    with tempfile.TemporaryDirectory() as directory:
        async with warmed_up(FORMS[form], seed, Path(directory)) as run:
            return await run.measured(0, datasets)


async def compared(form: str, datasets: int, preload: int, seed: int) -> Mapping[str, Figures]:
    """The same run on an empty and on a filled catalogue."""
    with tempfile.TemporaryDirectory() as directory:
        async with warmed_up(FORMS[form], seed, Path(directory)) as run:
            empty = await run.measured(0, datasets)
            await fill(run, preload)
            return {"empty": empty, "filled": await run.measured(FILLED, datasets)}


async def fill(run: Run, count: int) -> None:
    """Fill every table and topic, in the way of all datasets: each stage stores what it would have stored anyway."""
    for first in range(0, count, CHUNK):
        chunk = min(CHUNK, count - first)
        _, seconds = await run.flow(messages_of(PRELOADED + first, chunk, run.seed))
        print(f"{first + chunk:12,} preloaded, the last {chunk:,} with {chunk / seconds:,.0f}/s", flush=True)
    await run.progress.connection.execute("vacuum analyze")


def summary(figures: Figures) -> str:
    """One run in a few words."""
    rate, cpu, latency = figures[names.RATE], figures[names.CPU], figures[names.LATENCY]
    return (
        f"{rate[names.SEARCHABLE]:,.0f} searchable/s, {cpu[names.ALL]:,.0f} µs a dataset, "
        f"p50 {latency[names.P50]:.0f} ms, p99 {latency[names.P99]:.0f} ms"
    )


def bench(forms: Sequence[str], runs: int, datasets: int, seed: int) -> dict[str, Figures]:
    """Let the forms take turns, and print the medians side by side."""
    taken: dict[str, list[Figures]] = {form: [] for form in forms}
    for number in range(1, runs + 1):
        for form in forms:
            taken[form].append(asyncio.run(measured(form, datasets, seed)))
            print(f"run {number} of {runs}, {form}: {summary(taken[form][-1])}", flush=True)
    found = {form: medians(each) for form, each in taken.items()}
    print(*side_by_side(found), sep="\n")
    for form, figures in found.items():
        print(form, *beside_peers(figures[names.RATIO][names.A_DATASET]), sep="\n")
    return found


def main() -> None:
    """Read the options, and run."""
    parser = argparse.ArgumentParser(prog="make bench --", description=__doc__)
    parser.add_argument("--datasets", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3, help="of each form")
    parser.add_argument("--forms", default=",".join(FORMS), help="separated by commas (default: %(default)s)")
    parser.add_argument("--preload", type=int, help="compare an empty catalogue with one that has so many datasets")
    parser.add_argument("--record", action="store_true", help=f"append the figures to {history.HISTORY.name}")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    forms = chosen.forms.split(",")
    if unknown := set(forms) - FORMS.keys():
        parser.error(f"there is no form {', '.join(unknown)}; there are {', '.join(FORMS)}")
    if chosen.preload:
        for form in forms:
            found = asyncio.run(compared(form, chosen.datasets, chosen.preload, chosen.seed))
            print(f"{form}, on an empty catalogue and on one with {chosen.preload:,} datasets")
            print(*side_by_side(found), sep="\n")
        return
    found = bench(forms, chosen.runs, chosen.datasets, chosen.seed)
    if chosen.record:
        history.record(found)


if __name__ == "__main__":
    main()
