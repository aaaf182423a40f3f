"""The client of the logbook service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.http.neighbour import Neighbour

Row = dict[str, Any]
OPEN = ".."
"""An open end of a period."""


@dataclass(frozen=True)
class EntryFile:
    """The file of an entry, with the headers of its download."""

    content: bytes
    headers: Mapping[str, str]


class LogbookService:
    """Asks the logbook for entries of the beamlines that the sender of the request may read. None means all.

    Raises:
        Problem: 503, the service does not answer; 403, the entry is of another beamline; 404, there is no such entry.
    """

    def __init__(self, logbook: Neighbour) -> None:
        self._logbook = logbook

    async def entries(self, wanted: Mapping[str, Any], beamlines: tuple[str, ...] | None) -> list[Row]:
        """The entries that match the parameters of `GET /entries`."""
        found = await self._logbook.get("/entries", {**wanted, "beamlines": beamlines})
        return [_row(entry) for entry in found["entries"]]

    async def count(self, wanted: Mapping[str, Any], beamlines: tuple[str, ...] | None) -> int:
        """The number of all matching entries."""
        found = await self._logbook.get("/entries", {**wanted, "beamlines": beamlines, "skip": 0, "limit": 0})
        total: int = found["total"]
        return total

    async def file(self, entry_id: UUID, beamlines: tuple[str, ...] | None) -> EntryFile:
        """The file of an entry."""
        content, headers = await self._logbook.content(f"/entries/{entry_id}/file", {"beamlines": beamlines})
        return EntryFile(content, {name: headers[name] for name in HANDED_ON})


HANDED_ON = ("Content-Type", "Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy")


def of_investigation(investigation: Row) -> dict[str, Any]:
    """The parameters for the entries of an investigation."""
    times = [(investigation["started"], investigation["ended"])]
    if investigation["actual_started"] is not None:
        times.append((investigation["actual_started"], investigation["actual_ended"]))
    return {
        "investigation": investigation["number"],
        "proposal": investigation["proposal"],
        "beamline": investigation["beamline"],
        "period": [f"{_end(begin)}/{_end(end)}" for begin, end in times],
    }


def _end(time: datetime | None) -> str:
    return time.isoformat() if time else OPEN


def _row(entry: Row) -> Row:
    return {**entry, "entry_id": UUID(entry["entry_id"]), "created_at": datetime.fromisoformat(entry["created_at"])}
