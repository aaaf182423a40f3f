"""The rows that an outcome writes to each table, with values in the order of the columns."""

from collections.abc import Iterator, Sequence
from operator import attrgetter

from services.catalog_writer.documents import CatalogDocument, CatalogView
from services.catalog_writer.handler import Answered, Revised
from shared.events.codes import Refusal
from shared.events.wire import Received
from shared.foundation.packing import packed
from shared.stages.outcomes import Outcome

Row = Sequence[object]


investigation_row = attrgetter(
    "investigation_id", "facility_id", "proposal", "beamline", "start", "end", "title", "placeholder"
)
"""An investigation."""


def sample_row(document: CatalogDocument) -> Row:
    """The row of the dataset's sample, if it has one."""
    assert document.sample is not None
    return document.sample.sample_id, document.investigation.investigation_id, document.sample.name


def dataset_row(revised: Revised) -> Row:
    """The row of the dataset after this revision."""
    document = revised.document
    return (
        document.dataset_id,
        revised.commit.number,
        revised.commit.revision,
        document.path,
        document.name,
        document.type,
        document.kind,
        document.technique,
        document.proposal,
        document.beamline,
        document.investigation.investigation_id,
        document.sample and document.sample.sample_id,
        document.start,
        document.end,
        document.complete,
        document.sequence_index,
        document.file_count,
        document.volume_bytes,
    )


def revision_row(revised: Revised) -> Row:
    """The row of the revision, with its event."""
    commit = revised.commit
    return (
        commit.dataset_id,
        commit.revision,
        commit.receipt_id,
        commit.outcome,
        commit.submitted_at,
        commit.committed_at,
        packed(revised.payload),
    )


def receipt_rows(event: Received[CatalogView], outcome: Outcome) -> Iterator[Row]:
    """The row of the answer to the submission, if the answer is new."""
    match outcome:
        case Answered(commit, submission):
            yield commit.dataset_id, submission.key, commit.revision, None, None
        case Refusal(code, message):
            dataset_id = event.event.dataset.dataset_id
            yield dataset_id, event.submission(dataset_id).key, None, code.value, message


def link_rows(document: CatalogDocument) -> Iterator[Row]:
    """The rows of the dataset's inputs."""
    for parent in document.inputs:
        yield document.dataset_id, parent.dataset_id


def file_rows(document: CatalogDocument) -> Iterator[Row]:
    """The rows of the listed files."""
    for position, file in enumerate(document.files):
        yield document.dataset_id, position, file.path, file.size_bytes
