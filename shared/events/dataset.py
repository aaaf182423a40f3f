"""Events about datasets, from submitted to committed: each stage adds its own section."""

from typing import Annotated, Literal, NotRequired
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from shared.events.investigation import InvestigationRef
from shared.events.sample import Container, SampleRef
from shared.events.sections import Finding, Mode, Name, Path, Producer, ProposalKey, Section


class DeclaredFile(Section):
    """A file of the dataset, relative to the dataset's folder unless absolute."""

    path: Path
    size_bytes: int | None = Field(default=None, ge=0, lt=2**63)


class Submission(Section):
    """The words of a producer. They are never altered.

    `beamline`, `start`, `end`, `sample` and `technique` may be left out if the parameters `beamlineID`, `startDate`,
    `endDate`, `Sample_name` and `definition` are given, as ICAT clients do.
    """

    name: Name
    path: Path
    proposal: Name
    beamline: Name | None = None
    sample: Name | None = None
    start: str | None = Field(default=None, description="ISO 8601; without a zone, the facility's zone is assumed")
    end: str | None = Field(default=None, description="ISO 8601, not before start")
    technique: str | None = Field(default=None, description="ICAT `definition`, such as MX")
    parameters: dict[str, JsonValue] = Field(
        default={}, description="by ICAT name; text, number, boolean or a list of them"
    )
    units: dict[str, str] = Field(
        default={},
        description="units of values, by the names in `parameters`; 1 marks a ratio that is a fraction",
    )
    input: list[Path] = Field(
        default=[], description="paths of the datasets from which it was made; empty for raw data"
    )
    files: list[DeclaredFile] = Field(default=[])
    file_count: int | None = Field(default=None, ge=0, lt=2**63)
    volume_bytes: int | None = Field(default=None, ge=0, lt=2**63)
    mode: Mode = Field(
        default="replace",
        description="merge adds to the catalogued dataset; upsert merges if either of the two is incomplete, and"
        " otherwise replaces; update changes parameters of the catalogued dataset, and nothing else",
    )
    complete: bool = Field(default=True, description="false: more of the same dataset will follow")
    sequence_index: int | None = Field(
        default=None,
        ge=-(2**63),
        lt=2**63,
        description="the submission applies only if this is higher than the catalogued one",
    )
    investigation_id: str | None = Field(
        default=None, description="the user office's id; overrides the selection by date"
    )
    producer: Producer = Producer()


class InputRef(Section):
    """An input dataset: the declared path, and the id that is derived from it."""

    path: str
    dataset_id: UUID


class DatasetFacts(Section):
    """The canonical identity of a submission, without its parameters: everything on which later stages decide.

    An update has path, proposal, beamline and perhaps a sample. Its other facts are placeholders.
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
        default=None, description="version of `icat-esrf-definitions` by which the dataset was judged"
    )
    revision: int | None = Field(
        default=None,
        description="for a submission of beamcat itself: the revision that it is about; it changes no other",
    )

    def adds_to(self, *, complete: bool) -> bool:
        """Whether it adds to a catalogued dataset, which is complete or not, instead of replacing it."""
        return self.mode in ("merge", "update") or (self.mode == "upsert" and not (complete and self.complete))


class Parameter(TypedDict):
    """One parameter under its canonical name: the canonical value in the canonical unit, and the original.

    What cannot be read, or is impossible, has no canonical value: it has only `original`, and a finding says why.
    """

    value: NotRequired[float | int | str | bool | list[float] | list[str]]
    original: str
    unit: NotRequired[str]
    said_unit: NotRequired[Annotated[str, Field(description="the unit that was given beside `original`")]]


class LinkedInput(InputRef):
    """An input that is committed."""

    kind: str
    replaced: bool = Field(
        default=False, description="another measurement replaced it after the dataset was made from it"
    )


class Links(Section):
    """The section of the linker: the investigation and the committed inputs."""

    investigation: InvestigationRef
    inputs: list[LinkedInput]
    findings: list[Finding] = Field(default=[])


class Tracking(Section):
    """The section of sample tracking: the sample, its container and its place in the sample changer."""

    sample: SampleRef | None
    container: Container | None = None
    sample_changer_position: str | None = None
    findings: list[Finding] = Field(default=[])


class SaidParameter(Parameter):
    """One parameter of a part. Its name is inside, so that no text of a producer is a key before the document's own
    parameters.
    """

    name: str


class Part(Section):
    """One of several submissions that add up to a raw dataset, such as a wedge of a characterisation."""

    start: AwareDatetime
    end: AwareDatetime | None
    file_count: int | None
    volume_bytes: int | None
    said: list[SaidParameter] = Field(
        description="its parameters, except those that are the same in every part and in the document"
    )


class DocumentFacts(Section):
    """A dataset as it is catalogued, without its parameters."""

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
        default=None, description="version of `icat-esrf-definitions` by which the dataset was judged"
    )
    parts: list[Part] = Field(default=[], description="its parts; empty if it came in one submission")
    made_at: AwareDatetime | None = Field(
        default=None, description="when the submission was committed to which later ones only added"
    )
    recollected_at: AwareDatetime | None = Field(
        default=None, description="when it last replaced another measurement (another sample or another start)"
    )


class Document(DocumentFacts):
    """A dataset as it is catalogued: everything that a read model needs, so that nothing has to be looked up."""

    parameters: dict[str, Parameter]


class Commit(Section):
    """The answer of the catalogue to a submission."""

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


class DatasetSubmitted(Section):
    """A producer submitted a dataset."""

    submission: Submission


class DatasetValidated(DatasetSubmitted):
    """The dataset passed the validator. Its parameters have canonical names and canonical units."""

    dataset: DatasetFacts
    parameters: dict[str, Parameter]


class DatasetLinked(DatasetValidated):
    """The investigation of the dataset is known, and all its inputs are committed."""

    links: Links


class DatasetTracked(DatasetLinked):
    """The sample of the dataset is decided."""

    tracking: Tracking


class DatasetCommitted(Section):
    """The dataset is in the catalogue. `document` is absent if the content was already there (`unchanged`)."""

    commit: Commit
    document: Document | None
