"""A replica is stopped (SIGSTOP) within a transaction: its twin goes on, and when it wakes it changes nothing."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

import services
from deploy.embedded.forked import Nursery, ServiceProcess
from deploy.embedded.installation import Installation, installation
from shared.events.record import Message
from shared.kafka.publisher import KafkaPublisher
from tests.builders.submissions import dataset_id, processed_submission, raw_submission, submitted
from tests.faults.audit import audit, settled
from tests.faults.plan import Plan

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

SESSION = {"BEAMCAT_KAFKA_SESSION_TIMEOUT_MS": "6000"}
TWIN_SECONDS = 90.0
"""From the stop until what was submitted after it is catalogued and searchable: 8 to 10 s on a free machine, more than
30 s beside other work.
"""
MEETING_SECONDS = 60.0
"""Until the replica has its partitions, and an event has led it to the place."""
SETTLING_SECONDS = 60.0
POLL_SECONDS = 0.1
PLACES = [
    "validator:after_poll",
    "linker:before_commit",
    "linker-commits:before_commit",
    "linker-relay:before_publish",
    "linker-relay:before_mark",
    "sample_tracking:before_commit",
    "catalog_writer:before_commit",
    "catalog-relay:before_publish",
    "catalog-relay:before_mark",
    "search:before_commit",
]


def program_of(place: str, *, together: bool) -> str:
    """The program that runs the stage or relay of a place."""
    name = place.partition(":")[0]
    service = "catalog_writer" if name == "catalog-relay" else name.partition("-")[0]
    return services.PIPELINE if together and service in services.PROGRAMS[services.PIPELINE] else service


@dataclass
class Facility:
    """A running beamcat, what was sent to it, and the truth about that."""

    running: Installation
    together: bool
    """Whether the services of the pipeline run in one process."""
    nursery: Nursery
    publisher: KafkaPublisher
    connection: "asyncpg.Connection[asyncpg.Record]"
    plan: Plan = field(default_factory=lambda: Plan(seed=0))
    numbers: "count[int]" = field(default_factory=count)
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    async def send_family(self) -> Plan:
        """A child before its two parents, and a second revision of each; what must become of them."""
        numbers = [next(self.numbers) for _ in range(3)]
        parents = [raw_submission(number, self.chance) for number in numbers[:2]]
        child = processed_submission(numbers[2], parents, self.chance)
        plan, messages = Plan(seed=0), list[Message]()
        for submission in (child, *parents):
            identity = dataset_id(submission)
            plan.revisions[identity] = [f"{revision}-{identity}" for revision in ("first", "later")]
            plan.proposals[identity] = submission["proposal"]
            plan.links |= {(identity, dataset_id({"path": path})) for path in submission.get("input", ())}
            later = submission | {"parameters": submission["parameters"] | {"group_by": "later"}}
            messages += map(submitted, (submission, later), plan.revisions[identity])
        await self.publisher.publish(messages)
        self.plan.revisions |= plan.revisions
        self.plan.proposals |= plan.proposals
        self.plan.links |= plan.links
        return plan

    async def wait_for(self, plan: Plan, seconds: float) -> None:
        """Until every receipt is final."""
        began = time.monotonic()
        while (found := await settled(self.connection, plan)) < plan.endings:
            waited = time.monotonic() - began
            assert waited < seconds, f"{found} of {plan.endings} receipts are final after {waited:.1f} s"
            await asyncio.sleep(POLL_SECONDS)

    def replica(self, place: str, mark: Path) -> ServiceProcess:
        """One more process of a program, which stops at a place, once."""
        environment = {
            **self.running.environment,
            **SESSION,
            "BEAMCAT_HTTP_PORT": "0",
            "BEAMCAT_FAILPOINT": f"{place}:1",
            "BEAMCAT_FAILPOINT_SIGNAL": "SIGSTOP",
            "BEAMCAT_FAILPOINT_MARK": str(mark),
        }
        program = program_of(place, together=self.together)
        return ServiceProcess(f"{program}-stopped", self.nursery, environment, mark.with_suffix(".log"))


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[False, True], ids=["apart", "together"])
async def facility(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facility]:
    folder, together = tmp_path_factory.mktemp("facility"), request.param
    environment = dict.fromkeys(services.programs(together=together), SESSION)
    async with installation(folder, together=together, environment=environment) as running:
        nursery = Nursery(folder / "nursery-of-the-test.log")
        publisher = KafkaPublisher(running.settings.kafka, "stopping")
        await publisher.start()
        connection = await asyncpg.connect(running.settings.database.url)
        try:
            yield Facility(running, together, nursery, publisher, connection)
        finally:
            await connection.close()
            await publisher.stop()
            await nursery.stop()


@pytest.mark.parametrize("place", PLACES)
async def test_a_stopped_replica_stops_no_other_and_changes_nothing_when_it_wakes(
    facility: Facility, place: str, tmp_path: Path
) -> None:
    mark = tmp_path / "stopped"
    replica = facility.replica(place, mark)
    await replica.start()
    try:
        async with asyncio.timeout(MEETING_SECONDS):
            while not mark.exists():
                await facility.send_family()
                await asyncio.sleep(POLL_SECONDS)
        await facility.wait_for(await facility.send_family(), TWIN_SECONDS)
        os.kill(replica.pid, signal.SIGCONT)
        await facility.wait_for(facility.plan, SETTLING_SECONDS)
        assert await audit(facility.running.settings, facility.plan) == []
    finally:
        os.kill(replica.pid, signal.SIGCONT)
        await replica.stop()
