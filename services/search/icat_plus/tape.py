"""Where the files of datasets are: on disk or on tape, as the archive reports and people ask. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, Field
from pydantic_core import to_json

from services.search.icat_plus.answers import Answer, Row, time_text
from shared.access.grants import Grant
from shared.events.report import DatasetReported, Report
from shared.events.sections import Producer
from shared.events.topics import REPORTS
from shared.events.wire import Message, headers_of

Line = Annotated[str, Field(max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""It may end up in the header of a mail."""


class Restored(BaseModel):
    """What the archive says of a dataset that was to be restored."""

    level: Literal["info", "warning", "error"] = "info"
    message: str | None = Field(default=None, max_length=10_000)


class Requester(BaseModel):
    """Who wants files back, in their own words."""

    name: Line | None = None
    email: Line | None = None

    def described(self, grant: Grant) -> str:
        """Name and address; whoever gives neither is known by the token that opened the session."""
        address = f"<{self.email}>" if self.email else ""
        return f"{self.name or ''} {address}".strip() or grant.name


@dataclass(frozen=True)
class Request:
    """Somebody wants a dataset's files back, and the archive has not answered yet."""

    requester: str
    at: datetime


@dataclass(frozen=True)
class Whereabouts:
    """Where a dataset's files are, as far as anybody has told."""

    archived: bool = False
    told_at: datetime | None = None
    """When the archive said so; nothing if it never said a word, and the files are where they were written."""
    requests: tuple[Request, ...] = ()
    """Those that are open, the oldest first; one a requester."""

    @property
    def state(self) -> Literal["ONLINE", "RESTORING", "ARCHIVED"]:
        """As the ICAT Data Service calls it."""
        if self.requests:
            return "RESTORING"
        return "ARCHIVED" if self.archived else "ONLINE"

    def after(self, report: Row) -> "Whereabouts":
        """Where they are after one more report.

        A restoration that failed ends what was asked for, and leaves the files where they were; a warning changes
        nothing, and neither does a failed archiving.
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


def whereabouts(reports: Iterable[Row]) -> Mapping[int, Whereabouts]:
    """Where the files of each dataset are, from its reports in the order of time; of one without reports as well."""
    known: defaultdict[int, Whereabouts] = defaultdict(Whereabouts)
    for report in reports:
        known[report["dataset_number"]] = known[report["dataset_number"]].after(report)
    return known


def status_answer(number: int, files: Whereabouts, zone: tzinfo) -> Answer:
    """ICAT+'s `Status`; while files are being restored, with who asked first."""
    first = files.requests[0] if files.requests else None
    return {
        "_id": str(number),
        "status": files.state,
        "createdBy": first.requester if first else None,
        "createdAt": time_text(first.at if first else None, zone),
        "updatedAt": time_text(files.told_at, zone),
    }


def access_answers(number: int, files: Whereabouts, level: str, zone: tzinfo) -> list[Answer]:
    """ICAT+'s `Datasetaccess`: each who asked for the dataset, and is to be told."""
    return [
        {
            "name": request.requester,
            "datasetId": number,
            "level": level,
            "type": "restoration",
            "creationDate": request.at.astimezone(zone).date().isoformat(),
        }
        for request in files.requests
    ]


def report_message(number: int, said: Restored | Requester, grant: Grant, now: datetime) -> Message:
    """What the archive or a person says, for `dataset.reports`: each time a report of its own."""
    report = Report(
        dataset_number=number,
        about="restoration" if isinstance(said, Restored) else "restoration_requested",
        level=said.level if isinstance(said, Restored) else "info",
        message=said.message if isinstance(said, Restored) else said.described(grant),
        at=now,
        producer=Producer(software=grant.name),
    )
    headers = headers_of(REPORTS, receipt_id=str(uuid4()), source="/beamcat/search", time=now.isoformat())
    return Message(REPORTS.name, str(number).encode(), to_json(DatasetReported(report=report)), headers)
