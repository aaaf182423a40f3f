"""Every event of beamcat: immutable facts, named in the past tense, one class a topic.

The payload of a dataset event is a JSON object with one section a stage. A stage adds its own section and never
touches another's, so `DatasetLinked` is `DatasetValidated` with `links`, and so on. Fields that a newer minor version
added pass through untouched. `schemas/events/*.json` are generated from these classes (`make contracts`).
"""

import base64
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, NotRequired, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from shared.identity import proposal_key

Name = Annotated[str, Field(min_length=1, max_length=255)]
Path = Annotated[str, Field(min_length=1, max_length=4096)]
Mode = Literal["replace", "merge", "upsert", "update"]

FIRST_YEAR, LAST_YEAR = 1900, 9998
"""Of what is measured and planned: a zone, or two days before and after, can still be told."""


def within_years(time: datetime) -> datetime:
    """The same time.

    Raises:
        ValueError: its year is not one that is measured or planned in.
    """
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError(f"the year {time.year} is not within {FIRST_YEAR} to {LAST_YEAR}")
    return time


def _encoded(text: str) -> str:
    base64.b64decode(text, validate=True)
    return text


ProposalKey = Annotated[
    str, AfterValidator(proposal_key), Field(description="in lower case, without separators: mx1111")
]
"""A proposal as stages compare it. An event of an older version, which kept separators, reads as if it had none."""
Moment = Annotated[AwareDatetime, AfterValidator(within_years)]
Base64 = Annotated[str, AfterValidator(_encoded), Field(json_schema_extra={"contentEncoding": "base64"})]


class Section(BaseModel):
    """A frozen part of an event; fields it does not know are ignored here and kept on the wire."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Severity(StrEnum):
    """An error refuses the dataset; a warning stays with it and can be searched."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Section):
    """One thing that a check saw, in words a person at a beamline can act on."""

    code: str
    severity: Severity
    message: str = Field(description="what is wrong, and nothing else")
    cure: str | None = Field(
        default=None, description="what to do about it, as `give sample`; events from before there were cures have none"
    )
    parameter: str | None = None
    value: str | None = None
    expected: str | None = None

    @classmethod
    def error(cls, code: str, message: str, cure: str, **about: str | None) -> Self:
        """What refuses the dataset; `about` is parameter, value and expected, where there are such."""
        return cls(code=code, severity=Severity.ERROR, message=message, cure=cure, **about)

    @classmethod
    def warning(cls, code: str, message: str, cure: str, **about: str | None) -> Self:
        """What stays with the dataset; `about` as for `error`."""
        return cls(code=code, severity=Severity.WARNING, message=message, cure=cure, **about)

    @property
    def sentence(self) -> str:
        """What is wrong and what to do about it, where there is room for one sentence."""
        return self.message if self.cure is None else f"{self.message}; {self.cure}"


class Producer(Section):
    """The program that made the submission."""

    software: str | None = None
    version: str | None = None
    machine: str | None = None


class DeclaredFile(Section):
    """A file of the dataset, relative to the dataset's folder unless absolute."""

    path: Path
    size_bytes: int | None = Field(default=None, ge=0, lt=2**63)


class Submission(Section):
    """What a producer said, word for word. Nothing in it is ever altered.

    `beamline`, `start`, `end`, `sample` and `technique` may be left out where the parameters `beamlineID`, `startDate`,
    `endDate`, `Sample_name` and `definition` say them, as ICAT clients do.
    """

    name: Name
    path: Path
    proposal: Name
    beamline: Name | None = None
    sample: Name | None = None
    start: str | None = Field(default=None, description="ISO 8601; without a zone the facility's own is taken")
    end: str | None = Field(default=None, description="ISO 8601, not before start")
    technique: str | None = Field(default=None, description="ICAT `definition`, such as MX")
    parameters: dict[str, JsonValue] = Field(
        default={}, description="by ICAT name; text, number, boolean or a list of them"
    )
    units: dict[str, str] = Field(
        default={},
        description="of values, by the names in `parameters`; 1 marks a ratio that was given as a fraction",
    )
    input: list[Path] = Field(default=[], description="paths of the datasets it was made from; empty for raw data")
    files: list[DeclaredFile] = []
    file_count: int | None = Field(default=None, ge=0, lt=2**63)
    volume_bytes: int | None = Field(default=None, ge=0, lt=2**63)
    mode: Mode = Field(
        default="replace",
        description="merge adds to what is catalogued already; upsert does where either is incomplete, and replaces"
        " otherwise; update changes parameters of what is catalogued, and nothing else",
    )
    complete: bool = Field(default=True, description="false: more of the same dataset will follow")
    sequence_index: int | None = Field(
        default=None, ge=-(2**63), lt=2**63, description="applies only if higher than the catalogued one"
    )
    investigation_id: str | None = Field(default=None, description="the user office's id; overrides selection by date")
    producer: Producer = Producer()


