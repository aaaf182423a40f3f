"""A sample, as one dataset describes it. Pure."""

from typing import NamedTuple
from uuid import UUID

from pydantic_core import to_json

from services.search.projections.datasets.note import DocumentView
from services.search.projections.facts import Law, last
from services.search.projections.order import microsecond
from shared.events.dataset import Commit
from shared.events.identity import sample_number
from shared.events.sample import Container


class SampleRow(NamedTuple):
    """A sample as one dataset describes it, in the order of the table's columns. `container` is JSON.

    `contained` says that the row names a container; such a row stands above all others. `word` is the microsecond at
    which the dataset began, so that the container of the last measurement stands.
    """

    sample_number: int
    sample_id: UUID
    investigation_id: UUID
    name: str
    container: str | None
    sample_changer_position: str | None
    contained: bool
    word: int
    dataset_id: UUID
    revision: int

    @property
    def order(self) -> tuple[bool, int, UUID, int]:
        """The greatest of several rows stands."""
        return self.contained, self.word, self.dataset_id, self.revision


SAMPLES = Law(SampleRow, key=lambda row: row.sample_number, stands=last(lambda row: row.order))


def sample_of(commit: Commit, document: DocumentView) -> SampleRow | None:
    """The sample as a committed dataset describes it, if it has one."""
    sample, container = document.sample, document.container
    if sample is None:
        return None
    return SampleRow(
        sample_number(sample.sample_id),
        sample.sample_id,
        document.investigation.investigation_id,
        sample.name,
        _written(container) if container else None,
        document.sample_changer_position,
        container is not None,
        microsecond(document.start),
        commit.dataset_id,
        commit.revision,
    )


def _written(container: Container) -> str:
    """What is known of a container, as JSON."""
    fields = ((name, getattr(container, name)) for name in Container.model_fields)
    return to_json({name: value for name, value in fields if value is not None}).decode()
