"""The client of search, for investigations, samples, declarations and documents."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic_core import to_json

from shared.events.declarations import DeclarationRow, Declared, ParcelStatusRow, PlaceRow, Stamp, together
from shared.http.neighbour import Neighbour, lots

Row = dict[str, Any]
Order = Literal["started", "ended", "proposal", "title", "beamline"]
MOST_ROWS = 10_000
"""The most rows of one answer. `skip` leads to the next ones."""
TIMES = ("started", "ended", "actual_started", "actual_ended")


@dataclass(frozen=True)
class InvestigationQuery:
    """A query for investigations. A condition that is None accepts everything."""

    beamlines: tuple[str, ...] | None = None
    """The beamlines that the sender of the request may read, in lower case."""
    at_beamlines: tuple[str, ...] | None = None
    """The requested beamlines, in lower case."""
    proposals: tuple[str, ...] | None = None
    """The keys of proposals."""
    numbers: tuple[int, ...] | None = None
    ids: tuple[UUID, ...] | None = None
    declared: str | None = None
    """The kind of something that was declared for it."""
    declared_ids: tuple[str, ...] | None = None
    """The possible ids of what was declared."""
    begin: datetime | None = None
    """It ends after this time."""
    end: datetime | None = None
    """It begins before this time."""
    counted: bool = False
    """Whether each comes with the number of its datasets and samples and with their volume."""
    search: str | None = None
    sort: Order = "started"
    descending: bool = False
    skip: int = 0
    limit: int = MOST_ROWS

    @property
    def finds_nothing(self) -> bool:
        """Whether a condition accepts no value at all."""
        return () in (self.beamlines, self.at_beamlines, self.proposals, self.numbers, self.ids, self.declared_ids)

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of `GET /investigations`."""
        return {
            "beamlines": self.beamlines,
            "beamline": self.at_beamlines,
            "proposal": self.proposals,
            "number": self.numbers,
            "id": self.ids and [str(each) for each in self.ids],
            "declared": self.declared,
            "declared_id": self.declared_ids,
            "begin": self.begin and self.begin.isoformat(),
            "end": self.end and self.end.isoformat(),
            "counted": self.counted,
            "search": self.search,
            "sort": self.sort,
            "descending": self.descending,
            "skip": self.skip,
            "limit": self.limit,
        }


@dataclass(frozen=True)
class CommittedDocument:
    """A committed event, with the current state of its investigation."""

    event: Mapping[str, Any]
    investigation: Row | None


@dataclass(frozen=True)
class FoundDocument:
    """A document that a query finds, with those of the datasets made from it, if requested."""

    total: int
    """The number of all documents that the query finds."""
    document: CommittedDocument
    outputs: Sequence[CommittedDocument]


