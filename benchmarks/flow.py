"""`make bench`: the whole path from Kafka to search, compared with a COPY of the same rows into one table.

Both run on the same PostgreSQL (fsync on), one after the other. Their ratio says more than either number, because
machines are shared and differ. CPU is the time that each process used while the datasets flowed.
"""

import argparse
import asyncio
import contextlib
import json
import random
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from deploy.embedded.installation import Installation, installation
from shared.events.record import Message
from shared.kafka.publisher import KafkaPublisher
from tests.builders.submissions import dataset_id, processed_submission, raw_submission, submitted

CHUNK = 500
EVERY = 5
DELAY = 800
FLUSH_SECONDS = 600.0
LATENCY = "beamcat_submitted_to_searchable_seconds"


def messages_of(first: int, count: int, seed: int) -> list[Message]:
    """Submissions with about 60 parameters. Every fifth has an input, which was collected 1,000 datasets earlier."""
    chance = random.Random(seed)
    made: list[Message] = []
    raws: list[dict[str, Any]] = []
    for number in range(first, first + count):
        if number % EVERY == EVERY - 1:
            submission = processed_submission(number, [raws[-DELAY] if len(raws) > DELAY else raws[0]], chance)
        else:
            submission = raw_submission(number, chance)
            raws.append(submission)
        made.append(submitted(submission, f"bench-{seed}-{number}"))
    return made


async def counted(running: Installation, schema: str, wanted: int) -> float:
    """Wait until a schema has this many datasets. It returns the time in seconds of the monotonic clock."""
    connection = await asyncpg.connect(running.settings.database.url)
    try:
        query = f"select count(*) from {schema}.dataset"  # noqa: S608  the schema is ours
        async with asyncio.timeout(FLUSH_SECONDS):
            while await connection.fetchval(query) < wanted:  # noqa: ASYNC110  PostgreSQL sets no event
                await asyncio.sleep(0.1)
        return time.monotonic()
    finally:
        await connection.close()


async def push(running: Installation, messages: list[Message]) -> None:
    """Publish all messages as fast as Kafka confirms them."""
    publisher = KafkaPublisher(running.settings.kafka, "bench")
    await publisher.start()
    for start in range(0, len(messages), CHUNK):
        await publisher.publish(messages[start : start + CHUNK])
    await publisher.stop()


async def trickle(running: Installation, messages: list[Message], per_second: float) -> None:
    """Publish messages one by one at a steady rate, each with its own time."""
    publisher = KafkaPublisher(running.settings.kafka, "bench")
    await publisher.start()
    began = time.monotonic()
    for number, message in enumerate(messages):
        await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
        submission = json.loads(message.value)["submission"]
        await publisher.publish([submitted(submission, dict(message.headers)["ce_id"].decode())])
    await publisher.stop()


def processes(running: Installation) -> dict[str, list[psutil.Process]]:
    """Every process of beamcat by name. That of PostgreSQL includes its children."""
    own = {name: [psutil.Process(running.supervisor.pid(name))] for name in running.urls}
    postgres = psutil.Process(running.stack.pid("postgres"))
    return {
        **own,
        "kafka": [psutil.Process(running.stack.pid("kafka"))],
        "postgres": [postgres, *postgres.children(recursive=True)],
    }


def cpu_seconds(of: Mapping[str, list[psutil.Process]]) -> dict[str, float]:
    """The user and system time so far."""
    used = dict.fromkeys(of, 0.0)
    for name, group in of.items():
        for process in group:
            with contextlib.suppress(psutil.NoSuchProcess):  # PostgreSQL's own helpers come and go
                used[name] += sum(process.cpu_times()[:2])
    return used


