"""An ICAT server, by its REST interface: `GET /icat/entityManager?sessionId=…&query=…`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clients.cli.backfill.icat_datasets import Entity, submission_of
from clients.cli.backfill.item import Item, Position, item_of
from clients.cli.backfill.remote import Refused, Remote

MOST_PAGE = 100
"""In datasets. ICAT limits the entities of an answer (10,000 by default), and each parameter and file is one."""
GROWTH = 5
"""The growth of a page after each answer. It is halved when ICAT refuses it as too large."""
TOO_MANY = "attempt to return more than"
"""The words of ICAT's refusal of a larger answer."""
BESIDE = ("ds.investigation.investigationInstruments.instrument", "ds.sample", "ds.parameters.type")
FILES = "ds.datafiles"


@dataclass
class IcatSource:
    """The server. A position is the id of the last dataset that was read: ids only grow."""

    remote: Remote
    session: str
    _page: int = MOST_PAGE

    @property
    def identity(self) -> str:
        """Its address."""
        return self.remote.url

    def read(self, position: Position | None) -> Iterator[Item]:
        """Each dataset after an id."""
        last = int(position or 0)
        total, left = self._count(0), self._count(last)
        while datasets := self._datasets(last):
            for dataset in datasets:
                last, left = dataset["id"], left - 1
                yield _item(dataset, 1.0 - max(left, 0) / max(total, 1))

    def _count(self, after: int) -> int:
        [count] = self._ask(f"SELECT COUNT(ds) FROM Dataset ds WHERE ds.id > {after}")  # noqa: S608  a number
        return int(count)

    def _datasets(self, last: int) -> Sequence[Entity]:
        """The next datasets. If the answer would be too large, fewer; of a very large one, the files are left out."""
        self.remote.ask("PUT", f"/session/{self.session}", {})
        while True:
            try:
                found = self._ask(_query(last, self._page, (*BESIDE, FILES)))
            except Refused as refused:
                if TOO_MANY not in str(refused):
                    raise
                if self._page == 1:
                    found = self._ask(_query(last, 1, BESIDE))
                else:
                    self._page //= 2
                    continue
            self._page = min(self._page + GROWTH, MOST_PAGE)
            return [each["Dataset"] for each in found]

    def _ask(self, query: str) -> list[Any]:
        answer: list[Any] = self.remote.get("/entityManager", {"sessionId": self.session, "query": query})
        return answer


def _query(last: int, most: int, beside: Sequence[str]) -> str:
    """The question for the datasets after an id, in the query language of ICAT: JPQL with LIMIT and INCLUDE."""
    chosen = f"SELECT ds FROM Dataset ds WHERE ds.id > {last} ORDER BY ds.id"  # noqa: S608  a number
    return f"{chosen} LIMIT 0, {most} INCLUDE {', '.join(beside)}"


def _item(dataset: Entity, done: float) -> Item:
    shown = {name: dataset[name] for name in ("id", "name", "startDate") if name in dataset}
    return item_of(f"dataset {dataset['id']}", dataset["id"], done, lambda: [submission_of(dataset)], shown)
