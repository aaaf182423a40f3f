"""Examples of submissions with their expected verdicts, and the judge: validator, then linker."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from services.linker.handler import Linker
from services.linker.inputs.relationships import CataloguedDataset
from services.linker.known import Known
from services.linker.plan.investigations import Plan
from services.linker.plan.slots import Slot
from services.validator.checker import Checker
from shared.events.dataset import DatasetFacts, Submission
from shared.events.identity import Identities
from shared.events.sections import Finding
from shared.runtime.facility import FacilitySettings
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary

SUBMITTED_AT = datetime.fromisoformat("2100-01-01T00:00:00+00:00")
"""A time of submission that is later than every example's measurement."""


class ExamplePart(BaseModel):
    """A part of an example's file. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Expected(ExamplePart):
    """The expected verdict: the codes of all findings, without repetition, and the missing inputs."""

    kind: str | None = None
    errors: list[str]
    warnings: list[str]
    waits_for: list[str] = []


class ExampleInput(ExamplePart):
    """An input that is catalogued, by default with the facts of the dataset itself, or that was rejected, and why."""

    kind: str = ""
    sample: str | None = None
    proposal: str | None = None
    start: datetime | None = None
    complete: bool = True
    rejected: str | None = None


class Example(ExamplePart):
    """One file of `examples/<technique>/`."""

    about: str
    submission: dict[str, Any]
    inputs: dict[str, ExampleInput] = {}
    expect: Expected


class Judged(NamedTuple):
    """The verdict of validator and linker on an example."""

    dataset: DatasetFacts | None
    findings: list[Finding]
    waits_for: list[str]

    def differences(self, expected: Expected) -> Iterator[str]:
        """The differences from the expected verdict."""
        for severity, codes in (("error", expected.errors), ("warning", expected.warnings)):
            found = {finding.code for finding in self.findings if finding.severity == severity}
            if found != set(codes):
                yield f"{severity}s: expected {_listed(codes)}, found {_listed(found)}"
        if not expected.errors and self.waits_for != expected.waits_for:
            yield f"waits_for: expected {_listed(expected.waits_for)}, found {_listed(self.waits_for)}"
        kind = self.dataset.kind if self.dataset else None
        if expected.kind is not None and kind != expected.kind:
            yield f"kind: expected {expected.kind}, found {kind or 'none'}"


class Judge:
    """Validator and linker with given definitions.

    Raises:
        DataFileInvalid: a technique asks for a parameter that is in no vocabulary.
    """

    def __init__(self, vocabulary: Vocabulary, techniques: TechniqueBook, facility: FacilitySettings) -> None:
        self._identities = Identities(facility.name)
        self._demands = techniques.input_demands
        self._linker = Linker(techniques, self._identities)
        self._checker = Checker(
            vocabulary, techniques, self._identities, facility.path_roots, ZoneInfo(facility.time_zone)
        )

    def judge(self, example: Example) -> Judged:
        """The verdict on an example's submission, with its inputs catalogued."""
        verdict = self._checker.check(Submission(**example.submission), "example", SUBMITTED_AT)
        if verdict.dataset is None or verdict.errors:
            return Judged(verdict.dataset, verdict.findings, [])
        known = self._known(verdict.dataset, example.inputs)
        links = self._linker.judge(verdict.dataset, known, known.ancestry)
        return Judged(
            verdict.dataset, [*verdict.findings, *links.findings], [missing.path for missing in links.missing]
        )

    def _known(self, dataset: DatasetFacts, inputs: Mapping[str, ExampleInput]) -> Known:
        session = Slot(UUID(int=1), "session", 1, dataset.proposal, dataset.beamline, dataset.start, None)
        catalogued = {
            self._identities.dataset(path): CataloguedDataset(
                path=path,
                kind=said.kind,
                inputs=frozenset(),
                proposal=said.proposal or dataset.proposal,
                sample=dataset.sample_name if said.sample is None else said.sample,
                start=said.start or dataset.start,
                complete=said.complete,
            )
            for path, said in inputs.items()
            if said.rejected is None
        }
        rejected = {self._identities.dataset(path): said.rejected for path, said in inputs.items() if said.rejected}
        return Known(catalogued, plan=Plan([session]), demands=self._demands, rejected=rejected)


def read_example(file: Path) -> Example:
    """The example in a file.

    Raises:
        ValueError: the file is not an example; the message says where.
    """
    try:
        return Example.model_validate_json(file.read_bytes())
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}") from None


def _listed(names: Any) -> str:  # noqa: ANN401
    return ", ".join(sorted(names)) or "none"
