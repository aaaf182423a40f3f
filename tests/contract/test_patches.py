"""What beamcat replaces in its clients of Kafka, or reads of their private members: see docs/adr/0031."""

import inspect
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from aiokafka.consumer import consumer, fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from faststream.kafka.subscriber.usecase import BatchSubscriber, LogicSubscriber

from shared.kafka import records

WATCHED: tuple[tuple[type | Callable[..., Any], str], ...] = (
    (BatchSubscriber.get_msg, "0efea2c3c73db62b"),
    (LogicSubscriber._run_consume_loop, "7fb3872a580bd68a"),
    (consumer.AIOKafkaConsumer.start, "2f1ba70443327538"),
    (records._Result.__base__, "d7db13f06de8248c"),
    (fetcher.Fetcher._get_actions_per_node, "1dab2cf937d165d0"),
    (fetcher.Fetcher._proc_fetch_request, "59bf948fff47eed5"),
    (GroupCoordinator.fetch_committed_offsets, "6c049c7379165952"),
    (Assignment.all_consumed_offsets, "5ca3ea96ea8760ce"),
    (_DefaultRecordBatchPy, "f63fbb5a8a247d54"),
    (_MemoryRecordsPy, "795a0314fbca30af"),
)
"""What is replaced or read, and what calls it, with the fingerprint of the source that was read."""


@pytest.mark.parametrize(("patched", "fingerprint"), WATCHED, ids=lambda value: getattr(value, "__qualname__", ""))
def test_what_is_patched_is_as_it_was_read(patched: Callable[..., Any], fingerprint: str) -> None:
    found = sha256(inspect.getsource(patched).encode()).hexdigest()[:16]
    assert found == fingerprint, (
        f"{patched.__module__}.{patched.__qualname__} has changed: read what is new, see whether docs/adr/0031 still "
        f"holds and shared/kafka and shared/stages/subscription.py still fit, then write {found} here"
    )


def test_every_consumer_of_a_process_reads_as_we_do() -> None:
    assert fetcher.MemoryRecords is records._Fetched
    assert fetcher.FetchResult is records._Result
    assert consumer.Fetcher is records._Fetcher