class InputRef(Section):
    """An input dataset, by the path that was declared and the identity that follows from it."""

    path: str
    dataset_id: UUID


class DatasetFacts(Section):
    """The canonical identity of a submission, without its parameters: all that later stages decide on.

    An update says where, for whom and perhaps of which sample; its other facts only stand for what is catalogued.
    """

    dataset_id: UUID
    receipt_id: str
    path: str
    name: str
    proposal: ProposalKey
    beamline: str
    sample_name: str | None
    type: Literal["raw", "processed"]
    technique: str
    technique_pid: str | None
    kind: str
    start: AwareDatetime
    end: AwareDatetime | None
    inputs: list[InputRef]
    files: list[DeclaredFile]
    file_count: int | None
    volume_bytes: int | None
    mode: Mode
    complete: bool
    sequence_index: int | None
    investigation_id: str | None
    producer: Producer
    submitted_at: AwareDatetime
    findings: list[Finding]
    definitions_version: str | None = Field(
        default=None, description="version of `icat-esrf-definitions` that the dataset was judged by"
    )
    revision: int | None = Field(
        default=None,
        description="of what beamcat sends through again by itself: the revision that it is about; it changes no other",
    )

    def adds_to(self, *, complete: bool) -> bool:
        """Whether it adds to a catalogued dataset, which is complete or not, instead of taking its place."""
        return self.mode in ("merge", "update") or (self.mode == "upsert" and not (complete and self.complete))


class Parameter(TypedDict):
    """One parameter under its canonical name: the canonical value in the canonical unit, beside what was said.

    What cannot be read, or cannot be, has no canonical value: only `original` is there, and a finding says why.
    """

    value: NotRequired[float | int | str | bool | list[float] | list[str]]
    original: str
    unit: NotRequired[str]
    said_unit: NotRequired[Annotated[str, Field(description="the unit that was said beside `original`")]]


class InvestigationRef(Section):
    """The investigation that a dataset belongs to; a placeholder until the user office announces the real one."""

    investigation_id: UUID
    number: int | None = Field(
        default=None, description="the integer by which ICAT clients know it; a later one has a higher number"
    )
    facility_id: str | None
    proposal: ProposalKey
    proposal_name: str | None = Field(default=None, description="the proposal as the user office writes it: MX-1111")
    beamline: str
    start: AwareDatetime | None
    end: AwareDatetime | None
    actual_start: AwareDatetime | None = Field(
        default=None, description="when it was measured instead, if it was rescheduled last to another time"
    )
    actual_end: AwareDatetime | None = None
    title: str | None
    placeholder: bool
    named: str | None = Field(
        default=None,
        description="the id by which the dataset's producer asked for it; dates do not move such a dataset",
    )


class LinkedInput(InputRef):
    """An input that is committed."""

    kind: str
    replaced: bool = Field(
        default=False, description="another measurement took its place after the dataset was made from it"
    )


class Links(Section):
    """What the linker knows: the investigation and the committed inputs."""

    investigation: InvestigationRef
    inputs: list[LinkedInput]
    findings: list[Finding] = []


