"""The searched part of a catalogued document: facts, values of parameters, words and inputs. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime

from services.search.projections.facts import Law, last
from shared.events.dataset import Commit
from shared.events.identity import sample_name
from shared.events.investigation import InvestigationRef
from shared.events.sample import Container, SampleRef
from shared.events.sections import ProposalKey, Section
from shared.foundation.memo import remembered
from shared.foundation.spelling import normalised

WORD = re.compile(r"[^\W_]{1,64}")
"""A word of at most 64 characters. Longer runs are cut into such words, in documents and queries alike."""
PIECE = re.compile(r"\d+|[^\W\d_]+")
"""A piece of a proposal: its letters or its number. Both are words too, because people write them separately."""
MOST_WORDS = 1000
LONGEST_TEXT = 1000
"""The characters of a text parameter that filters see. The document keeps the whole text."""
LONGEST_NAME = 255


class ContextRow(NamedTuple):
    """The facts that many datasets share and by which facets count, in the order of the table's columns."""

    context: int
    technique: str
    kind: str
    beamline: str
    proposal: str
    type: str
    sample: str | None


class FindingSetRow(NamedTuple):
    """The codes of findings in order, each once. The id is derived from them."""

    finding_set: int
    codes: tuple[str, ...]


class DatasetRow(NamedTuple):
    """The facts of a dataset that lists, facets and sorting need, in the order of the table's columns."""

    dataset_id: UUID
    revision: int
    path: str
    name: str
    type: str
    kind: str
    technique: str
    proposal: str
    beamline: str
    sample: str | None
    started: datetime
    ended: datetime | None
    complete: bool
    submitted_at: datetime
    committed_at: datetime
    file_count: int | None
    volume_bytes: int | None
    context: int
    finding_set: int
    number: int | None
    investigation_id: UUID


class ParameterKey(NamedTuple):
    """A canonical parameter name. `many` says that the value is a list, whose elements are indexed one by one."""

    name: str
    many: bool


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """One revision of a dataset, ready for the index."""

    row: DatasetRow
    context: ContextRow
    findings: FindingSetRow
    names: tuple[str, ...]
    """The names of the parameters. Many datasets have the same."""
    values: tuple[Any, ...]
    """The value of each of them: a text, a number, a boolean or a list of them."""
    words: str
    inputs: list[tuple[UUID, str]]

    @property
    def numbers(self) -> list[tuple[ParameterKey, float]]:
        """The numbers, each with its parameter."""
        return [(key, one) for key, one in self._elements() if isinstance(one, float)]

    @property
    def texts(self) -> list[tuple[ParameterKey, str]]:
        """The texts, likewise."""
        return [(key, one) for key, one in self._elements() if isinstance(one, str)]

    def _elements(self) -> Iterator[tuple[ParameterKey, float | str]]:
        return chain.from_iterable(map(elements, self.names, self.values))


DATASETS = Law(
    DatasetEntry,
    key=lambda entry: entry.row.dataset_id,
    stands=last(lambda entry: (entry.row.revision, entry.row.committed_at)),
)
"""The highest revision of each dataset stands."""


class InputView(Section):
    """An input of a dataset."""

    path: str
    dataset_id: UUID


class FindingView(Section):
    """The searched part of a finding. In a catalogued document all findings are warnings."""

    code: str


class ParameterView(Section):
    """The searched part of a parameter. Without a canonical value it is found by the original, and as a text."""

    value: Any = None
    original: Any = None


class DocumentView(Section):
    """The searched part of a document."""

    name: str
    type: str
    technique: str
    kind: str
    proposal: ProposalKey
    beamline: str
    start: AwareDatetime
    end: AwareDatetime | None
    complete: bool
    investigation: InvestigationRef
    sample: SampleRef | None
    container: Container | None
    sample_changer_position: str | None
    inputs: list[InputView]
    file_count: int | None
    volume_bytes: int | None
    findings: list[FindingView]
    parameters: dict[str, ParameterView]


