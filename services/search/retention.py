"""Retention: activity that is older than watchers may ask for is deleted."""

from collections.abc import Callable
from datetime import datetime

from services.search.lock import share_lock
from services.search.projections.activity.note import KEPT
from services.search.projections.activity.statements import FORGET
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from shared.runtime.retries import every

NAME = "search-forgetting"
REST_SECONDS = 600.0
LOT = 5000


class Retention:
    """Deletes old activity beside the stages. Replicas do not wait for each other."""

    def __init__(self, database: Database, backoff: Backoff, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._backoff = backoff
        self._clock = clock

    async def run(self) -> None:
        """Delete old activity until the service stops."""
        await every(REST_SECONDS, NAME, self.forget, self._backoff)

    async def forget(self) -> None:
        """Delete the activity that is too old now, some rows at a time."""
        while not self._backoff.stopping:
            async with self._database.transaction(share_lock(self._database.schema)) as connection:
                answer = await connection.execute(FORGET, self._clock() - KEPT, LOT)
            if answer != f"DELETE {LOT}":
                return