def peak_megabytes(group: list[psutil.Process]) -> float:
    """The peak memory (VmHWM of Linux). Shared pages of PostgreSQL's processes count once."""
    peaks = []
    for process in group:
        with contextlib.suppress(FileNotFoundError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            peaks += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    return max(peaks, default=0.0)


async def latency_quantiles(running: Installation, before: dict[float, float]) -> tuple[float, float]:
    """p50 and p99 in seconds from submission to search since the buckets of `before`, interpolated within a bucket."""
    buckets = {edge: count - before.get(edge, 0.0) for edge, count in (await latency_buckets(running)).items()}
    return quantile(buckets, 0.5), quantile(buckets, 0.99)


async def latency_buckets(running: Installation) -> dict[float, float]:
    """The cumulative histogram of the time from submission to search, by upper bound."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{running.urls['search']}/metrics")).text
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"{LATENCY}_bucket"
    }


def quantile(buckets: Mapping[float, float], share: float) -> float:
    """The value at which the cumulative count reaches the share, linear within a bucket."""
    edges = sorted(buckets)
    wanted = share * buckets[edges[-1]]
    below_edge = below = 0.0
    for edge in edges:
        if buckets[edge] >= wanted:
            inside = buckets[edge] - below
            reach = (wanted - below) / inside if inside else 0.0
            return below_edge + (edge - below_edge) * reach
        below_edge, below = edge, buckets[edge]
    return float("inf")


async def copied(running: Installation, columns: str, batches: Iterable[list[tuple[Any, ...]]]) -> float:
    """The seconds of a plain COPY into one new table, with one transaction for each batch."""
    connection = await asyncpg.connect(running.settings.database.url)
    await connection.execute(f"create table public.reference ({columns})")
    began = time.monotonic()
    for rows in batches:
        await connection.copy_records_to_table("reference", schema_name="public", records=rows)
    seconds = time.monotonic() - began
    await connection.execute("drop table public.reference")
    await connection.close()
    return seconds


def as_payloads(messages: list[Message]) -> list[list[tuple[Any, ...]]]:
    """One row for each dataset: its id and its submission."""
    rows = [(dataset_id(json.loads(message.value)["submission"]), message.value.decode()) for message in messages]
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def as_parameters(messages: list[Message]) -> list[list[tuple[Any, ...]]]:
    """One row for each parameter, as in catalogues with one table of parameters."""
    submissions = [json.loads(message.value)["submission"] for message in messages]
    return [
        [
            (identity, name, str(value))
            for submission in submissions[start : start + CHUNK]
            for identity in [dataset_id(submission)]
            for name, value in submission["parameters"].items()
        ]
        for start in range(0, len(submissions), CHUNK)
    ]


async def references(running: Installation, messages: list[Message], rate: float) -> None:
    """Print the time of a plain COPY of the same datasets, and its ratio to the whole path."""
    for name, columns, rows in (
        ("one row a dataset", "dataset_id uuid primary key, payload text", as_payloads),
        (
            "one row a parameter",
            "dataset_id uuid, name text, value text, primary key (dataset_id, name)",
            as_parameters,
        ),
    ):
        copy_rate = len(messages) / await copied(running, columns, rows(messages))
        print(f"reference COPY, {name:20}{copy_rate:10,.0f} datasets/s, ratio {rate / copy_rate:.3f}")


async def bench(datasets: int, seed: int, directory: Path) -> None:
    """Run the benchmark and print its results."""
    async with installation(directory) as running:
        warm = messages_of(10**7, CHUNK, seed)
        await push(running, warm)
        await counted(running, "search", CHUNK)
        messages = messages_of(0, datasets, seed)
        of = processes(running)
        before = cpu_seconds(of)
        began = time.monotonic()
        _, committed, searchable = await asyncio.gather(
            push(running, messages),
            counted(running, "catalog", CHUNK + datasets),
            counted(running, "search", CHUNK + datasets),
        )
        used = {name: seconds - before[name] for name, seconds in cpu_seconds(processes(running)).items()}
        report(
            datasets,
            committed - began,
            searchable - began,
            used,
            {name: peak_megabytes(group) for name, group in of.items()},
        )
        await references(running, messages, datasets / (searchable - began))
        buckets = await latency_buckets(running)
        await trickle(running, messages_of(2 * 10**7, 1000, seed), 50.0)
        await counted(running, "search", CHUNK + datasets + 1000)
        p50, p99 = await latency_quantiles(running, buckets)
        print(f"submit→searchable at 50/s: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")


def report(
    datasets: int, committed: float, searchable: float, used: Mapping[str, float], peaks: Mapping[str, float]
) -> None:
    """Print the rates, and the CPU time of each process."""
    print(f"committed         {datasets / committed:10,.0f} datasets/s")
    print(f"searchable        {datasets / searchable:10,.0f} datasets/s")
    print(f"{'process':18}{'CPU µs/dataset':>16}{'peak MB':>10}")
    for name, seconds in sorted(used.items(), key=lambda entry: -entry[1]):
        print(f"{name:18}{seconds / datasets * 1e6:16.0f}{peaks[name]:10.0f}")
    print(f"{'all':18}{sum(used.values()) / datasets * 1e6:16.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(bench(chosen.datasets, chosen.seed, Path(temporary)))
