"""Attacks by the content of events: garbage, colliding keys, foreign keys and aborted transactions."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.attack.target import FOLDER, STRANGER, Faults, Target
from tests.builders.harm import END_SESSIONS, garbage, take_back, with_header
from tests.builders.submissions import dataset_id, processed_submission, raw_submission, submitted

REFUSED, CATALOGUED = ("rejected",), ("committed", "unchanged")
ENDED_OR_PENDING = (*REFUSED, *CATALOGUED, "pending")
SOURCE = f"/producers/{STRANGER}"
INTERNAL_FAULTS = "select count(*) from search.rejection where code = 'internal_error'"


def strange(target: Target, number: int, what: str) -> dict[str, Any]:
    """A valid submission of the stranger, in its own folder."""
    said = raw_submission(number, target.chance)
    parameters = said["parameters"] | {"beamlineID": "id99"}
    return said | {"path": f"{FOLDER}/{what}_{number}", "proposal": "mx9999", "parameters": parameters}


async def rubbish_events(target: Target) -> Faults:
    """One producer writes 2,500 events to Kafka, each of which is refused for its own reason."""
    messages = {}
    for number in range(target.many(2500)):
        said = strange(target, number, "rubbish")
        match number % 4:
            case 0:
                said |= {"start": "yesterday"}
            case 1:
                said |= {"input": [said["path"]]}
            case 2:
                said = {"path": said["path"], "proposal": "mx9999", "mode": "update", "parameters": {"a": 1}}
                said |= {"name": "rubbish", "beamline": "id99"}
            case _:
                said |= {"proposal": "", "name": ""}
        receipt = f"rubbish-{target.scale}-{number}"
        messages[receipt] = submitted(said, receipt, source=SOURCE)
    await target.publish(list(messages.values()))
    return await target.ended(messages, REFUSED)


async def unknown_versions(target: Target) -> Faults:
    """2,500 events of an unknown version, from twenty unknown producers."""
    messages = {}
    for number in range(target.many(2500)):
        receipt = f"version-{number}"
        message = submitted(strange(target, number, "version"), receipt, source=f"/producers/unknown-{number % 20}")
        messages[receipt] = with_header(message, "ce_type", b"beamcat.dataset.submitted.v7")
    await target.publish(list(messages.values()))
    return await target.ended(messages, REFUSED)


async def rubbish_frame(target: Target) -> Faults:
    """One frame of ICAT's client that updates 1,000 datasets which do not exist."""
    paths = [f"{FOLDER}/absent_{number}" for number in range(target.many(1000))]
    body = {"proposal": "mx9999", "beamline": "id99", "datasetPaths": paths, "metadataName": "a", "metadataValue": "b"}
    client = await (await target.stomp()).connect()
    await client.send(json.dumps(body).encode(), "r", "/queue/icatUpdateDatasetMetadata")
    await client.answer()
    await client.close()
    count = "select count(distinct path) from search.rejection where path like $1"
    return await target.told(count, len(paths), "absent datasets were told", f"{FOLDER}/absent%")


async def rubbish_batch(target: Target) -> Faults:
    """A batch of 1,000 invalid datasets with the token of another beamline."""
    wrong = [
        strange(target, number, "batch") | {"start": "yesterday", "beamline": "id99"}
        for number in range(target.many(1000))
    ]
    answer = await target.http.post(
        f"{target.running.urls['gateway']}/datasets:batch", json={"datasets": wrong}, headers=target.authorization
    )
    receipts = [result["receipt_id"] for result in answer.json()["results"] if "receipt_id" in result]
    return await target.ended(receipts, REFUSED)


async def internal_garbage(target: Target) -> Faults:
    """Records on the topics between the stages that were not written by a stage."""
    before = await target.catalogue.fetchval(INTERNAL_FAULTS)
    good = submitted(strange(target, 0, "garbage"), "garbage", source=SOURCE)
    messages = garbage(good, target.many(1200), "garbage-", target.chance)
    await target.publish(messages)
    faults = await target.ended([f"garbage-{number}" for number in range(len(messages))], REFUSED)
    after = await target.catalogue.fetchval(INTERNAL_FAULTS)
    return [*faults, *([] if after == before else [f"{after - before} were answered with internal_error"])]


