"""The SQL that reads the table of receipts: submissions, their states by producer, and those that wait. Pure."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone; values are arguments

from dataclasses import dataclass, field
from uuid import UUID

from services.search.cursors import Cursor
from services.search.projections.investigations.statements import as_written
from shared.postgres.statement import Statement

MOST_SUBMISSIONS = 101
"""The most submissions under one receipt id: the one that is answered, and a hundred others listed beside it."""

_HEARD = "coalesce(heard_at, submitted_at, to_timestamp(0))"
_WARNINGS = (
    "(select codes from dataset join finding_set using (finding_set) where dataset.dataset_id = known.dataset_id)"
    " as warnings"
)
_RECEIPT = (
    "coalesce(receipt, receipt_id) as receipt_id, source, content, dataset_id, path, submitted_at,"
    f" {_HEARD} as heard_at, rank, word, answer"
)
_SIZE = "octet_length(answer) + coalesce(octet_length(path), 0) + 300"
"""The bytes of a receipt's JSON, with names and ids."""
_ORDER = f"source is distinct from $2, {_HEARD}, receipt_id"
SUBMISSIONS = f"""
select known.*, {_WARNINGS} from (
    select place, found.*,
        sum(size) over (order by place range between unbounded preceding and 1 preceding) as before
    from unnest($1::text[]) with ordinality as asked (id, place) left join lateral (
        select {_RECEIPT}, {_SIZE} as size,
            sum({_SIZE}) over (order by {_ORDER} rows between unbounded preceding and 1 preceding) as ahead
        from receipt
        where (receipt = asked.id or (receipt is null and receipt_id = asked.id))
            and ($3::uuid is null or dataset_id = $3)
        order by {_ORDER} limit $4
    ) as found on true
) as known where coalesce(before, 0) < $5 and coalesce(ahead, 0) < $5 order by place
"""
"""The submissions under each receipt id. Those of one source come first, so that others cannot crowd them out. An id
without submissions has a row without an answer. What exceeds the bytes is left out: whole ids at the end, and the last
submissions of one id."""
RECEIPTS = (
    f"select {_RECEIPT}, {_WARNINGS} from receipt as known where dataset_id = $1"
    " order by submitted_at desc nulls last, receipt_id offset $2"
)

MOST_PRODUCERS = 200
"""The most producers in an answer, those with most rejections first. Whoever writes to Kafka can invent any name."""
PRODUCERS = f"""
with submission as (
  select source as producer, heard_at, rank, rank = 3 and answer like '{{"state":"unchanged"%' as unchanged
  from receipt where heard_at >= $1 and source <> ''
), handed_in as (
  select producer, max(heard_at) as heard_at,
    count(*) filter (where rank = 0) as in_flight,
    count(*) filter (where rank = 1) as pending,
    count(*) filter (where rank = 3 and not unchanged) as committed,
    count(*) filter (where unchanged) as unchanged
  from submission group by producer
), refused as (
  select producer, count(*) as rejected, max(rejected_at) as rejected_at
  from rejection where rejected_at >= $1 and producer is not null group by producer
), listed as (
  select producer, coalesce(committed, 0) as committed, coalesce(unchanged, 0) as unchanged,
    coalesce(pending, 0) as pending, coalesce(in_flight, 0) as in_flight, coalesce(rejected, 0) as rejected,
    greatest(heard_at, rejected_at) as last_heard, rejected_at
  from handed_in full join refused using (producer)
  order by rejected desc, last_heard desc, producer limit {MOST_PRODUCERS}
)
select listed.*, newest.rejection_id, newest.code, newest.message
from listed left join lateral (
  select rejection_id, code, message from rejection
  where rejection.producer = listed.producer and rejection.rejected_at = listed.rejected_at
  order by rejection_id desc limit 1
) as newest on true
order by listed.rejected desc, listed.last_heard desc, listed.producer
"""

PENDING_ORDER = "since asc"
PENDING_COLUMNS = {"beamline": "beamline", "proposal": "proposal", "kind": "kind", "producer": "source"}

_IS_SUPERSEDED = """
exists (select from receipt as later where later.receipt = receipt.receipt
        and later.dataset_id = receipt.dataset_id and later.rank > 1)
"""
_WAITS = f"since is not null and rank = 1 and ((source <> '' and content <> '') or not {_IS_SUPERSEDED})"
"""A report from a version that wrote neither source nor content belongs to whatever submission has its receipt."""

_PENDING = f"""
select coalesce(receipt, receipt_id) as receipt_id, md5(receipt_id)::uuid as row_id, dataset_id, path,
  nullif(source, '') as producer, since, beamline, kind, {as_written("receipt", "proposal")} as proposal, answer,
  array(select place from unnest(waits_for) with ordinality as awaited (dataset_id, place)
        join dataset using (dataset_id) where dataset.complete) as arrived
from receipt where {_WAITS}
"""
_PENDING_COUNT = f"select count(*) from receipt where {_WAITS}"
_AWAITED = "not exists (select from dataset where dataset.dataset_id = {one} and dataset.complete)"


@dataclass(frozen=True)
class PendingQuery:
    """A query for waiting submissions. All conditions must hold."""

    values: dict[str, list[str]] = field(default_factory=dict)
    """The accepted values by field, as they are compared."""
    dataset_id: UUID | None = None
    waits_for: UUID | None = None
    limit: int = 50
    after: Cursor | None = None


def _conditions(query: PendingQuery, statement: Statement) -> str:
    where = [
        f" and {PENDING_COLUMNS[name]} = any({statement.bind(values, 'text[]')})"
        for name, values in query.values.items()
    ]
    if query.dataset_id:
        where.append(f" and dataset_id = {statement.bind(query.dataset_id, 'uuid')}")
    if query.waits_for:
        one = statement.bind(query.waits_for, "uuid")
        where.append(f" and waits_for @> array[{one}] and {_AWAITED.format(one=one)}")
    return "".join(where)


def pending_page(query: PendingQuery) -> Statement:
    """The statement for the rows after the cursor, the oldest first."""
    statement = Statement()
    statement.text = _PENDING + _conditions(query, statement)
    if query.after:
        last = f"{statement.bind(query.after.key, 'timestamptz')}, {statement.bind(query.after.row_id, 'uuid')}"
        statement.text += f" and (since, md5(receipt_id)::uuid) > ({last})"
    statement.text += " order by since, md5(receipt_id)::uuid"
    return statement


def pending_count(query: PendingQuery) -> Statement:
    """The statement that counts the rows on all pages."""
    statement = Statement()
    statement.text = _PENDING_COUNT + _conditions(query, statement)
    return statement
