"""Files on tape: requests and reports as events, and where files are as ICAT+'s clients read it. Pure."""

from datetime import datetime, tzinfo
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, Field

from services.icat_plus.answers import Answer, time_text
from services.icat_plus.handler import report_event
from services.icat_plus.neighbours.archive import Whereabouts
from shared.access.grants import Grant
from shared.events.record import Message
from shared.events.report import Report
from shared.events.sections import Producer

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
    """What the archive reports or a person requests, each time as an event of its own."""
    report = Report(
        dataset_number=number,
        about="restoration" if isinstance(said, Restored) else "restoration_requested",
        level=said.level if isinstance(said, Restored) else "info",
        message=said.message if isinstance(said, Restored) else said.described(grant),
        at=now,
        producer=Producer(software=grant.name),
    )
    return report_event(report, str(uuid4()))
