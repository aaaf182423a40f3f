"""Investigations, their datasets, and proposals: what is asked of them, and the SQL that answers it."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone; values are arguments

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.search.projections.investigations.table import as_written
from services.search.query.catalogue import CatalogueReader
from shared.events.identity import proposal_key
from shared.http.answers import too_large
from shared.http.door import MOST_BODY_BYTES
from shared.postgres.database import Questions
from shared.postgres.statement import Statement, asked_for, holding

Row = dict[str, Any]
MOST_INVESTIGATIONS = 10_000
"""In one answer; `skip` leads on."""
MOST_ROWS = 10_000_000
"""More than there are: an answer ends by its bytes."""
Order = Literal["started", "ended", "proposal", "title", "beamline"]
"""What investigations can be sorted by."""
FIELDS = (
    *("investigation_id", "number", "facility_id", "proposal", "beamline", "started", "ended", "title"),
    *("placeholder", "actual_started", "actual_ended"),
)
STARTED = (
    "coalesce(started, (select min(dataset.started) from dataset"
    " where dataset.investigation_id = investigation.investigation_id)) as started"
)
"""The start. If no event gave one, the first dataset's is taken."""
LISTED = f"select {', '.join(STARTED if name == 'started' else name for name in FIELDS)} from investigation"
COUNTED = (
    ", lateral (select count(*) as datasets, count(distinct sample) as samples,"
    " coalesce(sum(volume_bytes), 0)::bigint as volume"
    " from dataset where dataset.investigation_id = listed.investigation_id) as counted"
)
SORTED_BY: dict[Order, str] = {
    "started": "started",
    "ended": "ended",
    "proposal": "lower(proposal)",
    "title": "lower(title)",
    "beamline": "lower(beamline)",
}


@dataclass(frozen=True)
class InvestigationQuery:
    """Which investigations are wanted. A condition that is None does not matter."""

    beamlines: tuple[str, ...] | None = None
    """Beamlines that the asker may read, in lower case."""
    at_beamlines: tuple[str, ...] | None = None
    """Beamlines that are asked for, in lower case."""
    proposals: tuple[str, ...] | None = None
    """Proposals by their keys."""
    numbers: tuple[int, ...] | None = None
    ids: tuple[UUID, ...] | None = None
    declared: str | None = None
    """The kind of a thing that was declared for it."""
    declared_ids: tuple[str, ...] | None = None
    """The thing has one of these ids."""
    begin: datetime | None = None
    """It is not over by then."""
    end: datetime | None = None
    """It has begun by then."""
    search: str | None = None
    counted: bool = False
    """Each comes with the number of its datasets and samples and with their volume."""
    order: Order = "started"
    descending: bool = False
    skip: int = 0
    limit: int = MOST_INVESTIGATIONS


