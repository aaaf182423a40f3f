"""Files on tape: requests and reports as events, and the status of files in ICAT+'s form. Pure."""

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
"""A text that may become part of the header of a mail."""


class Restored(BaseModel):
    """The archive's report on a restoration."""

    level: Literal["info", "warning", "error"] = "info"
    message: str | None = Field(default=None, max_length=10_000)


class Requester(BaseModel):
    """The requester of files."""

    name: Line | None = None
    email: Line | None = None

    def described(self, grant: Grant) -> str:
        """The name and address of a requester, or else the name of the session's token."""
        address = f"<{self.email}>" if self.email else ""
        return f"{self.name or ''} {address}".strip() or grant.name


def status_answer(number: int, files: Whereabouts, zone: tzinfo) -> Answer:
    """ICAT+'s `Status`. While files are being restored, it names the first requester."""
    first = files.requests[0] if files.requests else None
    return {
        "_id": str(number),
        "status": files.state,
        "createdBy": first.requester if first else None,
        "createdAt": time_text(first.at if first else None, zone),
        "updatedAt": time_text(files.told_at, zone),
    }


def access_answers(number: int, files: Whereabouts, level: str, zone: tzinfo) -> list[Answer]:
    """ICAT+'s `Datasetaccess`: all requesters of the dataset, whom the archive notifies."""
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


def report_message(number: int, facts: Restored | Requester, grant: Grant, now: datetime) -> Message:
    """The event of a report by the archive or of a request by a person."""
    report = Report(
        dataset_number=number,
        about="restoration" if isinstance(facts, Restored) else "restoration_requested",
        level=facts.level if isinstance(facts, Restored) else "info",
        message=facts.message if isinstance(facts, Restored) else facts.described(grant),
        at=now,
        producer=Producer(software=grant.name),
    )
    return report_event(report, str(uuid4()))