def _colliding(target: Target, families: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for family in range(families):
        source = f"/producers/colliding-{family % 3}"
        raw = strange(target, family, "parent") | {"proposal": f"mx8{family:03}"}
        child = processed_submission(family, [raw], target.chance) | {"path": f"{FOLDER}/child_{family}"}
        yield source, child
        yield source, raw


async def colliding_keys(target: Target) -> Faults:
    """Datasets of many proposals under one key, with children before their parents. Each is a separate submission."""
    families = target.many(20)
    pairs = list(_colliding(target, families))
    await target.publish([submitted(said, "one-key-for-all", source=source) for source, said in pairs])
    wanted = {dataset_id(said): said for _, said in pairs}
    found = await target.until(
        lambda: target.catalogue.fetch(
            "select d.dataset_id, i.proposal,"
            " array(select parent from catalog.link where child = d.dataset_id) as parents"
            " from catalog.dataset d join catalog.investigation i using (investigation_id)"
            " where d.dataset_id = any($1)",
            list(wanted),
        ),
        lambda rows: len(rows) == len(wanted),
    )
    faults = [] if len(found) == len(wanted) else [f"{len(found)} of {len(wanted)} datasets are catalogued"]
    for row in found:
        said = wanted[row["dataset_id"]]
        if row["proposal"].lower() != said["proposal"]:
            faults.append(f"{said['path']} of {said['proposal']} lies in {row['proposal']}")
        if set(row["parents"]) != {dataset_id({"path": path}) for path in said.get("input", ())}:
            faults.append(f"{said['path']} has another's parents")
    return faults


async def foreign_keys(target: Target) -> Faults:
    """Refused records under the key of a dataset that others wait for. They do not end the waiting of any dataset."""
    parent = strange(target, 1, "awaited")
    child = processed_submission(1, [parent], target.chance) | {"path": f"{FOLDER}/awaiting"}
    await target.publish([submitted(child, "awaiting", source=SOURCE)])
    faults = list(await target.ended(["awaiting"], ("pending",)))
    spoilt = {}
    for number in range(target.many(200)):
        message = submitted(strange(target, number, "other") | {"start": "never"}, f"foreign-{number}", source=SOURCE)
        spoilt[f"foreign-{number}"] = replace(message, key=str(dataset_id(parent)).encode())
    await target.publish(list(spoilt.values()))
    faults += await target.ended(spoilt, REFUSED)
    faults += await target.ended(["awaiting"], ("pending",))
    await target.publish([submitted(parent, "awaited", source=SOURCE)])
    return faults + list(await target.ended(["awaited", "awaiting"], CATALOGUED))


async def aborted_transactions(target: Target) -> Faults:
    """Valid submissions in an aborted transaction. None of them is ever catalogued."""
    taken_back = {str(number): strange(target, number, "aborted") for number in range(20)}
    messages = [submitted(said, f"aborted-{receipt}", source=SOURCE) for receipt, said in taken_back.items()]
    await take_back(target.running.settings.kafka, messages, f"{STRANGER}-{target.scale}")
    later = [submitted(strange(target, number, "kept"), f"kept-{number}", source=SOURCE) for number in range(20)]
    await target.publish(later)
    faults = await target.ended([f"kept-{number}" for number in range(20)], CATALOGUED)
    ids = [dataset_id(said) for said in taken_back.values()]
    found = await target.catalogue.fetchval("select count(*) from catalog.dataset where dataset_id = any($1)", ids)
    return [*faults, *([f"{found} datasets were catalogued that were taken back"] if found else [])]


async def terminated_sessions(target: Target) -> Faults:
    """PostgreSQL ends every session of every service four times a second while events flow. No event is rejected."""
    messages = {}
    for number in range(target.many(400)):
        receipt = f"terminated-{number}"
        messages[receipt] = submitted(strange(target, number, "terminated"), receipt, source=SOURCE)
    ordered = list(messages.values())
    share = max(1, len(ordered) // target.many(30))
    for start in range(0, len(ordered), share):
        await target.publish(ordered[start : start + share])
        await target.catalogue.fetchval(END_SESSIONS)
        await target.pause(0.25)
    return await target.ended(messages, CATALOGUED)


EVENTS = {
    "rubbish-events": rubbish_events,
    "unknown-versions": unknown_versions,
    "rubbish-frame": rubbish_frame,
    "rubbish-batch": rubbish_batch,
    "internal-garbage": internal_garbage,
    "colliding-keys": colliding_keys,
    "foreign-keys": foreign_keys,
    "aborted-transactions": aborted_transactions,
    "terminated-sessions": terminated_sessions,
}
