"""The name of a batch, under which its receipts can be asked for later."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4, uuid5

from clients.cli.terminal.output import WRONG, fail

MOST = 10_000_000
"""The most receipts of a batch, so that a typing error does not ask without end."""


@dataclass
class SubmissionBatch:
    """The receipt ids of one `beamcat submit`. They follow from a random seed and a count, so none has to be stored."""

    seed: UUID = field(default_factory=uuid4)
    count: int = 0

    @property
    def name(self) -> str:
        """The name that `beamcat status --batch` takes."""
        return f"{self.seed}-{self.count}"

    def receipt_id(self, number: int) -> str:
        """The receipt of the dataset with this number, counted from 1."""
        return str(uuid5(self.seed, str(number)))

    def numbers(self) -> Iterator[int]:
        """The numbers of all its datasets."""
        return iter(range(1, self.count + 1))


def read_batch(name: str) -> SubmissionBatch:
    """The batch of a name. If it is not one, the command ends."""
    seed, _, count = name.rpartition("-")
    try:
        batch = SubmissionBatch(UUID(seed), int(count))
    except ValueError:
        batch = SubmissionBatch()
    if not 0 < batch.count <= MOST:
        fail(f"--batch {name!r} is not the name of a batch; give the one that `beamcat submit` printed", WRONG)
    return batch
