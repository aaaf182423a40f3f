"""The neighbour: a well-behaved producer, whose datasets must be catalogued as if there were no attack."""

import asyncio
import itertools
import random
import time
from contextlib import suppress

import httpx

from deploy.embedded.installation import Installation
from tests.attack.target import Target
from tests.builders.submissions import raw_submission

RATE_PER_SECOND = 20
COMMITTED_SECONDS = 10.0
LOOK_SECONDS = 0.25
READ_SECONDS = 3.0
FOUND, ACCEPTED, NOT_YET = 200, 202, (429, 503)


class Neighbour:
    """Submits datasets at a steady rate over HTTP, reads a catalogued one each second, and measures the time."""

    def __init__(self, target: Target, token: str) -> None:
        self.slowest_seconds = 0.0
        self.submitted = 0
        self.slowest_read_seconds = 0.0
        self._running: Installation = target.running
        self._catalogue = target.catalogue
        self._headers = {"Authorization": f"Bearer {token}"}
        self._began: dict[str, float] = {}
        self._read_from: str | None = None
        self._faults: list[str] = []
        self._numbers = itertools.count(10**7)
        self._chance = random.Random(1)

    def faults(self) -> list[str]:
        """What went wrong since the last call."""
        faults, self._faults = self._faults, []
        self.slowest_seconds = self.slowest_read_seconds = 0.0
        return faults

    async def live(self) -> None:
        """Submit, observe and read until this is cancelled."""
        async with httpx.AsyncClient(timeout=COMMITTED_SECONDS) as http, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._read(http))
            while True:
                tasks.create_task(self._submit(http, next(self._numbers)))
                await asyncio.sleep(1 / RATE_PER_SECOND)

    async def settled(self) -> None:
        """Wait until everything submitted so far is committed or has timed out."""
        waiting = set(self._began)
        while waiting & self._began.keys():  # noqa: ASYNC110  the watch below ends it
            await asyncio.sleep(LOOK_SECONDS)

    async def _submit(self, http: httpx.AsyncClient, number: int) -> None:
        """Submit as a client does: if it is told to try again, it does."""
        began = time.monotonic()
        body = raw_submission(number, self._chance)
        why = ""
        while time.monotonic() - began < COMMITTED_SECONDS:
            try:
                answer = await http.post(f"{self._running.urls['gateway']}/datasets", json=body, headers=self._headers)
            except httpx.TransportError as error:
                why = f"{type(error).__name__}: {error}"
            else:
                if answer.status_code == ACCEPTED:
                    self.submitted += 1
                    self._began[answer.json()["receipt_id"]] = began
                    return
                why = answer.text[:200]
                if answer.status_code not in NOT_YET:
                    break
            await asyncio.sleep(0.2)
        self._faults.append(f"the neighbour's dataset was not accepted: {why}")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            rows = await self._catalogue.fetch(
                "select receipt, answer::json ->> 'state' as state, dataset_id from search.receipt"
                " where receipt = any($1) and rank > 0",
                list(self._began),
            )
            now = time.monotonic()
            for row in rows:
                self.slowest_seconds = max(self.slowest_seconds, now - self._began.pop(row["receipt"]))
                if row["state"] == "committed":
                    self._read_from = str(row["dataset_id"])
                else:
                    self._faults.append(f"the neighbour's dataset ended {row['state']}")
            for receipt in [one for one, began in self._began.items() if now - began > COMMITTED_SECONDS]:
                del self._began[receipt]
                self._faults.append(f"the neighbour's dataset is not committed after {COMMITTED_SECONDS:.0f} s")

    async def _read(self, http: httpx.AsyncClient) -> None:
        while True:
            await asyncio.sleep(1)
            if self._read_from is None:
                continue
            began = time.monotonic()
            status = await self._read_once(http)
            while status in NOT_YET and time.monotonic() - began < READ_SECONDS:
                await asyncio.sleep(0.2)
                status = await self._read_once(http)
            seconds = time.monotonic() - began
            self.slowest_read_seconds = max(self.slowest_read_seconds, seconds)
            if status != FOUND or seconds > READ_SECONDS:
                self._faults.append(f"the neighbour's dataset was read in {seconds:.1f} s: {status or 'no answer'}")

    async def _read_once(self, http: httpx.AsyncClient) -> int:
        with suppress(httpx.TransportError):
            return (await http.get(f"{self._running.urls['search']}/datasets/{self._read_from}")).status_code
        return 0
