"""One run: send, kill, wait until all is settled, audit."""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
from aiokafka.errors import KafkaError
from prometheus_client.parser import text_string_to_metric_families

from deploy.commands.recovery import remembering_groups
from deploy.embedded.installation import Installation, installation
from shared.events.record import Message
from shared.foundation.errors import Fatal
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.rewind import check_empty, rewind
from shared.kafka.settings import KafkaSettings
from shared.runtime.backoff import Backoff
from tests.builders.read_model import Snapshot, differences, snapshot
from tests.faults.audit import audit, settled
from tests.faults.chaos import APART, Deaths, Form, died_at_failpoints, failpoint_environment, summary
from tests.faults.plan import Plan, make_plan

CHUNK = 100
SETTLE_SECONDS = 300.0
LEAVE_SECONDS = 60.0
"""The time after which Kafka has certainly removed a dead member."""
STILL_LOOKS = 4
"""How often in a row there must be nothing to read, because each stage gives the next one something to read."""
STATELESS_GROUP = "beamcat.validator"
MOST_SPARED = 2
"""How many may miss their failpoint: in a short run, one of two replicas may do all the relaying."""


async def nothing_lost(
    seed: int, datasets: int, directory: Path, say: Callable[[str], None], form: Form = APART
) -> list[str]:
    """Everything that was lost, invented or left behind. Empty if there is nothing."""
    plan = make_plan(seed, datasets)
    say(f"seed {seed}: {len(plan.messages)} events of {datasets} datasets, {len(plan.rejected)} poisoned")
    environment = failpoint_environment(form, directory)
    async with installation(
        directory, together=form.together, replicas=form.replicas, environment=environment, say=say
    ) as running:
        deaths = Deaths(running, random.Random(seed), say)
        began = time.monotonic()
        await asyncio.gather(_send(running, plan), deaths.rain())
        killed = summary(deaths.count, died_at_failpoints(form, directory))
        say(f"sent and killed in {time.monotonic() - began:.0f} s: {killed}")
        faults = await _wait(running, plan, say)
        faults += await audit(running.settings, plan)
        spared = set(environment) - died_at_failpoints(form, directory)
        say(f"died at every failpoint{f' but those of {sorted(spared)}' if spared else ''}")
        if len(spared) > MOST_SPARED:
            faults.append(f"{sorted(spared)} never reached their failpoints, so this run proves less than it should")
        faults += await _replayed_equal(running, say)
        return faults + await _rebuilt_equal(running)


async def _send(running: Installation, plan: Plan) -> None:
    """Send the messages in order. Those that Kafka did not confirm are sent again, so they may arrive twice."""
    publisher = KafkaPublisher(running.settings.kafka, "faults")
    backoff = Backoff()
    await publisher.start()
    try:
        for start in range(0, len(plan.messages), CHUNK):
            await _insist(publisher, plan.messages[start : start + CHUNK], backoff)
            await asyncio.sleep(0.2)  # spread the messages over the kills
    finally:
        await publisher.stop()


async def _insist(publisher: KafkaPublisher, messages: list[Message], backoff: Backoff) -> None:
    attempt = 0
    while True:
        try:
            return await publisher.publish(messages)
        except KafkaError as error:
            attempt += 1
            await backoff.wait(attempt, "faults", error)


async def _wait(running: Installation, plan: Plan, say: Callable[[str], None]) -> list[str]:
    began = time.monotonic()
    connection = await asyncpg.connect(running.settings.database.url)
    try:
        while (found := await settled(connection, plan)) < plan.endings:
            if time.monotonic() - began > SETTLE_SECONDS:
                return [f"only {found} of {plan.endings} submissions are settled after {SETTLE_SECONDS:.0f} s"]
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
    say(f"settled {time.monotonic() - began:.0f} s later")
    return []


async def _replayed_equal(running: Installation, say: Callable[[str], None]) -> list[str]:
    """Stop all services, reset every consumer group to the start, and read everything again."""
    before = await _read_model(running)
    await running.supervisor.stop()
    groups = [*remembering_groups(running.settings), STATELESS_GROUP]
    await _emptied(running.settings.kafka, groups)
    await rewind(running.settings.kafka, groups, datetime.fromtimestamp(0, UTC))
    await running.supervisor.start()
    await running.ready()
    began = time.monotonic()
    still = 0
    while still < STILL_LOOKS:
        if time.monotonic() - began > SETTLE_SECONDS:
            return [f"not everything is read again after {SETTLE_SECONDS:.0f} s"]
        still = still + 1 if await _idle(running) else 0
        await asyncio.sleep(0.5)
    say(f"all was read again in {time.monotonic() - began:.0f} s")
    after = await _read_model(running) | {"position": before["position"]}  # the replay published to topics again
    return [f"a replay changed {words}" for words in differences(before, after)]


async def _emptied(settings: KafkaSettings, groups: list[str]) -> None:
    """Wait until the groups have no members. On a busy machine, a service may end without leaving its groups."""
    began = time.monotonic()
    while True:
        try:
            return await check_empty(settings, groups)
        except Fatal:
            if time.monotonic() - began > LEAVE_SECONDS:
                raise
            await asyncio.sleep(0.5)


async def _read_model(running: Installation) -> Snapshot:
    connection = await asyncpg.connect(running.settings.database.url)
    try:
        return await snapshot(connection)
    finally:
        await connection.close()


async def _idle(running: Installation) -> bool:
    """Whether no stage of any process has anything to read."""
    async with httpx.AsyncClient() as http:
        pages = await asyncio.gather(*(http.get(f"{url}/metrics") for url in running.urls.values()))
    lags = [
        sample.value
        for page in pages
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
        if sample.name == "beamcat_lag_events"
    ]
    return bool(lags) and not any(lags)


async def _rebuilt_equal(running: Installation) -> list[str]:
    from services.search.rebuild import rebuild

    live = await _read_model(running)
    await rebuild(running.settings)
    return [f"live and rebuilt differ in {words}" for words in differences(live, await _read_model(running))]
