"""Turns a producer's request into an event and a receipt. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json

from services.gateway.request_body import read_model
from shared.access.grants import Grant
from shared.events.dataset import Submission
from shared.events.headers import headers_of
from shared.events.identity import Identities, PathInvalid, proposal_key, sample_name
from shared.events.investigation import Investigation
from shared.events.record import Message
from shared.events.sample import SampleHappening
from shared.events.topics import INVESTIGATIONS, SAMPLES, SUBMITTED, Topic
from shared.foundation.errors import Fault
from shared.foundation.problem import Problem, invalid

BEAMLINE_PARAMETER = "beamlineid"
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Call:
    """The context of a request: who calls, when, and in which trace."""

    grant: Grant
    identities: Identities
    now: datetime
    traceparent: str

    def message(self, topic: Topic, key: str, receipt_id: UUID, payload: Mapping[str, object]) -> Message:
        """The message of an event that comes from the caller."""
        value = to_json(payload)
        if len(value) > topic.max_bytes:
            raise Problem(413, f"the submission has {len(value)} bytes, the limit is {topic.max_bytes}; {BULK}")
        headers = headers_of(
            topic,
            receipt_id=str(receipt_id),
            source=self.grant.source,
            time=self.now.isoformat(),
            traceparent=self.traceparent.encode(),
        )
        return Message(topic.name, key.encode(), value, headers)


BULK = "move bulk data into files: parameters describe data, they do not carry it"


class Accepted(BaseModel):
    """A submission that Kafka has confirmed."""

    receipt_id: UUID
    dataset_id: UUID
    path: str
    status_url: str


class Noted(BaseModel):
    """An investigation or sample event that Kafka has confirmed."""

    receipt_id: UUID


def submit_dataset(data: Mapping[str, object], receipt_id: UUID, call: Call) -> tuple[Message, Accepted]:
    """The event of a submission, and its receipt.

    Raises:
        Problem: the submission is refused.
    """
    path = read_submission(data, call)
    dataset_id = call.identities.dataset(path)
    message = call.message(SUBMITTED, str(dataset_id), receipt_id, {"submission": data})
    which = f"source={call.grant.source}&dataset_id={dataset_id}"
    return message, Accepted(
        receipt_id=receipt_id, dataset_id=dataset_id, path=path, status_url=f"/receipts/{receipt_id}?{which}"
    )


def read_submission(data: Mapping[str, object], call: Call) -> str:
    """Check the form of a submission and the caller's permission. It returns the path as it is catalogued.

    Raises:
        Problem: 422 with all faults, or 403.
    """
    submission = read_model(data, Submission)
    faults = []
    path = ""
    try:
        path = call.identities.path(submission.path)
    except PathInvalid as error:
        faults.append(Fault(field="path", message=str(error)))
    beamlines = set(_beamlines(submission))
    if not beamlines:
        faults.append(Fault(field="beamline", message="is missing; give it, or the parameter beamlineID"))
    if faults:
        raise invalid(faults)
    for beamline in sorted(beamlines):
        _permit(call.grant, beamline)
    return path


def announce_investigation(data: Mapping[str, object], receipt_id: UUID, call: Call) -> tuple[Message, Noted]:
    """The event that the user office planned, changed or closed an investigation.

    Raises:
        Problem: the investigation is refused.
    """
    investigation = read_model(data, Investigation)
    if investigation.end is not None and investigation.end < investigation.start:
        raise invalid([Fault(field="end", message="is before start; correct one of them")])
    _permit(call.grant, investigation.beamline)
    key = _key_of(investigation.proposal)
    return call.message(INVESTIGATIONS, key, receipt_id, {"investigation": data}), Noted(receipt_id=receipt_id)


def move_sample(data: Mapping[str, object], receipt_id: UUID, call: Call) -> tuple[Message, Noted]:
    """The event that something happened to a sample.

    Raises:
        Problem: the event is refused.
    """
    happening = read_model(data, SampleHappening)
    _permit(call.grant, happening.beamline)
    name = sample_name(happening.sample)
    if not name:
        raise invalid([Fault(field="sample", message="is blank; give the name of the sample")])
    key = f"{_key_of(happening.proposal)} {name}"
    return call.message(SAMPLES, key, receipt_id, {"sample": data}), Noted(receipt_id=receipt_id)


def _key_of(proposal: str) -> str:
    """The proposal in the form in which proposals are compared.

    Raises:
        Problem: 422, it has neither letter nor digit.
    """
    key = proposal_key(proposal)
    if not key:
        raise invalid([Fault(field="proposal", message="has neither a letter nor a digit; give one like MX-1111")])
    return key


def receipt_of(text: str | None, drawn: UUID, where: str) -> UUID:
    """The receipt id that the client chose, so that a repeated request changes nothing; else the random one.

    Raises:
        Problem: 400, it is not a UUID.
    """
    if text is None:
        return drawn
    try:
        return UUID(text)
    except ValueError:
        raise Problem(
            400, f"{where} is {text[:60]!r}; give a UUID, the same one whenever you send the same again"
        ) from None


def trace_of(given: str | None, drawn: UUID) -> str:
    """The W3C trace of a request; a new one if none, or a malformed one, is given."""
    if given is not None and TRACEPARENT.fullmatch(given):
        return given
    return f"00-{drawn.hex}-{drawn.hex[16:]}-01"


def _beamlines(submission: Submission) -> Iterator[str]:
    """Every beamline that a submission names: a limited token must cover all of them."""
    if submission.beamline is not None:
        yield submission.beamline.strip()
    for name, value in submission.parameters.items():
        if name.lower() == BEAMLINE_PARAMETER and isinstance(value, str) and value.strip():
            yield value.strip()


def _permit(grant: Grant, beamline: str) -> None:
    if not grant.permits(beamline):
        allowed = ", ".join(grant.beamlines)
        raise Problem(
            403, f"the token of {grant.name} is for {allowed}, not for {beamline!r}; use that beamline's token"
        )
