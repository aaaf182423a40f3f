"""The catalogued datasets, as search answers for them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from shared.foundation.problem import AWAY, Problem
from shared.http.neighbour import Neighbour, lots

PASSING = {429, AWAY}
"""The statuses with which search says: ask again later."""


@dataclass(frozen=True)
class NumberedDataset:
    """A dataset that has a number."""

    number: int
    dataset_id: UUID
    beamline: str


class Catalogue(Protocol):
    """Looks up datasets by number or id."""

    async def by_number(self, numbers: Collection[int]) -> Mapping[int, NumberedDataset]:
        """The datasets of these numbers; a number that no dataset has is left out."""

    async def by_id(self, dataset_id: UUID) -> NumberedDataset | None:
        """The dataset, if it is catalogued with a number."""


class SearchCatalogue:
    """Asks search.

    Raises:
        Problem: search does not answer.
    """

    def __init__(self, search: Neighbour) -> None:
        self._search = search

    async def by_number(self, numbers: Collection[int]) -> Mapping[int, NumberedDataset]:
        """The datasets of these numbers; a number that no dataset has is left out."""
        found = [row for lot in lots(sorted(numbers)) for row in await self._ask(number=lot)]
        return {row.number: row for row in found}

    async def by_id(self, dataset_id: UUID) -> NumberedDataset | None:
        """The dataset, if it is catalogued with a number."""
        return next(iter(await self._ask(dataset_id=str(dataset_id))), None)

    async def _ask(self, **asked: object) -> list[NumberedDataset]:
        rows = await self._search.get("/numbers", asked)
        return [NumberedDataset(row["number"], UUID(row["dataset_id"]), row["beamline"]) for row in rows["datasets"]]


class MemoryCatalogue:
    """The memory twin, which needs no search."""

    def __init__(self, *datasets: NumberedDataset) -> None:
        self.datasets = list(datasets)

    async def by_number(self, numbers: Collection[int]) -> Mapping[int, NumberedDataset]:
        """The datasets of these numbers; a number that no dataset has is left out."""
        return {row.number: row for row in self.datasets if row.number in numbers}

    async def by_id(self, dataset_id: UUID) -> NumberedDataset | None:
        """The dataset, if it is catalogued with a number."""
        return next((row for row in self.datasets if row.dataset_id == dataset_id), None)


async def known_numbers(catalogue: Catalogue, numbers: Collection[int]) -> Collection[int]:
    """Which of these numbers belong to a dataset. This form is for a stage.

    Raises:
        ConnectionError: search does not answer. The stage tries again.
    """
    try:
        return (await catalogue.by_number(numbers)).keys()
    except Problem as problem:
        if problem.status not in PASSING:
            raise
        raise ConnectionError(str(problem)) from problem
