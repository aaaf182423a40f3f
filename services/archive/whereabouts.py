"""Where the files of datasets are, on disk or on tape. It follows from reports and restore requests. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True)
class RestoreRequest:
    """An open restore request: the archive has not answered it yet."""

    requester: str
    at: datetime


@dataclass(frozen=True)
class Whereabouts:
    """Where a dataset's files are, as far as reports say."""

    archived: bool = False
    told_at: datetime | None = None
    """When the archive last reported it. None: it has never reported, and the files are where they were written."""
    requests: tuple[RestoreRequest, ...] = ()
    """The open requests, oldest first, at most one for each requester."""

    @property
    def state(self) -> Literal["ONLINE", "RESTORING", "ARCHIVED"]:
        """The state, in the terms of the ICAT Data Service."""
        if self.requests:
            return "RESTORING"
        return "ARCHIVED" if self.archived else "ONLINE"

    def after(self, report: Mapping[str, Any]) -> "Whereabouts":
        """Where the files are after one more report.

        A failed restoration ends the requests and leaves the files where they were. A warning or a failed archiving
        changes nothing.
        """
        match report["about"], report["level"]:
            case "restoration_requested", _:
                return self._asked(RestoreRequest(report["message"] or "unknown", report["at"]))
            case "archiving", "info":
                return replace(self, archived=True, told_at=report["at"])
            case "restoration", "info":
                return Whereabouts(archived=False, told_at=report["at"])
            case "restoration", "error":
                return replace(self, requests=())
            case _:
                return self

    def _asked(self, request: RestoreRequest) -> "Whereabouts":
        again = any(request.requester == known.requester for known in self.requests)
        return self if again else replace(self, requests=(*self.requests, request))


def whereabouts(reports: Iterable[Mapping[str, Any]]) -> Mapping[int, Whereabouts]:
    """Where the files of each dataset are, from its reports in order of time. It also works without reports."""
    known: defaultdict[int, Whereabouts] = defaultdict(Whereabouts)
    for report in reports:
        known[report["dataset_number"]] = known[report["dataset_number"]].after(report)
    return known
