"""Another beamcat, by its search service: the committed document of each dataset."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from clients.cli.backfill.committed import submissions_in
from clients.cli.backfill.item import Item, Position, item_of
from clients.cli.backfill.remote import Remote

Line = dict[str, Any]
PAGE = 100
ORDER = {"sort": "committed_at", "order": "asc"}
"""What is committed while a backfill reads comes last, so nothing is missed and nothing moves between pages."""


@dataclass(frozen=True)
class CatalogueSource:
    """The search service. A position is the cursor of a page, the number of datasets before it, and the last one that
    was read of it.
    """

    remote: Remote

    @property
    def identity(self) -> str:
        """Its address."""
        return self.remote.url

    def read(self, position: Position | None) -> Iterator[Item]:
        """Everything from a page on."""
        cursor, before, last = position or (None, 0, None)
        total = self._page(limit=1, count="true")["count"] or 1
        while True:
            page = self._page(limit=PAGE, **({"cursor": cursor} if cursor else {}))
            documents = self._documents([row["dataset_id"] for row in page["datasets"]])
            places = [_place(line) for line in documents]
            begin = places.index(last) + 1 if last in places else 0
            for number, line in enumerate(documents[begin:], begin):
                done = min((before + number + 1) / total, 1.0)
                after = (cursor, before, places[number])
                yield item_of(places[number], after, done, partial(submissions_in, line), line)
            if page["next"] is None:
                return
            cursor, before, last = page["next"], before + len(documents), None

    def _page(self, **fields: object) -> Any:  # noqa: ANN401  whatever JSON it is
        return self.remote.get("/datasets", {**ORDER, **fields})

    def _documents(self, ids: list[str]) -> list[Line]:
        if not ids:
            return []
        text = self.remote.text("/documents", {**ORDER, "dataset_id": ids})
        return [json.loads(line) for line in text.splitlines()]


def _place(line: Line) -> str:
    commit = line["document"]["event"]["commit"]
    return f"{commit['dataset_id']} revision {commit['revision']}"
