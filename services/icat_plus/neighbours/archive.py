"""The client of the archive service."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from shared.http.neighbour import Neighbour


class RestoreRequest(BaseModel):
    """An open restore request: the archive has not answered it yet."""

    requester: str
    at: AwareDatetime


class Whereabouts(BaseModel):
    """Where a dataset's files are, by the reports so far."""

    number: int
    state: Literal["ONLINE", "RESTORING", "ARCHIVED"]
    told_at: AwareDatetime | None = None
    """When the archive last reported on them."""
    requests: list[RestoreRequest] = []
    """The open requests, oldest first, one for each requester."""


class ArchiveService:
    """Asks the archive where files are.

    Raises:
        Problem: 503, the service does not answer.
    """

    def __init__(self, archive: Neighbour) -> None:
        self._archive = archive

    async def whereabouts(self, numbers: Sequence[int]) -> Mapping[int, Whereabouts]:
        """Where the files of each dataset are. The caller has checked that the sender of the request may know it."""
        if not numbers:
            return {}
        found = await self._archive.get("/whereabouts", {"number": numbers})
        return {answer.number: answer for answer in map(Whereabouts.model_validate, found["whereabouts"])}
