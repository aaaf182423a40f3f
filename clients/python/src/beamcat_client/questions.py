"""The queries to the catalogue."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Union
from urllib.parse import quote, urlencode

from beamcat_client.answers import Status
from beamcat_client.errors import AddressUnknown
from beamcat_client.submission import plain
from beamcat_client.transport import Http

PathLike = Union[str, "os.PathLike[str]"]


class Questions:
    """The queries to one search service. `origin` is the place that names it, or should."""

    def __init__(self, search: Http | None, origin: str) -> None:
        self._search = search
        self._origin = origin

    def statuses(self, path: PathLike) -> list[Status]:
        """All submissions of the dataset at this path, newest first.

        Raises:
            BeamcatError: the path is invalid, or the search service does not answer.
        """
        answer = self._asked(f"/receipts?{urlencode({'path': os.fspath(path)})}")
        return [Status(str(each["receipt_id"]), str(each["state"]), each) for each in answer["receipts"]]

    def find(self, q: str | None = None, *, parameters: Sequence[str] = (), **filters: Any) -> Iterator[dict[str, Any]]:
        """The datasets that match, fetched page by page as they are consumed.

        Args:
            q: words of the name, path, sample, proposal or text parameters; all must occur.
            parameters: conditions such as `"MX_resolution<2"` or, as in ICAT+, `"MX_flux~gt~1e11"`; all must be true.
            filters: `type`, `kind`, `technique`, `proposal`, `sample`, `beamline` (one or a list), `path`, `startDate`,
                `endDate`, `complete`, `sort`, `order`, and `limit` (of a page).

        Raises:
            BeamcatError: the query is invalid, or the search service does not answer.
        """
        query = {"q": q, "parameters": list(parameters), **filters}
        said = {name: _text(value, name) for name, value in query.items() if value is not None}
        while True:
            page = self._asked(f"/datasets?{urlencode(said, doseq=True)}")
            yield from page["datasets"]
            if not page.get("next"):
                return
            said["cursor"] = page["next"]

    def dataset(self, dataset: PathLike, revision: int | None = None) -> dict[str, Any]:
        """The latest or a given revision of a dataset (by id or path): `commit` and `document`.

        Raises:
            NotFound: the catalogue does not hold it.
            BeamcatError: the search service refuses, or is away.
        """
        text = os.fspath(dataset)
        if "/" in text:
            latest = self._asked(f"/datasets/by-path?{urlencode({'path': text})}")
            if revision is None:
                return latest
            text = latest["commit"]["dataset_id"]
        query = "" if revision is None else f"?revision={revision}"
        return self._asked(f"/datasets/{quote(text, safe='')}{query}")

    def lineage(self, dataset: PathLike, direction: str = "both", depth: int = 5) -> dict[str, Any]:
        """The datasets from which this one (by id or path) was made (`up`), those made from it (`down`), or `both`.

        The pages of a large lineage are fetched and joined. `truncated` says that it continues beyond `depth`.

        Raises:
            NotFound: the catalogue does not hold it.
            BeamcatError: the search service refuses, or is away.
        """
        text = os.fspath(dataset)
        dataset_id = self.dataset(text)["commit"]["dataset_id"] if "/" in text else text
        asked = {"direction": direction, "depth": depth}
        route = f"/datasets/{quote(dataset_id, safe='')}/lineage"
        graph = self._asked(f"{route}?{urlencode(asked)}")
        while graph.get("next") is not None:
            page = self._asked(f"{route}?{urlencode({**asked, 'skip': graph['next']})}")
            graph = {**page, **{part: [*graph[part], *page[part]] for part in ("nodes", "edges")}}
        return graph

    def _asked(self, path: str) -> dict[str, Any]:
        if self._search is None:
            raise AddressUnknown(f"no search service is named by {self._origin}: name it there too (search_url)")
        return self._search.ask("GET", path)


def _text(value: Any, place: str) -> Any:
    said = plain(value, place)
    return str(said).lower() if isinstance(said, bool) else said
