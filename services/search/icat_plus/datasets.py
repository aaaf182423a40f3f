"""Datasets for ICAT's clients: the query that a URL of ICAT+ asks, and its answer, streamed page by page."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.search.cursors import read_cursor
from services.search.icat_plus.answers import dataset_answer, page_answer
from services.search.icat_plus.asking import IcatReader, Slots
from services.search.index.question import Query
from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import QueryInvalid
from services.search.query.naming import Naming
from services.search.query.query import MOST_ROWS, key_type, order_name, read_query
from shared.events.identity import Identities
from shared.foundation.errors import Fault
from shared.foundation.pages import MOST_PAGE_BYTES, page_of
from shared.vocabulary.techniques import TechniqueBook

Answer = dict[str, Any]

SORTS = {"startdate": "start", "start_date": "start", "name": "name"}
TYPES = {"acquisition": "raw", "raw": "raw", "processed": "processed"}
MOST_SKIPPED = 100_000
MOST_OUTPUTS = 1000
"""That are told with the datasets of one lot, and no more than fit into a page: the lineage has all."""


@dataclass(frozen=True)
class Wanted:
    """A query, and which part of what it finds: all of it where there is no limit."""

    query: Query
    skip: int = 0
    limit: int | None = None
    nested: bool = False


def wanted_of(
    said: Mapping[str, str], identities: Identities, zone: tzinfo, naming: Naming, techniques: TechniqueBook
) -> Wanted:
    """What the parameters of ICAT+ ask, in search's own words.

    Raises:
        QueryInvalid: with every fault that was found.
    """
    pairs = [
        (own, said[name])
        for name, own in (
            ("parameters", "parameters"),
            ("search", "q"),
            ("instrumentName", "beamline"),
            ("startDate", "startDate"),
            ("endDate", "endDate"),
        )
        if said.get(name)
    ]
    faults: list[Fault] = []
    pairs.append(("sort", _choice(said, "sortBy", SORTS, "start", faults)))
    pairs.append(("order", _choice(said, "sortOrder", {"1": "asc", "-1": "desc"}, "desc", faults)))
    if "datasetType" in said:
        pairs.append(("type", _choice(said, "datasetType", TYPES, "raw", faults)))
    pairs += [("technique", name) for name in _techniques(said, techniques, faults)]
    numbers = numbers_of(said, "datasetIds", faults)
    skip, limit = number_of(said, "skip", faults), number_of(said, "limit", faults)
    if (skip or 0) > MOST_SKIPPED:
        faults.append(Fault("skip", f"at most {MOST_SKIPPED}: narrow the query instead"))
    try:
        query = read_query(pairs, identities, zone, naming)
    except QueryInvalid as invalid:
        raise QueryInvalid([*invalid.faults, *faults]) from None
    if faults:
        raise QueryInvalid(faults)
    found = replace(query, numbers=numbers, numbered=True, count=True)
    return Wanted(found, skip or 0, limit, said.get("nested", "").lower() == "true")


def _techniques(said: Mapping[str, str], techniques: TechniqueBook, faults: list[Fault]) -> Iterator[str]:
    """The names of the techniques that PIDs mean: a dataset is kept under its technique's own."""
    for pid in filter(None, map(str.strip, said.get("techniquePids", "").split(","))):
        if technique := techniques.by_pid(pid):
            yield technique.name
        else:
            known = "GET /catalogue/techniques lists those that are"
            faults.append(Fault("techniquePids", f"{pid[:100]!r} is of no technique that is described: {known}"))


def numbers_of(said: Mapping[str, str], name: str, faults: list[Fault]) -> tuple[int, ...] | None:
    """Ids apart by commas; nothing if none are asked for."""
    if not said.get(name):
        return None
    items = [item.strip() for item in said[name].split(",") if item.strip()]
    if not all(item.isascii() and item.isdigit() and len(item) < 19 for item in items):  # noqa: PLR2004  # of a bigint
        faults.append(Fault(name, f"{said[name][:100]!r} is no list of ids: write 1,2,3"))
        return None
    return tuple(map(int, items))


