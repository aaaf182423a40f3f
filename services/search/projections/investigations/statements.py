"""The SQL that reads the table of investigations."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone; values are arguments

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events.identity import proposal_key
from shared.postgres.statement import Statement, asked_for, holding

MOST_INVESTIGATIONS = 10_000
"""In one answer; `skip` leads on."""
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


def as_written(table: str, otherwise: str) -> str:
    """The proposal of a row as the user office writes it, according to the newest investigation of that proposal."""
    return (
        "coalesce((select proposal_name from investigation as office"
        f" where lower(office.proposal) = lower({table}.proposal) and proposal_name is not null"
        f" order by registered desc, number desc nulls last, investigation_id limit 1), {otherwise})"
    )


def investigation_at(proposal: str, beamline: str, time: datetime, beamlines: Sequence[str] | None) -> Statement:
    """The SQL of the investigation that something belongs to which happened then, as ICAT chooses it.

    `beamlines` are those that the asker may read, all of them if it is None.
    """
    statement = Statement()
    bind = statement.bind
    then = bind(time, "timestamptz")
    where = (
        f"lower(proposal) = {bind(proposal_key(proposal), 'text')}",
        f"lower(beamline) = lower({bind(beamline, 'text')})",
        "number is not null",
        *asked_for(bind, ("lower(beamline) = any({})", beamlines, "text[]")),
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
    return statement


def proposals(keys: Sequence[str] | None) -> Statement:
    """The SQL of proposals by their keys, or of all that have an investigation, each with its name."""
    statement = Statement()
    known = "(select distinct proposal from investigation where number is not null)"
    if keys is not None:
        known = f"unnest({statement.bind(list(keys), 'text[]')})"
    statement.text = f"select proposal, {as_written('known', 'proposal')} as name from {known} as known (proposal)"
    return statement


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