class Container(Section):
    """Where the sample travelled (ICAT SampleTrackingContainer_*, SampleTrackingParcel_*)."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    capacity: int | None = None
    position: str | None = None
    changer_location: int | None = Field(
        default=None, description="its own place in the sample changer, counted from 1 through all cells"
    )
    parcel_id: str | None = None
    parcel_name: str | None = None


class SampleRef(Section):
    """A sample within its investigation."""

    sample_id: UUID
    name: str
    inherited: bool = Field(default=False, description="taken from the inputs, which agreed")


class Tracking(Section):
    """What sample tracking knows: the sample, its container and its place in the sample changer."""

    sample: SampleRef | None
    container: Container | None = None
    sample_changer_position: str | None = None
    findings: list[Finding] = []


class SaidParameter(Parameter):
    """One parameter of a part. It has its name inside, so that no producer's word is a key before the document's own
    parameters.
    """

    name: str


class Part(Section):
    """One of several submissions that a raw dataset was put together from, such as a wedge of a characterisation."""

    start: AwareDatetime
    end: AwareDatetime | None
    file_count: int | None
    volume_bytes: int | None
    said: list[SaidParameter] = Field(
        description="its parameters, but for those that every part says as the document does"
    )


class DocumentFacts(Section):
    """A dataset as it is catalogued, but for its parameters."""

    dataset_id: UUID
    path: str
    name: str
    type: Literal["raw", "processed"]
    technique: str
    technique_pid: str | None
    kind: str
    proposal: ProposalKey
    beamline: str
    start: AwareDatetime
    end: AwareDatetime | None
    complete: bool
    sequence_index: int | None
    investigation: InvestigationRef
    sample: SampleRef | None
    container: Container | None
    sample_changer_position: str | None
    inputs: list[LinkedInput]
    files: list[DeclaredFile]
    file_count: int | None
    volume_bytes: int | None
    findings: list[Finding]
    producer: Producer
    definitions_version: str | None = Field(
        default=None, description="version of `icat-esrf-definitions` that the dataset was judged by"
    )
    parts: list[Part] = Field(default=[], description="what adds up to it; empty if it came in one submission")
    made_at: AwareDatetime | None = Field(
        default=None, description="when the submission was committed that the later ones only added to"
    )
    recollected_at: AwareDatetime | None = Field(
        default=None, description="when it last took the place of another measurement: other sample or other start"
    )


class Document(DocumentFacts):
    """A dataset as it is catalogued: everything a read model needs, and nothing that has to be looked up elsewhere."""

    parameters: dict[str, Parameter]


class Commit(Section):
    """How the catalogue took a submission."""

    receipt_id: str
    dataset_id: UUID
    number: int | None = Field(
        default=None, description="the integer by which ICAT clients know the dataset, the same for all its revisions"
    )
    path: str
    revision: int = Field(ge=1)
    outcome: Literal["created", "replaced", "merged", "unchanged"]
    submitted_at: AwareDatetime
    committed_at: AwareDatetime


class Origin(Section):
    """Where a rejected record was read."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


class Excerpt(Section):
    """What is kept of bytes that are too large to be kept whole."""

    byte_count: int
    sha256: str
    head_base64: str
    tail_base64: str


class Rejection(Section):
    """Why an event was not taken, with everything needed to correct it and send it again."""

    receipt_id: str | None
    dataset_id: UUID | None
    path: str | None
    producer: str | None
    stage: str
    code: str
    message: str
    findings: list[Finding] = []
    origin: Origin
    submitted: Origin | None = Field(
        default=None, description="where the submission was first read, if `origin` only follows from that"
    )
    headers: dict[str, str]
    key_base64: str | None
    value_base64: str | None
    value_excerpt: Excerpt | None = Field(default=None, description="of a value that is too large for this topic")
    rejected_at: AwareDatetime


class NearPaths(Section):
    """Catalogued paths that may be meant by one that is not catalogued."""

    path: str
    near: list[str]


class Pending(Section):
    """What a dataset waits for. What it is stays empty in events from before they told it."""

    receipt_id: str
    dataset_id: UUID
    path: str
    waits_for: list[str] = Field(description="paths of inputs, the first hundred")
    waits_for_count: int | None = Field(default=None, description="of all that it waits for")
    since: AwareDatetime
    deadline: AwareDatetime
    findings: list[Finding] = Field(
        default=[], description="catalogued paths near those that are missing, which may be meant instead"
    )
    near: list[NearPaths] = Field(default=[], description="what `findings` say of near paths, for programs")
    name: str | None = None
    kind: str | None = None
    proposal: ProposalKey | None = None
    beamline: str | None = None


class Investigation(Section):
    """One session of a proposal on a beamline, as the user office planned it. `end` is empty while it is open."""

    happening: Literal["announced"] = "announced"
    facility_id: Name
    proposal: Name
    beamline: Name
    start: Moment
    end: Moment | None = None
    title: str | None = None