def number_of(said: Mapping[str, str], name: str, faults: list[Fault]) -> int | None:
    """One whole number; nothing if it is not there."""
    text = said.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004  # as many as can be
        faults.append(Fault(name, f"{text[:100]!r} is no number of rows"))
        return None
    return int(text)


def _choice(said: Mapping[str, str], name: str, choices: Mapping[str, str], default: str, faults: list[Fault]) -> str:
    text = said.get(name)
    if not text:
        return default
    if text.lower() not in choices:
        faults.append(Fault(name, f"{text[:100]!r} is none of {', '.join(choices)}"))
    return choices.get(text.lower(), default)


class Datasets:
    """Finds datasets and answers them as ICAT+ does."""

    def __init__(self, reader: CatalogueReader, icat: IcatReader, zone: tzinfo) -> None:
        self._reader = reader
        self._icat = icat
        self._zone = zone

    async def pages(self, wanted: Wanted) -> AsyncIterator[list[Answer]]:
        """The datasets, some at a time; each tells where it stands in the whole."""
        at, after, total, most = 0, None, 0, wanted.limit
        left = None if most is None else wanted.skip + most
        while left is None or left > 0:
            size = MOST_ROWS if left is None else min(MOST_ROWS, left)
            found = await self._reader.find(replace(wanted.query, limit=size, after=after, count=at == 0))
            total = found.get("count", total)
            rows = found["datasets"]
            for lot in await self._reader.lots(rows[max(0, wanted.skip - at) :]):
                answers = await self.answers(lot, nested=wanted.nested)
                for answer in answers:
                    answer["meta"] = {"page": page_answer(total, wanted.skip, most or max(total, 1))}
                yield answers
            at += len(rows)
            left = None if left is None else left - len(rows)
            if found["next"] is None:
                return
            query = wanted.query
            order = order_name(query.sort, query.descending)
            after = read_cursor(found["next"], order, key_type(query.sort))

    async def answers(self, rows: Sequence[Mapping[str, Any]], *, nested: bool = False) -> list[Answer]:
        """These datasets in full; `nested`: with those made from them."""
        events = await self._reader.events([(row["dataset_id"], row["revision"]) for row in rows])
        read = [json.loads(events[row["dataset_id"]]) for row in rows if row["dataset_id"] in events]
        ids = {UUID(event["document"]["investigation"]["investigation_id"]) for event in read}
        slots = await self._icat.investigations(Slots(ids=tuple(ids))) if ids else []
        known = {slot["investigation_id"]: slot for slot in slots}
        outputs = await self._outputs([row["dataset_id"] for row in rows]) if nested else {}
        answers = []
        for event in read:
            slot = known.get(UUID(event["document"]["investigation"]["investigation_id"]))
            answer = dataset_answer(event, slot, self._zone)
            if nested:
                answer["outputDatasets"] = outputs.get(UUID(event["commit"]["dataset_id"]), [])
            answers.append(answer)
        return answers

    async def _outputs(self, ids: Sequence[UUID]) -> dict[UUID, list[Answer]]:
        links = await self._reader.links(ids, "parent", MOST_OUTPUTS)
        nodes = await self._reader.nodes({child for child, _, _ in links})
        numbered = [node for node in nodes if node["number"] is not None]
        by_number: dict[int, Answer] = {}
        room = MOST_PAGE_BYTES
        for lot in await self._reader.lots(numbered):
            told = page_of(await self.answers(lot), room)
            by_number |= {answer["id"]: answer for answer in told}
            room -= sum(len(to_json(answer)) for answer in told)
            if room <= 0:
                break
        by_id = {node["dataset_id"]: by_number.get(node["number"]) for node in numbered}
        outputs: dict[UUID, list[Answer]] = {}
        for child, parent, _ in links:
            if (answer := by_id.get(child)) is not None:
                outputs.setdefault(parent, []).append(answer)
        return outputs


async def streamed(first: list[Answer], pages: AsyncIterator[list[Answer]]) -> AsyncIterator[bytes]:
    """A JSON array, written while it is read; one that ends without its bracket was broken off."""
    yield b"["
    comma = b""
    page: list[Answer] | None = first
    while page is not None:
        for answer in page:
            yield comma + to_json(answer)
            comma = b","
        page = await anext(pages, None)
    yield b"]"
