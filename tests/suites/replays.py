"""A story of datasets, run with and without replays, and what may differ afterwards."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from services.search.projections.receipts.note import PendingDetails
from shared.events.headers import headers_of
from shared.events.investigation import Investigation, InvestigationAnnounced, RescheduledInvestigation
from shared.events.record import Message
from shared.events.topics import INVESTIGATIONS
from tests.builders.pipeline import AWAIT_SECONDS, World
from tests.builders.submissions import BEGIN, IDENTITIES, processed_submission, raw_submission, submitted

Step = Message | timedelta
OWN_NUMBERS = re.compile(r"\b10{6}\d{6}\b")
SESSIONS = ("41", "42")
SENT = datetime(2026, 11, 24, tzinfo=UTC)


def story(chance: Random, count: int) -> list[Step]:
    """Datasets and results that wait, are refused, corrected with the same receipt, updated and given up."""
    raws = [raw_submission(number, Random(number)) for number in range(2)]
    results = [processed_submission(2 + n, [raw], Random(n)) for n, raw in enumerate(raws)]
    own = results[0] | {"path": f"{results[0]['path']}_own", "input": [f"{results[0]['path']}_own"]}
    told: list[dict[str, Any]] = [
        *raws,
        *results,
        own,
        *(each | {"start": "yesterday"} for each in (raws[0], results[1])),
        *(each | {"mode": "merge", "parameters": {"MX_flux": "1e12"}} for each in raws),
        results[0] | {"input": [results[1]["path"], raws[0]["path"]]},
        results[1] | {"input": [results[0]["path"]]},
    ]
    steps: list[Step] = []
    for _ in range(count):
        match chance.randrange(10):
            case 0:
                steps.append(timedelta(seconds=chance.choice([1, AWAIT_SECONDS + 1])))
            case 1:
                steps.append(_planned(chance, chance.choice(SESSIONS), announced=chance.random() < 0.5))
            case 2:
                steps.append(replace(submitted(chance.choice(told), "r-broken", SENT), value=b"{"))
            case 3:
                steps.append(replace(submitted(chance.choice(told), "r-keyed", SENT), key=b"mx1000"))
            case _:
                said = chance.choice(told)
                receipt = f"r-{IDENTITIES.dataset(said['path'])}-{chance.randrange(3)}"
                steps.append(submitted(said, receipt, SENT))
    return steps


def _planned(chance: Random, name: str, *, announced: bool) -> Message:
    beamline, end = f"id30a-{SESSIONS.index(name)}", BEGIN + timedelta(hours=8)
    title = chance.choice(["planned", "changed"])
    planned = Investigation(facility_id=name, proposal="mx1000", beamline=beamline, start=BEGIN, end=end, title=title)
    moved = RescheduledInvestigation(
        happening="rescheduled", facility_id=name, at=BEGIN + timedelta(days=chance.randrange(3))
    )
    said = InvestigationAnnounced(investigation=planned if announced else moved)
    headers = headers_of(INVESTIGATIONS, receipt_id="office", source="/office", time=SENT.isoformat())
    return Message(INVESTIGATIONS.name, b"mx1000", said.model_dump_json().encode(), headers)


async def told(world: World, steps: list[Step], chance: Random | None = None) -> None:
    """Run the story. With `chance`, groups are reset at random on the way, and all of them at the end."""
    for step in steps:
        world.now += timedelta(seconds=1)
        if chance is not None:
            for group in chance.sample(sorted(world.read), 2):
                world.rewind(group, chance.randrange(world.read[group] + 1))
        await _take(world, step)
    if chance is not None:
        for group in chance.sample(sorted(world.read), len(world.read)):
            world.now += timedelta(seconds=1)
            world.rewind(group)
            await world.flow()


async def _take(world: World, step: Step) -> None:
    if isinstance(step, timedelta):
        world.now += step
        await world.links.expire(world.now)
        await world.flow()
    else:
        await world.send(step)


def settled(answer: str) -> str:
    """An answer without the missing inputs: a replay publishes the newer state, with perhaps fewer of them."""
    return '{"state":"pending"}' if '"state":"pending"' in answer else answer


def still(waits: PendingDetails | None) -> PendingDetails | None:
    """The pending details without the missing inputs."""
    return waits and waits._replace(waits_for=())


def without_numbers(text: str) -> str:
    """The text without the numbers that the linker gave to investigations, because a replay may skip numbers."""
    return OWN_NUMBERS.sub("number", text)
