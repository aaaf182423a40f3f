"""What the services say of themselves: the size of their batches, and the time from submission to search."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

LATENCY = "beamcat_submitted_to_searchable_seconds_bucket"
BATCH = "beamcat_batch_events"


@dataclass(frozen=True)
class Exposition:
    """The histograms of all processes at one moment."""

    latency: Mapping[float, float]
    """The cumulative count of the time from submission to search, by upper bound in seconds."""
    batches: Mapping[str, tuple[float, float]]
    """The events and batches of each stage."""


async def exposed(urls: Iterable[str]) -> Exposition:
    """Ask every process for its metrics."""
    async with httpx.AsyncClient() as client:
        answers = await asyncio.gather(*(client.get(f"{url}/metrics") for url in urls))
    return read_exposition([answer.text for answer in answers])


def read_exposition(texts: Iterable[str]) -> Exposition:
    """Read the metrics of several processes."""
    samples = [sample for text in texts for family in text_string_to_metric_families(text) for sample in family.samples]
    events, batches = _by_stage(samples, f"{BATCH}_sum"), _by_stage(samples, f"{BATCH}_count")
    latency = {float(each.labels["le"]): each.value for each in samples if each.name == LATENCY}
    return Exposition(latency, {stage: (events[stage], count) for stage, count in batches.items()})


def _by_stage(samples: Iterable[Sample], name: str) -> dict[str, float]:
    return {each.labels["stage"]: each.value for each in samples if each.name == name}


def events_a_batch(before: Exposition, after: Exposition) -> dict[str, float]:
    """The mean size of the batches in between, of each stage that had some."""
    means = {}
    for stage, (events, batches) in after.batches.items():
        earlier_events, earlier_batches = before.batches.get(stage, (0.0, 0.0))
        if batches > earlier_batches:
            means[stage] = (events - earlier_events) / (batches - earlier_batches)
    return means


def latency_quantile(before: Exposition, after: Exposition, share: float) -> float:
    """The quantile in seconds of the time from submission to search of what became searchable in between."""
    return quantile({edge: count - before.latency.get(edge, 0.0) for edge, count in after.latency.items()}, share)


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