class StartedInvestigation(Section):
    """A beamline began to measure for a proposal, planned or not."""

    happening: Literal["started"]
    proposal: Name
    beamline: Name
    start: Moment
    end: Moment | None = None
    producer: Producer = Producer()


class RescheduledInvestigation(Section):
    """An investigation is measured now, whatever was planned; its datasets are assigned anew."""

    happening: Literal["rescheduled"]
    facility_id: Name = Field(description="the user office's id, or the number by which ICAT's clients know it")
    at: Moment | None = Field(
        default=None,
        description="when this was asked for: it is measured from then on, for as long as was planned; without it"
        " only datasets are assigned anew",
    )
    producer: Producer = Producer()


class SampleHappening(Section):
    """Something that happened to a sample, at a place and a time."""

    happening: Literal["registered", "shipped", "received", "mounted", "unmounted", "returned", "disposed"]
    sample: Name
    proposal: Name
    beamline: Name
    at: Moment
    place: str | None = None
    investigation_id: str | None = Field(
        default=None, description="the user office's id; else the proposal and beamline decide"
    )
    acronym: str | None = None
    container: Container | None = None
    sample_changer_position: str | None = None


class Report(Section):
    """What became of the files of a catalogued dataset, as those say who keep them, or what is asked of those."""

    dataset_number: int = Field(ge=0, lt=2**63, description="as in `commit.number`")
    about: Literal["archiving", "restoration", "restoration_requested", "files_added"]
    level: Literal["info", "warning", "error"] = "info"
    message: str | None = Field(default=None, description="of a requested restoration: who asks for it")
    at: Moment
    producer: Producer = Producer()


class LogbookText(Section):
    """One rendering of a logbook entry's text."""

    format: Literal["plainText", "html"]
    text: str


class LogbookEntry(Section):
    """One entry of the electronic logbook, as ICAT+ keeps it."""

    entry_id: UUID
    type: Literal["annotation", "notification", "broadcast", "attachment"]
    category: Literal["debug", "info", "error", "commandline", "comment", "file"] | None = None
    proposal: ProposalKey | None = None
    beamline: Name | None = None
    investigation_number: int | None = Field(default=None, ge=0, lt=2**63)
    dataset_name: str | None = None
    tags: list[str] = []
    content: list[LogbookText] = []
    file_name: str | None = None
    file_type: str | None = Field(default=None, description="media type of `file_base64`")
    file_base64: Base64 | None = None
    producer: Producer = Producer()
    source: str | None = Field(default=None, description="in what it was written, as its writer calls it")
    created_at: Moment
    received_at: Moment


class DatasetSubmitted(Section):
    """A producer handed in a dataset."""

    submission: Submission


class DatasetValidated(DatasetSubmitted):
    """The validator found nothing that forbids it; parameters stand under canonical names, in canonical units."""

    dataset: DatasetFacts
    parameters: dict[str, Parameter]


class DatasetLinked(DatasetValidated):
    """Its investigation is known and all its inputs are committed."""

    links: Links


class DatasetTracked(DatasetLinked):
    """Its sample is known."""

    tracking: Tracking


class DatasetCommitted(Section):
    """The catalogue holds it. `document` is absent when the content was there already (`unchanged`)."""

    commit: Commit
    document: Document | None


class DatasetRejected(Section):
    """An event was not taken."""

    rejection: Rejection


class DatasetPending(Section):
    """A dataset waits for its inputs."""

    pending: Pending


class InvestigationAnnounced(Section):
    """The user office planned, changed, closed or rescheduled an investigation, or a beamline started one."""

    investigation: Investigation | StartedInvestigation | RescheduledInvestigation


class InvestigationRegistered(Section):
    """An investigation has its place and its number; told again whenever it changes."""

    investigation: InvestigationRef


class SampleMoved(Section):
    """A sample was registered, moved or disposed of."""

    sample: SampleHappening


class DatasetReported(Section):
    """The files of a catalogued dataset were archived, restored or added to, or are asked for."""

    report: Report


class LogbookWritten(Section):
    """Somebody, or a program, wrote into the electronic logbook."""

    entry: LogbookEntry
