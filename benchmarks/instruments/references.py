"""What a rate is compared with: a plain COPY of the same run, and catalogues that were measured elsewhere."""

import json
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import asyncpg

from benchmarks.instruments.names import A_DATASET, A_PARAMETER
from benchmarks.instruments.workload import CHUNK
from shared.events.record import Message
from tests.builders.submissions import dataset_id

PAYLOADS = "dataset_id uuid primary key, payload text"
PARAMETERS = "dataset_id uuid, name text, value text, primary key (dataset_id, name)"

Row = tuple[Any, ...]


class Peer(NamedTuple):
    """Another catalogue, as it was measured once on two cores of the same kind."""

    name: str
    datasets_per_second: float


PEERS = (
    Peer("ISPyB, 4 processes", 635.0),
    Peer("ICAT 6.2, at most", 199.0),
    Peer("Tiled", 65.0),
)
PEERS_COPY = (43_000.0, 60_000.0)
"""The slowest and the fastest COPY of one row a dataset in the hours of those measurements, in datasets per second."""


def beside_peers(ratio: float) -> Iterator[str]:
    """The lines that say how a ratio to COPY compares with those of the others."""
    slowest, fastest = PEERS_COPY
    yield "recorded elsewhere on two cores, not measured in this run:"
    yield f"  {'':24}{'datasets/s':>12}{'÷ COPY':>20}{'beamcat is, times':>20}"
    for name, rate in PEERS:
        low, high = rate / fastest, rate / slowest
        times = f"{ratio / high:.1f} to {ratio / low:.1f}"
        yield f"  {name:24}{rate:12,.0f}{f'{low:.4f} to {high:.4f}':>20}{times:>20}"


async def copy_rates(database_url: str, messages: Sequence[Message]) -> dict[str, float]:
    """The datasets per second of a plain COPY of the same datasets, as one row each and as one row a parameter."""
    payloads, parameters = list(map(payload_rows, messages)), list(map(parameter_rows, messages))
    return {A_DATASET: await _rate(database_url, PAYLOADS, payloads),
            A_PARAMETER: await _rate(database_url, PARAMETERS, parameters)}  # fmt: skip


async def _rate(database_url: str, columns: str, datasets: Sequence[list[Row]]) -> float:
    """The datasets per second of a COPY into one new table, with one transaction for each batch."""
    starts = range(0, len(datasets), CHUNK)
    batches = [list(chain.from_iterable(datasets[start : start + CHUNK])) for start in starts]
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"create table public.reference ({columns})")
        began = time.monotonic()
        for rows in batches:
            await connection.copy_records_to_table("reference", schema_name="public", records=rows)
        seconds = time.monotonic() - began
        await connection.execute("drop table public.reference")
    finally:
        await connection.close()
    return len(datasets) / seconds


def payload_rows(message: Message) -> list[Row]:
    """One row for the dataset: its id and its submission."""
    return [(dataset_id(json.loads(message.value)["submission"]), message.value.decode())]


def parameter_rows(message: Message) -> list[Row]:
    """One row for each parameter, as in catalogues with one table of parameters."""
    submission = json.loads(message.value)["submission"]
    identity = dataset_id(submission)
    return [(identity, name, str(value)) for name, value in submission["parameters"].items()]
