"""The SQL of the logbook."""
# ruff: noqa: S608  # the SQL consists of constants of this package; values are arguments

from services.logbook.entries import EntryQuery, Period, Visit
from services.logbook.tables import ENTRY
from shared.postgres.bulk import insert, update
from shared.postgres.statement import Bind, Statement, asked_for, holding

_FIRST = "(excluded.received_at, excluded.said) < (entry.received_at, entry.said)"
SAVE = insert(ENTRY, then=update(ENTRY, where=_FIRST))
FILE = "select beamline, file_name, file_type, file from entry where entry_id = $1 and file is not null"
LISTED = (
    *("entry_id", "type", "category", "proposal", "beamline", "investigation_number", "dataset_name", "tags"),
    *("content", "file_name", "file_type", "octet_length(file) as file_bytes", "software", "machine", "source"),
    *("created_at", "received_at"),
)
"""The columns of an answer, without the bytes of a file."""


def page(query: EntryQuery) -> Statement:
    """The query for a page of entries, each with the total number as `total`."""
    statement = Statement()
    where = " and ".join(_conditions(query, statement.bind))
    statement.text = (
        f"select {', '.join(LISTED)}, count(*) over () as total from entry where {where}"
        f" order by created_at {query.order}, entry_id {query.order}"
        f" offset {statement.bind(query.skip, 'bigint')} limit {statement.bind(query.limit, 'bigint')}"
    )
    return statement


def count(query: EntryQuery) -> Statement:
    """The query for the total number of entries."""
    statement = Statement()
    statement.text = f"select count(*) from entry where {' and '.join(_conditions(query, statement.bind))}"
    return statement


def _conditions(query: EntryQuery, bind: Bind) -> list[str]:
    where = asked_for(
        bind,
        ("lower(beamline) = any({})", query.beamlines, "text[]"),
        ("lower(beamline) = lower({})", query.beamline, "text"),
        ("dataset_name = {}", query.dataset, "text"),
        ("tags @> {}", list(query.tags) or None, "text[]"),
        ("created_at >= {}", query.begin, "timestamptz"),
        ("created_at <= {}", query.end, "timestamptz"),
        (
            "concat_ws(' ', content::text, dataset_name, file_name, array_to_string(tags, ' ')) ilike {}",
            holding(query.search) if query.search else None,
            "text",
        ),
    )
    if query.visit is not None:
        where.append(_of_visit(query.visit, bind))
    if query.unassigned:
        where.append("proposal is null and investigation_number is null")
    if query.types:
        where.append(f"({' or '.join(_of_type(kind, category, bind) for kind, category in query.types)})")
    return where or ["true"]


def _of_type(kind: str, category: str | None, bind: Bind) -> str:
    conditions = asked_for(bind, ("type = {}", kind, "text"), ("category = {}", category, "text"))
    return f"({' and '.join(conditions)})"


def _of_visit(visit: Visit, bind: Bind) -> str:
    """The condition for a visit. An entry without a number belongs to it by proposal, beamline and time.

    The time may be up to two days before or after: ICAT assigns datasets within this range.
    """
    numbered = f"investigation_number = {bind(visit.number, 'bigint')}"
    if visit.proposal is None or visit.beamline is None or not visit.periods:
        return numbered
    near = " or ".join(_near(period, bind) for period in visit.periods)
    return (
        f"({numbered} or (investigation_number is null and lower(proposal) = {bind(visit.proposal, 'text')}"
        f" and lower(beamline) = lower({bind(visit.beamline, 'text')}) and ({near})))"
    )


def _near(period: Period, bind: Bind) -> str:
    begin, end = bind(period.begin, "timestamptz"), bind(period.end, "timestamptz")
    return (
        f"(coalesce(created_at >= {begin} - interval '48 hours', true)"
        f" and coalesce(created_at <= {end} + interval '48 hours', true))"
    )
