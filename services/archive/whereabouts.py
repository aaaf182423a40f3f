"""Where the files of datasets are: on disk or on tape, as the archive reports and people ask. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True)
class Request:
    """Somebody wants a dataset's files back, and the archive has not answered yet."""

    requester: str
    at: datetime


@dataclass(frozen=True)
class Whereabouts:
    """Where a dataset's files are, as far as anybody has reported."""

    archived: bool = False
    told_at: datetime | None = None
    """When the archive last said so. None: it never said a word, and the files are where they were written."""
    requests: tuple[Request, ...] = ()
    """The open requests, the oldest first; one for each requester."""

    @property
    def state(self) -> Literal["ONLINE", "RESTORING", "ARCHIVED"]:
        """The state, in the words of the ICAT Data Service."""
        if self.requests:
            return "RESTORING"
        return "ARCHIVED" if self.archived else "ONLINE"

    def after(self, report: Mapping[str, Any]) -> "Whereabouts":
        """Where they are after one more report.

        A restoration that failed ends the requests, and leaves the files where they were. A warning changes nothing,
        and neither does an archiving that failed.
        """
        match report["about"], report["level"]:
            case "restoration_requested", _:
                return self._asked(Request(report["message"] or "unknown", report["at"]))
            case "archiving", "info":
                return replace(self, archived=True, told_at=report["at"])
            case "restoration", "info":
                return Whereabouts(archived=False, told_at=report["at"])
            case "restoration", "error":
                return replace(self, requests=())
            case _:
                return self

    def _asked(self, request: Request) -> "Whereabouts":
        again = any(request.requester == known.requester for known in self.requests)
        return self if again else replace(self, requests=(*self.requests, request))


def whereabouts(reports: Iterable[Mapping[str, Any]]) -> Mapping[int, Whereabouts]:
    """Where the files of each dataset are, from its reports in the order of time; also of one without reports."""
    known: defaultdict[int, Whereabouts] = defaultdict(Whereabouts)
    for report in reports:
        known[report["dataset_number"]] = known[report["dataset_number"]].after(report)
    return known
