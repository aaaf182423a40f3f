"""Reading investigations and samples for ICAT's clients: a statement or two an answer."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone; values are arguments

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.search.index.port import ROWS_AT_ONCE
from services.search.projections.investigations.note import InvestigationRow
from services.search.projections.investigations.statements import as_written
from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import QueryInvalid
from shared.events.identity import proposal_key
from shared.foundation.errors import Fault
from shared.http.door import MOST_BODY_BYTES
from shared.postgres.database import Questions
from shared.postgres.statement import Statement, asked_for, holding

Row = dict[str, Any]
MOST_ROWS = 10_000
"""Of investigations, samples or entries in one answer; `skip` leads on."""
EVERY_ROW = 10_000_000
SlotOrder = Literal["startdate", "enddate", "name", "title", "instrument"]
"""What investigations can be sorted by: fields of ICAT+'s `Investigation`, in lower case."""
SLOTS = (
    f"select {', '.join(name for name in InvestigationRow._fields if name != 'started')}, coalesce(started, (select"
    " min(dataset.started) from dataset where dataset.investigation_id = investigation.investigation_id)) as started"
    " from investigation"
)
"""Investigations. Of one that no event gave a start, the first dataset's is taken."""
COUNTED = (
    ", lateral (select count(*) as datasets, count(distinct sample) as samples,"
    " coalesce(sum(volume_bytes), 0)::bigint as volume"
    " from dataset where dataset.investigation_id = listed.investigation_id) as counted"
)
COLUMNS: dict[SlotOrder, str] = {
    "startdate": "started",
    "enddate": "ended",
    "name": "lower(proposal)",
    "title": "lower(title)",
    "instrument": "lower(beamline)",
}


@dataclass(frozen=True)
class Slots:
    """Which investigations are wanted; what is absent does not matter."""

    beamlines: tuple[str, ...] | None = None
    """Of which the asker may know, in lower case."""
    on: tuple[str, ...] | None = None
    """Beamlines that are asked for, in lower case."""
    proposals: tuple[str, ...] | None = None
    """By their keys."""
    numbers: tuple[int, ...] | None = None
    ids: tuple[UUID, ...] | None = None
    begin: datetime | None = None
    """Not over by then."""
    end: datetime | None = None
    """Begun by then."""
    counted: bool = False
    """Each with what is catalogued of it."""
    search: str | None = None
    sort: SlotOrder = "startdate"
    descending: bool = False
    skip: int = 0
    limit: int = MOST_ROWS


def too_large() -> QueryInvalid:
    """What is said of a list that does not fit into one answer."""
    told = f"the answer would have more than {MOST_BODY_BYTES} bytes"
    return QueryInvalid([Fault("limit", f"{told}; ask for fewer with limit, and go on with skip")])


