"""The verdict on one submission: its identity, the kind of the dataset, and all findings at once."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Literal, NamedTuple

from services.validator.identification import (
    Folders,
    beamline_of,
    end_of,
    name_of,
    proposal_of,
    sample_of,
    start_of,
)
from services.validator.laws import laws_of
from services.validator.notes import Notes
from services.validator.parameters import ParameterReader, ParsedParameters
from services.validator.said import CanonicalSubmission
from services.validator.updates import not_updatable
from shared.events.dataset import DatasetFacts, InputRef, Parameter, Submission
from shared.events.findings import summed_up
from shared.events.identity import Identities
from shared.events.sections import Finding, Severity, unchecked
from shared.vocabulary.kinds import Kind, Traits
from shared.vocabulary.techniques import GENERIC_PROCESSED, GENERIC_RAW, Recognition, Technique, TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary


class CheckResult(NamedTuple):
    """The result of all checks. `dataset` is None if an error leaves it without identity. Any error refuses it."""

    dataset: DatasetFacts | None
    parameters: dict[str, Parameter]
    findings: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        """The findings that refuse the dataset."""
        return [finding for finding in self.findings if finding.severity is Severity.ERROR]


class Recognised(NamedTuple):
    """What a submission was recognised as. `kind` is None if no technique describes it."""

    technique: str
    technique_pid: str | None
    kind_name: str
    type: Literal["raw", "processed"]
    kind: Kind | None


UNTOLD = Recognised("unknown", None, GENERIC_RAW, "raw", None)
"""The recognition of an update: the kind of the catalogued dataset does not change."""


class Checker:
    """Checks submissions against the vocabulary, the techniques, and the facility's folders and time zone.

    Raises:
        DataFileInvalid: a technique requires a parameter that is in no vocabulary.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        techniques: TechniqueBook,
        identities: Identities,
        roots: Iterable[str],
        zone: tzinfo,
    ) -> None:
        self._laws = laws_of(techniques, vocabulary)
        self._parameters = ParameterReader(vocabulary, zone)
        self._definitions_version = vocabulary.icat_version
        self._techniques = techniques
        self._identities = identities
        self._folders = Folders(roots, identities)
        self._zone = zone

    def check(self, submission: Submission, receipt_id: str, submitted_at: datetime) -> CheckResult:
        """The full verdict. It depends only on the arguments, so a replay gives the same verdict."""
        reading = self._parameters.read(submission.parameters, submission.units)
        said = CanonicalSubmission(submission, reading.parameters, Notes())
        is_update = submission.mode == "update"
        inputs = [] if is_update else self._folders.inputs(said.inputs(), said.notes)
        recognised = UNTOLD if is_update else self._recognise(said, len(inputs))
        facts = self._facts(said, recognised, inputs, receipt_id, submitted_at)
        findings = [*reading.findings, *said.notes.findings, *self._offences(said, recognised.kind, reading)]
        if is_update:
            findings += not_updatable(submission, reading.parameters)
        findings = list(summed_up(findings))
        dataset = unchecked(DatasetFacts, facts | {"findings": findings}) if facts is not None else None
        return CheckResult(dataset, said.parameters_beside_inputs(), findings)

    def _offences(self, said: CanonicalSubmission, kind: Kind | None, reading: ParsedParameters) -> list[Finding]:
        findings = self._laws[kind.name].offences(said) if kind is not None else []
        if reading.unknown:
            strict_kind = kind.name if kind is not None and kind.strict else None
            findings += self._parameters.unknown_findings(reading, strict_kind)
        return findings

    def _facts(
        self,
        said: CanonicalSubmission,
        recognised: Recognised,
        inputs: list[InputRef],
        receipt_id: str,
        submitted_at: datetime,
    ) -> dict[str, object] | None:
        """The fields of `DatasetFacts`, in their order. All faults are noted; None if the dataset has no identity."""
        submission = said.submission
        path = self._folders.path(submission.path, said.notes)
        name, proposal, beamline = name_of(said), proposal_of(said), beamline_of(said)
        sample = sample_of(said)
        is_update = submission.mode == "update"
        start = submitted_at if is_update else start_of(said, submitted_at, self._zone)
        end = None if is_update else end_of(said, start, self._zone)
        if sample is None and recognised.type == "raw" and not is_update:
            cure = "give sample, or the parameter Sample_name"
            said.notes.warn("sample_missing", "the dataset names no sample", cure)
        if path is None or name is None or proposal is None or beamline is None or start is None:
            return None
        return {
            "dataset_id": self._identities.dataset(path),
            "receipt_id": receipt_id,
            "path": path,
            "name": name,
            "proposal": proposal,
            "beamline": beamline,
            "sample_name": sample,
            "type": recognised.type,
            "technique": recognised.technique,
            "technique_pid": recognised.technique_pid,
            "kind": recognised.kind_name,
            "start": start,
            "end": end,
            "inputs": inputs,
            "files": self._folders.files(submission.files),
            "file_count": submission.file_count,
            "volume_bytes": submission.volume_bytes,
            "mode": submission.mode,
            "complete": said.is_complete(),
            "sequence_index": said.sequence_index(),
            "investigation_id": said.text(submission.investigation_id, "investigationId"),
            "producer": said.producer(),
            "submitted_at": submitted_at,
            "findings": [],
            "definitions_version": self._definitions_version,
            "revision": None,
        }

    def _recognise(self, said: CanonicalSubmission, input_count: int) -> Recognised:
        traits = said.traits(input_count)
        recognition = self._techniques.recognise(traits)
        technique, kind = recognition.technique, recognition.kind
        if technique is not None and kind is not None:
            _note_doubts(said.notes, traits, recognition, technique, kind)
            return Recognised(technique.name, technique.pid, kind.name, kind.type, kind)
        given = f"the technique {traits.definition[:100]!r}" if traits.definition else "its technique"
        message = f"no technique file describes {given}; the dataset is kept without a technique's checks"
        cure = "give technique, or the parameter definition, as `beamcat techniques` lists it"
        said.notes.warn("technique_unknown", message, cure, traits.definition or None)
        name = traits.definition or "unknown"
        pid = traits.technique_pid or None
        if input_count:
            return Recognised(name, pid, GENERIC_PROCESSED, "processed", None)
        return Recognised(name, pid, GENERIC_RAW, "raw", None)


def _note_doubts(notes: Notes, traits: Traits, recognition: Recognition, technique: Technique, kind: Kind) -> None:
    """Note a technique or scan type that differs from what the dataset was recognised as."""
    if traits.definition and not recognition.named:
        message = (
            f"no technique file describes the technique {traits.definition[:100]!r}; the dataset was taken as"
            f" {technique.name}, whose parameters it has"
        )
        cure = f"name the technique {technique.name} if it is that"
        notes.warn("technique_unknown", message, cure, traits.definition, technique.name)
    if recognition.meant_scan_type is not None:
        meant = recognition.meant_scan_type
        message = f"{technique.name} has no scanType {traits.scan_type[:100]!r}; the dataset was taken as {kind.name}"
        notes.warn("scan_type_unknown", message, f"send {meant} if that was meant", traits.scan_type, meant)
