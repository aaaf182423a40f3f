"""The archive service, as the routes of ICAT+ ask it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from shared.http.neighbour import Neighbour


class RestoreRequest(BaseModel):
    """Somebody wants a dataset's files back, and the archive has not answered yet."""

    requester: str
    at: AwareDatetime


class Whereabouts(BaseModel):
    """Where a dataset's files are, as far as anybody has reported."""

    number: int
    state: Literal["ONLINE", "RESTORING", "ARCHIVED"]
    told_at: AwareDatetime | None = None
    """When the archive last said so."""
    requests: list[RestoreRequest] = []
    """The open requests, the oldest first; one for each requester."""


class ArchiveService:
    """Where files are.

    Raises:
        Problem: 503, the service does not answer.
    """

    def __init__(self, archive: Neighbour) -> None:
        self._archive = archive

    async def whereabouts(self, numbers: Sequence[int]) -> Mapping[int, Whereabouts]:
        """Where the files of each dataset are; the caller has chosen those that the asker may know of."""
        if not numbers:
            return {}
        found = await self._archive.get("/whereabouts", {"number": numbers})
        return {answer.number: answer for answer in map(Whereabouts.model_validate, found["whereabouts"])}
