"""The SQL that reads the table of rejections: a page of them, their counts, and one of them. Pure.

A rejection is *resolved* once what it refused is catalogued after all (ADR 25). That is looked up whenever somebody
asks, so it cannot depend on the order in which events arrive. Each question reads a limited number of rejections.
"""
# ruff: noqa: S608  # the SQL is put together from this file's words alone; values are arguments

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.search.cursors import Cursor
from services.search.projections.receipts.note import Rank
from shared.events.headers import OURS
from shared.postgres.statement import Statement, asked_for, where_of

State = Literal["open", "resolved", "all"]

LISTED = (
    "rejection_id, receipt_id, dataset_id, path, beamline, producer, stage, code, message, topic, partition,"
    " record_offset as \"offset\", rejected_at, coalesce(finding_codes, '{}') as findings"
)
ORDER = "rejected_at desc"
_NEWEST_FIRST = "order by rejected_at desc, rejection_id desc"
MOST_WALKED = 2000
"""The rejections that are searched for one page of open or resolved ones. `next` continues after the last of them."""
MOST_COUNTED = 10_000
"""The newest rejections that one summary counts."""
MOST_GROUPS = 200
"""The most groups of one summary. Whoever writes to Kafka can invent any number of producers."""
SUMMARY_SPAN = timedelta(days=30)
"""How far back a summary counts by default."""

_TAKEN = "select dataset_id, answer, heard_at, receipt_id from receipt where"
_COMMITTED = f"rank = {int(Rank.COMMITTED)}"
RESOLUTION = f"""
left join lateral (
  select dataset_id as resolved_by, (answer::json ->> 'revision')::int as resolved_revision,
    (answer::json ->> 'committed_at')::timestamptz as resolved_at
  from (
    select * from (
      {_TAKEN} dataset_id = refused.dataset_id and {_COMMITTED} and heard_at > refused.heard_at
      and source not like '{OURS}%' order by heard_at, receipt_id limit 1
    ) as again
    union all
    {_TAKEN} receipt_id = refused.submission and {_COMMITTED}
    union all
    select * from (
      {_TAKEN} receipt = refused.rejection_id::text and source = refused.producer and {_COMMITTED}
      order by heard_at, receipt_id limit 1
    ) as corrected
  ) as taken
  order by heard_at, receipt_id limit 1
) as resolution on true
"""
"""The submission that resolved `refused`, if there is one: a later submission of the same dataset, the same submission,
or the same producer's correction, whose receipt has the id of the rejection."""

REJECTION = (
    f"select refused.*, resolved_by, resolved_revision, resolved_at from rejection as refused {RESOLUTION}"
    " where refused.rejection_id = $1"
)
_STATES: Mapping[State, str] = {
    "open": " where resolved_by is null",
    "resolved": " where resolved_by is not null",
    "all": "",
}


@dataclass(frozen=True)
class RejectionQuery:
    """A query for rejections, newest first. `words` is a path that no dataset can have."""

    code: str | None = None
    finding: str | None = None
    stage: str | None = None
    producer: str | None = None
    receipt_id: str | None = None
    dataset_id: UUID | None = None
    words: str | None = None
    beamline: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: State = "all"
    limit: int = 50
    after: Cursor | None = None


def rejection_page(query: RejectionQuery) -> Statement:
    """The statement for a page of rejections and one more row. There is at least one row.

    If the walk ended before all rejections were read, `walked_to` of every row says where, and more may follow there.
    """
    statement = Statement()
    most = query.limit + 1
    walked = _walked(query, statement, most if query.state == "all" else MOST_WALKED)
    statement.text = f"""
with walked as materialized ({walked}),
last as (
  select rejected_at as walked_to, rejection_id as walked_to_id from walked {_NEWEST_FIRST}
  limit 1 offset {most if query.state == "all" else MOST_WALKED} - 1
), page as (
  select rejected_at, rejection_id, resolved_by, resolved_revision, resolved_at
  from walked as refused {RESOLUTION}{_STATES[query.state]} {_NEWEST_FIRST} limit {most}
), listed as (
  select {LISTED}, resolved_by, resolved_revision, resolved_at
  from page join rejection using (rejection_id, rejected_at)
)
select * from (values (true)) as one (is_asked) left join last on true left join listed on true {_NEWEST_FIRST}
"""
    return statement


def rejection_summary(query: RejectionQuery) -> Statement:
    """The statement that groups rejections by code and producer. There is at least one row; each has the total."""
    statement = Statement()
    statement.text = f"""
with walked as materialized ({_walked(query, statement, MOST_COUNTED)}),
total as (select count(*) as counted, min(rejected_at) as counted_from from walked),
grouped as (
  select code, producer, count(*), count(*) filter (where resolved_by is null) as open, min(rejected_at) as first,
    max(rejected_at) as last, (array_agg(rejection_id {_NEWEST_FIRST}))[1] as rejection_id
  from walked as refused {RESOLUTION}{_STATES[query.state]}
  group by code, producer order by open desc, count desc, last desc, code, producer limit {MOST_GROUPS + 1}
)
select * from total left join grouped on true order by open desc, count desc, last desc, code, producer
"""
    return statement


def _walked(query: RejectionQuery, statement: Statement, most: int) -> str:
    bind = statement.bind
    where = asked_for(
        bind,
        ("code = {}", query.code, "text"),
        ("finding_codes @> array[{}]", query.finding, "text"),
        ("stage = {}", query.stage, "text"),
        ("producer = {}", query.producer, "text"),
        ("receipt_id = {}", query.receipt_id, "text"),
        ("dataset_id = {}", query.dataset_id, "uuid"),
        ("beamline = {}", query.beamline, "text"),
        ("rejected_at >= {}", query.since, "timestamptz"),
        ("rejected_at <= {}", query.until, "timestamptz"),
    )
    if query.words is not None:
        path = bind(query.words, "text")
        where.append(f"dataset_id is null and md5(path) = md5({path}) and path = {path}")
    if query.after:
        last = f"{bind(query.after.key, 'timestamptz')}, {bind(query.after.row_id, 'uuid')}"
        where.append(f"(rejected_at, rejection_id) < ({last})")
    columns = "rejected_at, rejection_id, dataset_id, producer, submission, heard_at, code"
    return f"select {columns} from rejection{where_of(where)} {_NEWEST_FIRST} limit {most}"
