"""Attacks by load: many waiting submissions, and expensive queries."""

import asyncio
import contextlib

import httpx

from tests.attack.by_events import ENDED_OR_PENDING, SOURCE, strange
from tests.attack.target import FOLDER, Faults, Target
from tests.builders.submissions import submitted

INPUTS = 10_000
ASKERS = 12
QUESTIONS = (
    "/datasets?q=run&limit=500",
    "/datasets?parameters=MX_resolution~lt~9&sort=-MX_flux&limit=500",
    "/datasets?q=r&facets=technique,kind,beamline,proposal,sample&limit=500",
    "/datasets?format=csv&limit=500",
)


async def waiting_inputs(target: Target) -> Faults:
    """Thirty merges of 10,000 inputs each, none of which ever arrives."""
    messages = {}
    inputs = target.many(INPUTS)
    for number in range(30):
        said = strange(target, number, "merge") | {"type": "processed", "technique": "MX"}
        said |= {"input": [f"{FOLDER}/never_{number}_{place}" for place in range(inputs)]}
        messages[f"merge-{number}"] = submitted(said, f"merge-{number}", source=SOURCE)
    for message in messages.values():
        await target.publish([message])
    return await target.ended(messages, ENDED_OR_PENDING)


async def costly_questions(target: Target) -> Faults:
    """Twelve clients that send search its largest queries without a pause."""
    ends = asyncio.get_running_loop().time() + 20 * target.scale
    statuses: set[int] = set()

    async def ask(place: int) -> None:
        while asyncio.get_running_loop().time() < ends:
            with contextlib.suppress(httpx.TimeoutException):
                question = QUESTIONS[place % len(QUESTIONS)]
                statuses.add((await target.http.get(target.running.urls["search"] + question)).status_code)

    await asyncio.gather(*(ask(place) for place in range(ASKERS)))
    return [f"a question was answered {status}" for status in statuses if status >= 500 and status != 503]


LOADS = {"waiting-inputs": waiting_inputs, "costly-questions": costly_questions}
