"""The audit after a run: it compares the plan with the catalogue, the topics and the read model."""

import json
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.embedded.installation import FEW_PARTITIONS
from deploy.settings import OperatorSettings
from services.catalog_writer.integrity import MISSING
from shared.events.topics import COMMITTED, REJECTED
from shared.kafka.connection import kafka_access
from shared.kafka.settings import KafkaSettings
from tests.builders.read_model import PlainConnection
from tests.faults.disturbances import NOISE
from tests.faults.plan import Plan, Submitted

UNPUBLISHED = """
select (select count(*) from catalog.outbox) + (select coalesce(sum(cardinality(sizes)), 0) from catalog.outbox_batch)
"""
OUR_FAULTS = ("internal_error", "cannot_store")
"""Codes that mean a fault of ours. No record on any topic may be answered with one."""


async def settled(connection: PlainConnection, plan: Plan) -> int:
    """How many of the plan's submissions have reached a final state, as search knows it."""
    answered = sorted(plan.answered)
    found: int = await connection.fetchval(
        "select count(distinct (receipt, dataset_id)) from search.receipt"
        " join unnest($1::text[], $2::uuid[]) as said (receipt, dataset_id) using (receipt, dataset_id)"
        " where answer::json ->> 'state' in ('committed', 'unchanged')",
        [receipt for receipt, _ in answered],
        [dataset for _, dataset in answered],
    ) + await connection.fetchval(
        "select count(distinct receipt) from search.receipt"
        " where receipt = any($1) and answer::json ->> 'state' = 'rejected'",
        sorted(plan.rejected),
    )
    return found


async def audit(settings: OperatorSettings, plan: Plan) -> list[str]:
    """Everything that differs from the plan. Empty if nothing does."""
    connection = await asyncpg.connect(settings.database.url)
    try:
        faults = [
            *await _catalogue(connection, plan),
            *await _committed(settings.kafka, plan),
            *await _rejected(settings.kafka, plan),
        ]
        await connection.execute("set search_path to catalog")
        dangling = {each["reference"]: each["missing"] for each in await connection.fetch(MISSING)}
        left = await connection.fetchval(UNPUBLISHED)
        held = await connection.fetchval("select count(*) from linker.held where state <> 'refused'")
        faults += _unless(not any(dangling.values()), f"references to nothing: {dangling}")
        return [*faults, *_unless(left == 0, f"{left} in the outbox"), *_unless(held == 0, f"{held} are held still")]
    finally:
        await connection.close()


async def _catalogue(connection: PlainConnection, plan: Plan) -> list[str]:
    revisions: dict[UUID, list[str]] = {}
    for row in await connection.fetch("select dataset_id, receipt_id from catalog.revision order by 1, revision"):
        revisions.setdefault(row["dataset_id"], []).append(row["receipt_id"])
    links = {(row["child"], row["parent"]) for row in await connection.fetch("select child, parent from catalog.link")}
    homes = await connection.fetch(
        "select dataset_id, i.proposal from catalog.dataset join catalog.investigation i using (investigation_id)"
    )
    astray = {row["dataset_id"] for row in homes if row["proposal"].lower() != plan.proposals.get(row["dataset_id"])}
    wrong = [
        f"{dataset_id}: revisions {revisions.get(dataset_id)}, sent {sent}"
        for dataset_id, sent in plan.revisions.items()
        if not _same_history(revisions.get(dataset_id, []), sent)
    ]
    return [
        *wrong,
        *_unless(not astray, f"{len(astray)} datasets lie in another proposal's investigation"),
        *_unless(set(revisions) == set(plan.revisions), f"{len(revisions)} datasets, {len(plan.revisions)} were sent"),
        *_unless(
            links == plan.links, f"links differ: {len(links - plan.links)} invented, {len(plan.links - links)} lost"
        ),
    ]


def _same_history(found: list[str], sent: list[str]) -> bool:
    """Compare the revisions. A repetition with the same content under another receipt may make the first revision."""
    return [receipt.replace("again-", "first-") for receipt in found] == sent


async def _committed(settings: KafkaSettings, plan: Plan) -> list[str]:
    """Check the commits: delivered at least once and in order, effective exactly once: a revision has one receipt."""
    makers: dict[tuple[str, int], set[str]] = {}
    order: dict[str, list[int]] = {}
    answered: set[Submitted] = set()
    for payload in await _read(settings, COMMITTED.name):
        commit = payload["commit"]
        answered.add((commit["receipt_id"], UUID(commit["dataset_id"])))
        if payload["document"] is not None:
            makers.setdefault((commit["dataset_id"], commit["revision"]), set()).add(commit["receipt_id"])
            firsts = order.setdefault(commit["dataset_id"], [])
            if commit["revision"] not in firsts:
                firsts.append(commit["revision"])
    must = plan.answered
    return [
        *(f"{key} was made by {receipts}" for key, receipts in makers.items() if len(receipts) != 1),
        *(f"{key}: revisions came as {firsts}" for key, firsts in order.items() if firsts != sorted(firsts)),
        *_unless(answered == must, f"answers missing {len(must - answered)}, too many {len(answered - must)}"),
    ]


async def _rejected(settings: KafkaSettings, plan: Plan) -> list[str]:
    found = Counter[tuple[str, str]]()
    noise: list[str] = []
    for payload in await _read(settings, REJECTED.name):
        rejection = payload["rejection"]
        receipt, code = rejection["receipt_id"], rejection["code"]
        if not (receipt or "").startswith(NOISE):
            found[receipt, code] += 1
        elif code in OUR_FAULTS:
            noise.append(f"garbage of {rejection['origin']['topic']} was answered {code}: {rejection['message']}")
    expected = {(receipt, code.value) for receipt, code in plan.rejected.items()}
    return noise + _unless(
        set(found) == expected, f"rejections lost: {expected - set(found)}; invented: {list(set(found) - expected)[:5]}"
    )


async def _read(settings: KafkaSettings, topic: str) -> list[dict[str, Any]]:
    consumer = AIOKafkaConsumer(
        **kafka_access(settings), max_partition_fetch_bytes=2**24, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(FEW_PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        payloads: list[dict[str, Any]] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                payloads += [json.loads(record.value) for record in records]
        return payloads
    finally:
        await consumer.stop()


def _unless(true: bool, complaint: str) -> list[str]:  # noqa: FBT001  a claim and what is wrong if it is not so
    return [] if true else [complaint]