class InvestigationReader:
    """Answers questions about investigations.

    Raises:
        Problem: 422, a list does not fit into one answer.
    """

    def __init__(self, reader: CatalogueReader) -> None:
        self._reader = reader

    async def investigations(self, wanted: InvestigationQuery) -> tuple[list[Row], int | None]:
        """A page of investigations in the wanted order, and the number of all; None if the page is empty."""
        is_quick = wanted.numbers is not None and len(wanted.numbers) == 1
        rows = await self._fetch(investigations(wanted), Questions.QUICK if is_quick else Questions.COSTLY)
        totals = [row.pop("total") for row in rows]
        return rows, totals[0] if totals else None

    async def at(
        self, proposal: str, beamline: str, time: datetime, beamlines: tuple[str, ...] | None = None
    ) -> Row | None:
        """The investigation that something belongs to which happened then, as ICAT chooses it."""
        statement = Statement()
        bind = statement.bind
        then = bind(time, "timestamptz")
        permitted = asked_for(bind, ("lower(beamline) = any({})", beamlines, "text[]"))
        where = (
            f"lower(proposal) = {bind(proposal_key(proposal), 'text')}",
            f"lower(beamline) = lower({bind(beamline, 'text')})",
            "number is not null",
            *permitted,
        )
        statement.text = (
            f"select {', '.join(FIELDS)}, {as_written('investigation', 'proposal')} as name"
            f" from investigation where {' and '.join(where)}"
            f" order by coalesce(actual_started <= {then} and {then} < actual_ended, false) desc,"
            f" coalesce(started <= {then} and {then} < ended, false) desc,"
            f" coalesce(started <= {then} and ended is null, false) desc,"
            f" least(abs(extract(epoch from started - {then})), abs(extract(epoch from ended - {then}))) nulls last,"
            " number desc limit 1"
        )
        rows = await self._fetch(statement, Questions.QUICK)
        return rows[0] if rows else None

    async def proposals(self, keys: Sequence[str] | None) -> list[Row]:
        """Proposals by their keys, or all that have an investigation, each with its name as the user office writes it.

        A key that no investigation has is its own name.
        """
        statement = Statement()
        known = "(select distinct proposal from investigation where number is not null)"
        if keys is not None:
            known = f"unnest({statement.bind(list(keys), 'text[]')})"
        statement.text = f"select proposal, {as_written('known', 'proposal')} as name from {known} as known (proposal)"
        return await self._fetch(statement, Questions.COSTLY if keys is None else Questions.QUICK)

    async def samples(
        self, investigations: Sequence[UUID] | None, numbers: Sequence[int] | None, beamlines: Sequence[str] | None
    ) -> list[Row]:
        """The samples of investigations, or those of these numbers, by name."""
        statement = Statement()
        where = asked_for(
            statement.bind,
            ("investigation_id = any({})", investigations, "uuid[]"),
            ("sample_number = any({})", numbers, "bigint[]"),
            (
                "investigation_id in (select investigation_id from investigation where lower(beamline) = any({}))",
                beamlines,
                "text[]",
            ),
        )
        statement.text = (
            "select sample_number, sample_id, investigation_id, name, container from sample"
            f" where {' and '.join(['true', *where])} order by name, sample_number"
        )
        return await self._fetch(statement)

    async def datasets(
        self, investigation_id: UUID, skip: int, limit: int, search: str | None, beamlines: Sequence[str] | None
    ) -> list[Row]:
        """The datasets of an investigation that have a number, by start, without their documents."""
        statement = Statement()
        bind = statement.bind
        where = [
            f"investigation_id = {bind(investigation_id, 'uuid')}",
            "number is not null",
            *asked_for(
                bind,
                ("name ilike {}", holding(search) if search else None, "text"),
                ("lower(beamline) = any({})", beamlines, "text[]"),
            ),
        ]
        statement.text = (
            "select number, name, path, type, sample, beamline, started, ended, file_count, volume_bytes from dataset"
            f" where {' and '.join(where)}"
            f" order by started, dataset_id offset {bind(skip, 'bigint')} limit {bind(limit, 'bigint')}"
        )
        return await self._fetch(statement)

    async def _fetch(self, statement: Statement, questions: Questions = Questions.COSTLY) -> list[Row]:
        rows, has_more = await self._reader.rows(statement, MOST_ROWS, MOST_BODY_BYTES, questions=questions)
        if has_more:
            raise too_large()
        return rows


def investigations(wanted: InvestigationQuery) -> Statement:
    """The SQL of a list of investigations."""
    statement = Statement()
    where = ["number is not null and started is not null", *_conditions(wanted, statement), *_within(wanted, statement)]
    direction = "desc" if wanted.descending else "asc"
    order = f"{SORTED_BY[wanted.order]} {direction} nulls last, started {direction}, number {direction}"
    listed = (
        f"select *, count(*) over () as total, row_number() over (order by {order}) as place"
        f" from ({LISTED}) as investigation where {' and '.join(where)} order by {order}"
        f" offset {statement.bind(wanted.skip, 'bigint')} limit {statement.bind(wanted.limit, 'bigint')}"
    )
    statement.text = (
        f"select {', '.join(FIELDS)}, total, {as_written('listed', 'proposal')} as name"
        f"{', counted.*' if wanted.counted else ''}"
        f" from ({listed}) as listed{COUNTED if wanted.counted else ''} order by place"
    )
    return statement


def _conditions(wanted: InvestigationQuery, statement: Statement) -> list[str]:
    words = None if wanted.search is None else [holding(text) for text in _spellings(wanted.search)]
    conditions = asked_for(
        statement.bind,
        ("lower(beamline) = any({})", wanted.beamlines, "text[]"),
        ("lower(beamline) = any({})", wanted.at_beamlines, "text[]"),
        ("lower(proposal) = any({})", wanted.proposals, "text[]"),
        ("number = any({})", wanted.numbers, "bigint[]"),
        ("investigation_id = any({})", wanted.ids, "uuid[]"),
        ("concat_ws(' ', proposal, beamline, title) ilike any({})", words, "text[]"),
    )
    if wanted.declared is not None:
        things = asked_for(
            statement.bind, ("kind = {}", wanted.declared, "text"), ("id = any({})", wanted.declared_ids, "text[]")
        )
        declared = f"select investigation_id from declaration where {' and '.join(things)}"
        conditions.append(f"investigation_id in ({declared})")
    return conditions


def _within(wanted: InvestigationQuery, statement: Statement) -> list[str]:
    """The condition that it overlaps a time, by the plan or as it was rescheduled; an open-ended one is not over."""
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


def _spellings(search: str) -> tuple[str, str]:
    """What is searched for: the words, or the proposal that they name."""
    return search, proposal_key(search) or search
