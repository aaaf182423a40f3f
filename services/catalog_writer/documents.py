"""The catalogue's document of a dataset: how it is built from an event, merged and compared."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field
from pydantic_core import from_json, to_json

from shared.events.dataset import Commit, DatasetFacts, DocumentFacts, LinkedInput, Links, Tracking
from shared.events.headers import headers_of
from shared.events.identity import Identities
from shared.events.members import Member
from shared.events.record import Message
from shared.events.sample import Container, SampleRef
from shared.events.sections import Finding, unchecked
from shared.events.structs import PlainView, altered
from shared.events.topics import COMMITTED
from shared.events.wire import TO_JSON, SubmissionId

CONTENT_REPLACED, INPUT_REPLACED, AMBIGUOUS, MANY_PARTS = (
    "content_replaced",
    "input_replaced",
    "sample_ambiguous",
    "parts_many",
)
OF_SAMPLES = frozenset(("sample_unknown", AMBIGUOUS))
"""Findings of sample tracking, which decides them again for each submission."""

UNCLASSIFIED = "generic."
"""The prefix of the kind of a dataset whose technique is unknown."""


class CatalogView(PlainView):
    """The part of `DatasetTracked` that the catalogue reads. The parameters pass through as the validator's bytes."""

    dataset: DatasetFacts
    links: Links
    tracking: Tracking


class CatalogDocument(DocumentFacts):
    """The document. It consists of sections, or of structs in their place, which are only read.

    Its parameters are JSON text, which is parsed only to compare or merge two revisions.
    """

    parameters: bytes = Field(exclude=True)

    def read_parameters(self) -> dict[str, Any]:
        """The parameters by canonical name."""
        return from_json(self.parameters)  # type: ignore[no-any-return]  # an object, as the validator wrote it


PARAMETERS = b'"parameters":'


def written(commit: Commit, document: CatalogDocument | None) -> bytes:
    """The bytes of the committed event, with the parameters at its end."""
    said = None if document is None else {**vars(document), "parameters": msgspec.Raw(document.parameters)}
    return TO_JSON({"commit": vars(commit), "document": said})


def places_in(payload: bytes) -> tuple[Member, ...]:
    """The path to the parameters in a `written` event: no member before them has the same name."""
    start = payload.find(b"," + PARAMETERS) + 1
    return (Member("document.parameters", start, len(payload) - len(b"}}")),) if start else ()


def message_of(said: SubmissionId, time: datetime, trace: bytes | None, payload: bytes) -> Message:
    """The message of a `written` event, which answers a submission."""
    headers = headers_of(
        COMMITTED,
        receipt_id=said.receipt_id,
        source="/beamcat/catalog_writer",
        time=time.isoformat(),
        traceparent=trace,
        places=places_in(payload),
        producer=said.source.encode() or None,
        content=said.content,
    )
    return Message(COMMITTED.name, str(said.dataset_id).encode(), payload, headers)


AS_SAID = {
    name: f"{section}.{name}"
    for section, facts in (("dataset", DatasetFacts), ("links", Links), ("tracking", Tracking))
    for name in DocumentFacts.model_fields
    if name in facts.model_fields
}
"""The fields of a document that are those of a section. If two sections have one, the later stage knows more."""
SAID = attrgetter(*AS_SAID.values())

NOTHING: dict[str, Any] = dict.fromkeys(AS_SAID)
BLANK = vars(CatalogDocument.model_construct(parameters=b"", **NOTHING))
"""The fields of a document in their order, to be filled in."""


def document_of(view: CatalogView, parameters: bytes, made_at: datetime | None = None) -> CatalogDocument:
    """The document that follows from this event alone.

    Its fields have the same names as in the sections, which are valid already: `inputs` are those of the links, which
    have kinds. The findings of all stages are joined. If a file is declared twice, the last declaration counts.
    """
    facts, links, tracking = view.dataset, view.links, view.tracking
    document = dict(zip(AS_SAID, SAID(view), strict=True))
    document["parameters"] = parameters
    document["files"] = list({file.path: file for file in facts.files}.values())
    document["findings"] = [*facts.findings, *links.findings, *tracking.findings]
    document["made_at"] = made_at
    return unchecked(CatalogDocument, BLANK | document)


def replaced(current: CatalogDocument, document: CatalogDocument) -> CatalogDocument:
    """The new document in place of the current one. Only the sequence index survives, if the new one has none.

    A submission without an index says nothing about order, so it applies when it arrives. But an older submission with
    an index that arrives after it must not win.
    """
    if document.sequence_index is not None or current.sequence_index is None:
        return document
    return document.model_copy(update={"sequence_index": current.sequence_index})