class IcatReader:
    """What the read model knows that is not a dataset.

    Raises:
        QueryInvalid: a list does not fit into one answer.
    """

    def __init__(self, reader: CatalogueReader) -> None:
        self._reader = reader

    async def investigations(self, wanted: Slots) -> list[Row]:
        """In the order that is wanted; each with the number of all, as `total`, and its proposal as it is written."""
        return await self._fetch(investigations(wanted))

    async def investigation(self, number: int, beamlines: tuple[str, ...] | None) -> Row | None:
        """The investigation of a number; of two, the one that is no placeholder."""
        wanted = Slots(beamlines=beamlines, numbers=(number,))
        rows = await self._fetch(investigations(wanted), questions=Questions.QUICK)
        return min(rows, key=lambda row: bool(row["placeholder"]), default=None)

    async def at(self, proposal: str, beamline: str, time: datetime) -> Row | None:
        """The investigation that something belongs to which happened then, as ICAT chooses it."""
        statement = Statement()
        bind = statement.bind
        then = bind(time, "timestamptz")
        statement.text = (
            f"select * from investigation where lower(proposal) = {bind(proposal_key(proposal), 'text')}"
            f" and lower(beamline) = lower({bind(beamline, 'text')}) and number is not null"
            f" order by coalesce(actual_started <= {then} and {then} < actual_ended, false) desc,"
            f" coalesce(started <= {then} and {then} < ended, false) desc,"
            f" coalesce(started <= {then} and ended is null, false) desc,"
            f" least(abs(extract(epoch from started - {then})), abs(extract(epoch from ended - {then}))) nulls last,"
            " number desc limit 1"
        )
        rows = await self._fetch(statement, questions=Questions.QUICK)
        return rows[0] if rows else None

    async def proposals(self) -> list[str]:
        """The names of all proposals."""
        known = "(select distinct proposal from investigation where number is not null) as known"
        rows = await self._fetch(Statement(f"select {as_written('known', 'proposal')} as name from {known}"))
        return [row["name"] for row in rows]

    async def samples(self, investigations: Sequence[UUID] | None, numbers: Sequence[int] | None) -> list[Row]:
        """The samples of investigations, or of these numbers."""
        statement = Statement()
        where = asked_for(
            statement.bind,
            ("investigation_id = any({})", investigations, "uuid[]"),
            ("sample_number = any({})", numbers, "bigint[]"),
        )
        statement.text = f"select * from sample where {' and '.join(['true', *where])} order by name, sample_number"
        return await self._fetch(statement)

    async def registered(self, investigation_id: UUID, skip: int, limit: int, search: str | None) -> list[Row]:
        """The datasets of an investigation, by start, from what lists show: no document is read."""
        statement = Statement()
        bind = statement.bind
        found = f" and (name ilike {bind(holding(search), 'text')})" if search else ""
        statement.text = (
            "select number, name, path, type, sample, beamline, started, ended, file_count, volume_bytes from dataset"
            f" where investigation_id = {bind(investigation_id, 'uuid')} and number is not null{found}"
            f" order by started, dataset_id offset {bind(skip, 'bigint')} limit {bind(limit, 'bigint')}"
        )
        return await self._fetch(statement)

    async def proposal_names(self, proposals: Collection[str]) -> dict[str, str]:
        """How the user office writes proposals that are given by their keys."""
        statement = Statement()
        keys = statement.bind(list(proposals), "text[]")
        statement.text = (
            f"select proposal, {as_written('known', 'proposal')} as name from unnest({keys}) as known (proposal)"
        )
        rows = await self._fetch(statement, questions=Questions.QUICK)
        return {row["proposal"]: row["name"] for row in rows}

    async def _fetch(self, statement: Statement, *, questions: Questions = Questions.COSTLY) -> list[Row]:
        rows, has_more = await self._reader.rows(statement, EVERY_ROW, MOST_BODY_BYTES, ROWS_AT_ONCE, questions)
        if has_more:
            raise too_large()
        return rows


def investigations(wanted: Slots) -> Statement:
    """The SQL of a list of investigations."""
    statement = Statement()
    conditions = asked_for(
        statement.bind,
        ("lower(beamline) = any({})", wanted.beamlines, "text[]"),
        ("lower(beamline) = any({})", wanted.on, "text[]"),
        ("lower(proposal) = any({})", wanted.proposals, "text[]"),
        ("number = any({})", wanted.numbers, "bigint[]"),
        ("investigation_id = any({})", wanted.ids, "uuid[]"),
        (
            "concat_ws(' ', proposal, beamline, title) ilike any({})",
            _spoken(wanted.search) if wanted.search else None,
            "text[]",
        ),
    )
    where = ["number is not null and started is not null", *conditions, *_within(wanted, statement)]
    direction = "desc" if wanted.descending else "asc"
    order = f"{COLUMNS[wanted.sort]} {direction} nulls last, started {direction}, number {direction}"
    listed = (
        f"select *, count(*) over () as total, row_number() over (order by {order}) as place from ({SLOTS}) as slot"
        f" where {' and '.join(where)} order by {order}"
        f" offset {statement.bind(wanted.skip, 'bigint')} limit {statement.bind(wanted.limit, 'bigint')}"
    )
    statement.text = (
        f"select listed.*, {as_written('listed', 'proposal')} as name{', counted.*' if wanted.counted else ''}"
        f" from ({listed}) as listed{COUNTED if wanted.counted else ''} order by place"
    )
    return statement


def _within(wanted: Slots, statement: Statement) -> list[str]:
    """What overlaps a time, by the plan or as it was rescheduled; an open-ended one is not over."""
    planned = ("coalesce(ended >= {}, true)", "started <= {}")
    actual = ("actual_ended >= {}", "actual_started <= {}")
    times = (wanted.begin, wanted.end)
    overlaps = [
        " and ".join(
            condition.format(statement.bind(time, "timestamptz"))
            for condition, time in zip(conditions, times, strict=True)
            if time is not None
        )
        for conditions in (planned, actual)
    ]
    return [f"(({overlaps[0]}) or ({overlaps[1]}))"] if any(times) else []


def _spoken(search: str) -> list[str]:
    """What holds the words, or the proposal that they are."""
    return [holding(search), holding(proposal_key(search) or search)]
