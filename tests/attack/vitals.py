"""The vital signs of the services: each stays ready, and its memory does not grow."""

import asyncio
from collections import Counter

import httpx
import psutil

from deploy.embedded.installation import Installation

LOOK_SECONDS = 0.5
READY_SECONDS = 5.0
MOST_BYTES = 400 * 1024 * 1024


class Vitals:
    """Asks every process whether it is ready, and measures its memory."""

    def __init__(self, running: Installation) -> None:
        self.most_bytes = Counter[str]()
        self._running = running
        self._faults = Counter[str]()

    def faults(self) -> list[str]:
        """What was wrong since the last call, each kind once."""
        large = [f"{name} held {size / 2**20:.0f} MB" for name, size in self.most_bytes.items() if size > MOST_BYTES]
        found = [f"{words} ({times} times)" for words, times in self._faults.items()]
        self._faults.clear()
        self.most_bytes.clear()
        return found + large

    def summary(self) -> str:
        """The size of the largest process."""
        [(name, size)] = self.most_bytes.most_common(1) or [("nothing", 0)]
        return f"{name} {size / 2**20:.0f} MB"

    async def watch(self) -> None:
        """Observe until this is cancelled."""
        async with httpx.AsyncClient(timeout=READY_SECONDS) as http:
            while True:
                await asyncio.gather(*(self._look(http, name, url) for name, url in self._running.urls.items()))
                await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, http: httpx.AsyncClient, name: str, url: str) -> None:
        try:
            answer = await http.get(f"{url}/ready")
            if not answer.is_success:
                self._faults[f"{name} is not ready: {'; '.join(answer.json()['reasons'])}"] += 1
            size = psutil.Process(self._running.supervisor.pid(name)).memory_info().rss
            self.most_bytes[name] = max(self.most_bytes[name], size)
        except httpx.TransportError as error:
            self._faults[f"{name} does not answer: {type(error).__name__}"] += 1
        except psutil.NoSuchProcess:
            self._faults[f"{name} has died"] += 1