def merged(current: CatalogDocument, addition: CatalogDocument) -> CatalogDocument:
    """The current document with the content of the addition.

    Parameters, inputs and files are united; those of the addition win. The time covers both. Sample, container, place,
    declared file count and volume stay if the addition has none. An inherited sample is dropped if the inputs have
    changed. Findings about parameters that the addition does not repeat stay. Everything else, including `complete`,
    comes from the addition.
    """
    added = addition.read_parameters()
    classified = addition if _classification(addition) > _classification(current) else current
    ends = [end for end in (current.end, addition.end) if end is not None]
    kept = {
        name: getattr(current, name)
        for name in ("sample", "container", "sample_changer_position", "file_count", "volume_bytes")
        if getattr(addition, name) is None
    }
    if current.sample and current.sample.inherited and any(each.code == AMBIGUOUS for each in addition.findings):
        kept.pop("sample", None)
    return replaced(current, addition).model_copy(
        update=kept
        | {name: getattr(classified, name) for name in ("type", "technique", "technique_pid", "kind")}
        | {name: getattr(current, name) for name in ("made_at", "recollected_at")}
        | {
            "start": min(current.start, addition.start),
            "end": max(ends, default=None),
            "parameters": to_json(united(current.read_parameters(), added)),
            "inputs": list(_by_id(current.inputs, addition.inputs).values()),
            "files": list({file.path: file for file in (*current.files, *addition.files)}.values()),
            "findings": [
                *(finding for finding in current.findings if _stays(finding, added)),
                *addition.findings,
            ],
        }
    )


def united(current: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """The current parameters, replaced by those of the addition. A missing value never replaces a value."""
    said = {name: each for name, each in added.items() if "value" in each or "value" not in current.get(name, {})}
    return {**current, **said}


def _stays(finding: Finding, added: Collection[str]) -> bool:
    """Whether a finding still holds after something was added."""
    if finding.parameter is None:
        return finding.code in (CONTENT_REPLACED, MANY_PARTS)
    return finding.parameter not in added and finding.code not in OF_SAMPLES


def updated(current: CatalogDocument, update: CatalogDocument, *, names_sample: bool) -> CatalogDocument:
    """The current document with new values of parameters, what follows from them, and the name of the requester.

    The investigation stays, so a sample name means the sample of that investigation. Findings on the new parameters
    replace the earlier findings on them.
    """
    added = update.read_parameters()
    changes: dict[str, Any] = {
        "parameters": to_json(current.read_parameters() | added),
        "findings": [
            *(finding for finding in current.findings if finding.parameter not in added),
            *(finding for finding in update.findings if finding.parameter in added),
        ],
        "producer": update.producer,
        "sample_changer_position": update.sample_changer_position or current.sample_changer_position,
    }
    if names_sample and update.sample is not None:
        sample_id = Identities.sample(current.investigation.investigation_id, update.sample.name)
        changes["sample"] = SampleRef(sample_id=sample_id, name=update.sample.name)
    if update.container is not None:
        place = PLAIN(update.container)
        said = {name: value for name, value in place.items() if value is not None}
        changes["container"] = altered(current.container or Container(), **said)
    return current.model_copy(update=changes)


def _classification(document: CatalogDocument) -> tuple[bool, bool]:
    """How well a document knows what the dataset is. An addition of a few parameters often cannot tell."""
    return document.type == "processed", not document.kind.startswith(UNCLASSIFIED)


def _by_id(*inputs: list[LinkedInput]) -> dict[object, LinkedInput]:
    return {each.dataset_id: each for each in chain.from_iterable(inputs)}


COMPARED_AS_THEY_ARE = DocumentFacts.model_fields.keys() - {
    "producer",
    "definitions_version",
    "investigation",
    "inputs",
    "files",
    "findings",
    "made_at",
    "recollected_at",
}


def same_content(one: CatalogDocument, other: CatalogDocument, ignored: Collection[str] = ()) -> bool:
    """Whether two documents describe the dataset alike. Findings with the codes `ignored` do not count.

    These differences do not count: the producer and its version; the version of the definitions; the text of a finding;
    the user office's description of the investigation (its identity does count); the order of inputs, files, findings
    and parameters; the time zone in which a time is written.
    """
    if one.parameters != other.parameters and one.read_parameters() != other.read_parameters():
        return False
    return _content(one, ignored) == _content(other, ignored)


PLAIN = partial(msgspec.to_builtins, builtin_types=(datetime, UUID), enc_hook=vars)
"""Sections, and structs in their place, as plain values, which can be compared."""


def _content(document: CatalogDocument, ignored: Collection[str]) -> dict[str, object]:
    return {name: PLAIN(getattr(document, name)) for name in COMPARED_AS_THEY_ARE} | {
        "investigation": document.investigation.investigation_id,
        "inputs": _by_id(document.inputs).keys(),
        "files": {file.path: file.size_bytes for file in document.files},
        "findings": {
            (finding.code, finding.severity, finding.parameter, finding.value, finding.expected)
            for finding in document.findings
            if finding.code not in ignored
        },
    }