class SearchService:
    """Asks search for what the catalogue contains.

    Raises:
        Problem: 503, the service does not answer; 422, an answer would be too large.
    """

    def __init__(self, search: Neighbour) -> None:
        self._search = search

    async def investigations(self, wanted: InvestigationQuery) -> tuple[list[Row], int]:
        """A page of investigations in the wanted order, and the number of all (0 if the page is empty)."""
        if wanted.finds_nothing:
            return [], 0
        found = await self._search.get("/investigations", wanted.params)
        return [_investigation(row) for row in found["investigations"]], found["total"] or 0

    async def investigations_of(
        self, ids: Collection[UUID], wanted: InvestigationQuery = InvestigationQuery()
    ) -> list[Row]:
        """The investigations with these ids, in no particular order."""
        rows: list[Row] = []
        for lot in lots(sorted(ids)):
            rows += (await self.investigations(replace(wanted, ids=tuple(map(UUID, lot)))))[0]
        return rows

    async def investigation(self, number: int, beamlines: tuple[str, ...] | None) -> Row | None:
        """The investigation with a number. If there are two, the one that is not a placeholder."""
        rows, _ = await self.investigations(InvestigationQuery(beamlines=beamlines, numbers=(number,)))
        return min(rows, key=lambda row: bool(row["placeholder"]), default=None)

    async def investigation_at(self, proposal: str, beamline: str, time: datetime) -> Row | None:
        """The investigation of a proposal on a beamline at a time, by ICAT's rules."""
        asked = {"proposal": proposal, "beamline": beamline, "time": time.isoformat()}
        row = (await self._search.get("/investigations/at", asked))["investigation"]
        return row and _investigation(row)

    async def datasets_of(self, investigation_id: UUID, skip: int, limit: int, search: str | None) -> list[Row]:
        """The datasets of an investigation, by start, without their documents."""
        asked = {"skip": skip, "limit": limit, "search": search}
        found = await self._search.get(f"/investigations/{investigation_id}/datasets", asked)
        return [row | _times(row, "started", "ended") for row in found["datasets"]]

    async def proposals(self) -> list[str]:
        """The names of all proposals."""
        return [row["name"] for row in (await self._search.get("/proposals"))["proposals"]]

    async def proposal_names(self, keys: Collection[str]) -> dict[str, str]:
        """The user office's spelling of proposals, by their keys."""
        names: dict[str, str] = {}
        for lot in lots(sorted(keys)):
            found = await self._search.get("/proposals", {"proposal": lot})
            names |= {row["proposal"]: row["name"] for row in found["proposals"]}
        return names

    async def samples(self, investigations: Collection[UUID]) -> list[Row]:
        """The samples of investigations, by name."""
        return await self._samples("investigation", sorted(investigations))

    async def samples_by_number(self, numbers: Collection[int]) -> list[Row]:
        """The samples with these numbers, by name."""
        return await self._samples("number", sorted(numbers))

    async def _samples(self, field: str, values: Sequence[object]) -> list[Row]:
        found = [row for lot in lots(values) for row in (await self._search.get("/samples", {field: lot}))["samples"]]
        rows = [_identified(row, "sample_id", "investigation_id") for row in found]
        return sorted(rows, key=lambda row: (row["name"], row["sample_number"]))

    async def permitted_numbers(self, numbers: Collection[int], beamlines: tuple[str, ...] | None) -> set[int]:
        """Those of the numbers that belong to a dataset of these beamlines."""
        asked = {"number": sorted(numbers), "beamlines": beamlines}
        return {row["number"] for row in (await self._search.get("/numbers", asked))["datasets"]} if numbers else set()

    async def documents(
        self, asked: Mapping[str, Any], beamlines: tuple[str, ...] | None
    ) -> AsyncGenerator[FoundDocument]:
        """The documents that match the parameters of `GET /documents`, as they arrive."""
        async for line in self._search.lines("/documents", {**asked, "beamlines": beamlines}):
            yield FoundDocument(
                line["total"], _document(line["document"]), [_document(output) for output in line["outputs"]]
            )

    async def declared(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        """The declarations for investigations, and the last loads there and at some beamlines (in lower case)."""
        declared = Declared()
        for lot in lots(sorted(investigations)):
            skip: int | None = 0
            while skip is not None:
                asked = {"investigation": lot, "places": sorted(beamlines), "skip": skip}
                page = await self._search.get("/declarations", asked)
                declared = together(declared, declared_in(page["declarations"]))
                skip = page["next"]
        return declared


def _document(row: Row) -> CommittedDocument:
    return CommittedDocument(row["event"], row["investigation"] and _investigation(row["investigation"]))


def _investigation(row: Row) -> Row:
    return _identified(row, "investigation_id") | _times(row, *TIMES)


def _identified(row: Row, *names: str) -> Row:
    return row | {name: UUID(row[name]) for name in names}


def _times(row: Row, *names: str) -> Row:
    return {name: datetime.fromisoformat(row[name]) if row[name] else None for name in names}


def declared_in(rows: Sequence[Row]) -> Declared:
    """The declarations in rows of `GET /declarations`."""
    return Declared(
        tuple(_declaration(row["declaration"]) for row in rows if "declaration" in row),
        tuple(_place(row["place"]) for row in rows if "place" in row),
        tuple(_status(row["status"]) for row in rows if "status" in row),
    )


def _stamp(at: str, source_id: str) -> Stamp:
    return Stamp(datetime.fromisoformat(at), UUID(source_id))


def _declaration(row: Row) -> DeclarationRow:
    return DeclarationRow(
        UUID(row["investigation_id"]),
        row["kind"],
        row["id"],
        row["parent"],
        to_json(row["body"]).decode(),
        row["removed"],
        _stamp(row["said_at"], row["said"]),
        _stamp(row["content_at"], row["content_said"]) if row["content_at"] else None,
        _stamp(row["first_at"], row["first_said"]),
    )


def _place(row: Row) -> PlaceRow:
    investigation_id, last = UUID(row["investigation_id"]), _stamp(row["said_at"], row["said"])
    return PlaceRow(row["beamline"], row["location"], investigation_id, row["item"], last)


def _status(row: Row) -> ParcelStatusRow:
    return ParcelStatusRow(
        UUID(row["said"]),
        UUID(row["investigation_id"]),
        row["parcel"],
        row["status"],
        row["location"],
        to_json(row["body"]).decode(),
        row["said_by"],
        datetime.fromisoformat(row["at"]),
    )
