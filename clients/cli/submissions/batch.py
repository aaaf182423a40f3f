"""The name under which what was handed in together is asked for later."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4, uuid5

from clients.cli.terminal.output import WRONG, fail

MOST = 10_000_000
"""Receipts of a batch, so that nobody's typing error asks without end."""


@dataclass
class Batch:
    """Receipt ids that follow from one random id and how many there are, so that nothing needs to be kept of them."""

    seed: UUID = field(default_factory=uuid4)
    count: int = 0

    @property
    def name(self) -> str:
        """What `beamcat status --batch` takes."""
        return f"{self.seed}-{self.count}"

    def receipt_id(self, number: int) -> str:
        """The receipt of the dataset that was handed in as this one, counted from 1."""
        return str(uuid5(self.seed, str(number)))

    def numbers(self) -> Iterator[int]:
        """Of all its datasets."""
        return iter(range(1, self.count + 1))


def read_batch(name: str) -> Batch:
    """The batch that is called so; what is no name ends the command."""
    seed, _, count = name.rpartition("-")
    try:
        batch = Batch(UUID(seed), int(count))
    except ValueError:
        batch = Batch()
    if not 0 < batch.count <= MOST:
        fail(f"--batch {name!r} is no name of a batch; give the one that `beamcat submit` printed", WRONG)
    return batch