def entry_of(commit: Commit, document: DocumentView) -> DatasetEntry:
    """The index entry of one revision."""
    parameters = document.parameters
    values = tuple([each.original if each.value is None else each.value for each in parameters.values()])
    sample = sample_name(document.sample.name) if document.sample else None
    facts = (document.technique, document.kind, document.beamline, document.proposal, document.type, sample)
    context = ContextRow(_identified(*facts), *facts)
    codes = tuple(sorted({finding.code for finding in document.findings}))
    findings = FindingSetRow(_identified(*codes), codes)
    row = DatasetRow(
        commit.dataset_id,
        commit.revision,
        commit.path,
        document.name,
        document.type,
        document.kind,
        document.technique,
        document.proposal,
        document.beamline,
        sample,
        document.start,
        document.end,
        document.complete,
        commit.submitted_at,
        commit.committed_at,
        document.file_count,
        document.volume_bytes,
        context.context,
        findings.finding_set,
        commit.number,
        document.investigation.investigation_id,
    )
    proposal = (document.proposal, document.investigation.proposal_name or "", *_pieces(document.proposal))
    own = words_of(" ".join((document.name, commit.path, sample or "", *proposal)))
    words = list(dict.fromkeys(chain(own, *map(_words, _texts(values)))))[:MOST_WORDS]
    inputs = {parent.dataset_id: (parent.dataset_id, parent.path) for parent in document.inputs}
    return DatasetEntry(row, context, findings, tuple(parameters), values, " ".join(words), list(inputs.values()))


def _identified(*facts: object) -> int:
    """An id of 64 bits that is derived from the facts, so that it need not be looked up."""
    return _number_of(repr(facts))


@remembered(10_000)
def _number_of(facts: str) -> int:
    return int.from_bytes(blake2b(facts.encode(), digest_size=8).digest(), signed=True)


@remembered(10_000)
def _pieces(proposal: str) -> Sequence[str]:
    return tuple(PIECE.findall(proposal))


def words_of(text: str) -> list[str]:
    """The words by which a text is found, each once: runs of letters and digits in lower case."""
    return list(dict.fromkeys(WORD.findall(normalised("NFC", text).lower())))


@lru_cache(maxsize=10_000)
def _words(text: str) -> Sequence[str]:
    """The words of a text that is cut to `LONGEST_TEXT`."""
    return words_of(text)


def _texts(values: Iterable[Any]) -> list[str]:
    """The texts among the values of parameters, as they are compared."""
    texts: list[str] = []
    for value in values:
        kind = type(value)
        if kind is str:
            texts.append(value[:LONGEST_TEXT])
        elif kind is not float and (kind is not int or floats([value]) is None):
            texts += (one for _, one in elements("", value) if isinstance(one, str))
    return texts


def floats(numbers: Iterable[float]) -> list[float] | None:
    """Numbers as they are compared, which is as floats; None if one is an integer beyond all floats."""
    try:
        return list(map(float, numbers))
    except OverflowError:
        return None


def elements(name: str, value: Any) -> list[tuple[ParameterKey, float | str]]:  # noqa: ANN401  # as JSON has it
    """What is indexed of a parameter: its value, or each element of a list once."""
    many = isinstance(value, list)
    return [(key_of(name, many), one) for one in dict.fromkeys(map(_comparable, value if many else [value]))]


@lru_cache(maxsize=10_000)
def key_of(name: str, many: bool) -> ParameterKey:  # noqa: FBT001  # as the key has them
    """The key of a parameter with single values, or of one with lists."""
    return ParameterKey(name[:LONGEST_NAME], many)


def _comparable(value: object) -> float | str:
    """The value as it is compared: a number as a float, everything else, and an integer beyond all floats, as text."""
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return float(value)  # type: ignore[arg-type]  # an integer is all that is left
    except OverflowError:
        return str(value)[:LONGEST_TEXT]
