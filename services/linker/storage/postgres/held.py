"""The table `held`: submissions that could not go straight on."""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
from pydantic import TypeAdapter

from services.linker.inputs.submissions import HeldSubmission, HeldSummary, State
from services.linker.plan.moves import Move
from services.linker.tables import held
from shared.events.codes import Code, Refusal
from shared.events.record import Record
from shared.events.rejection import Origin
from shared.events.sections import Finding
from shared.events.wire import SubmissionId
from shared.foundation.arrays import array, quoted
from shared.postgres.bulk import DO_NOTHING, fetch, insert, insertable, write
from shared.postgres.database import Connection

FINDINGS = TypeAdapter(list[Finding])

_IS_THERE = "(d.committed and (d.complete or not held.awaits_completion))"

STILL_MISSING = f"""
    from unnest(held.missing) with ordinality as m (id, place) join dataset as d on d.dataset_id = m.id
    where {_IS_THERE} is not true
"""  # made of constants
"""The inputs that were missing on arrival and still are. All of them have had a row since then."""

COMPLETE = f"""not exists (
    select from unnest(array_reverse(held.missing)) as m (id)
    where (select {_IS_THERE} from dataset as d where d.dataset_id = m.id) is not true
)"""  # noqa: S608  # made of constants
"""The condition that no input is missing any more.

The inputs are looked up one by one from the last. The last input usually arrives last, so few are looked up.
"""

WHOSE = """
    coalesce(held.receipt, held.receipt_id) as its_receipt, coalesce(held.content, '') as its_content,
    coalesce(held.source, convert_from(header_values[array_position(header_names, 'ce_producer')], 'UTF8'), '')
        as its_source
"""
"""The identity of a submission.

An older version knew submissions by their receipt alone. It wrote the receipt into `receipt_id` and nothing into the
other columns.
"""

SUMMARIES = f"""
select receipt_id, {WHOSE}, dataset_id, path, state, since, deadline, code, message, findings, submitted,
    (select count(*) {STILL_MISSING}) as waits_for_count,
    array(select d.path {STILL_MISSING} order by place %s) as waits_for
from held
"""  # noqa: S608  # made of constants

HELD_BY = "(receipt_id = any($1::text[]) or (dataset_id = any($2::uuid[]) and state <> 'refused'))"
"""The condition of what is held by some keys, or in the queues of some datasets."""

HELD_OF = f"{SUMMARIES % ''} where {HELD_BY} order by seq"

PENDING = f"{SUMMARIES % 'limit $2'} where state <> 'refused' order by seq limit $1"

HOLD = insert(
    held,
    [column for column in insertable(held) if column not in ("awaited", "looks")],
    values={"awaited": "cardinality(new.missing::uuid[])"},
    then=DO_NOTHING,
)

STILL_NEWEST = """
select dataset_id from dataset
join unnest($1::uuid[], $2::int[]) as seen (dataset_id, revision) using (dataset_id, revision)
"""


async def hold(connection: Connection, submissions: Iterable[HeldSubmission]) -> None:
    """Save the submissions in this order. Those that are held already stay as they are."""
    await write(connection, HOLD, [_row(submission) for submission in submissions])


async def hold_moves(connection: Connection, moves: Sequence[Move]) -> None:
    """Save moves for the relay to send, except those that a newer revision has overtaken."""
    seen = [(each.placed.dataset_id, each.placed.revision) for each in moves]
    newest = {row["dataset_id"] for row in await fetch(connection, STILL_NEWEST, seen)}
    await hold(connection, [each.submission for each in moves if each.placed.dataset_id in newest])


def summary_of(row: asyncpg.Record) -> HeldSummary:
    """A held submission without its record."""
    waits_for = tuple(row.get("waits_for", ()))
    state = State(row["state"])
    if state is State.WAITING and row.get("waits_for_count") == 0:
        state = State.RELEASED  # the relay is about to release it
    return HeldSummary(
        id=SubmissionId(row["its_source"], row["its_receipt"], row["dataset_id"], row["its_content"]),
        dataset_id=row["dataset_id"],
        path=row["path"],
        state=state,
        since=row["since"],
        waits_for=waits_for,
        deadline=row["deadline"],
        refusal=_refusal(row) if row["code"] else None,
        unnamed=row.get("waits_for_count", len(waits_for)) - len(waits_for),
        kept_as=row["receipt_id"],
    )


def submission_of(row: asyncpg.Record) -> HeldSubmission:
    """A held submission with its record."""
    record = Record(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        timestamp_ms=row["timestamp_ms"],
        key=row["key"],
        value=row["value"],
        headers=tuple(zip(row["header_names"], row["header_values"], strict=True)),
    )
    return HeldSubmission(
        summary_of(row),
        frozenset(row["inputs"]),
        tuple(row["missing"]),
        record,
        row["awaits_completion"],
        row["ends_with_inputs"],
    )


def _refusal(row: asyncpg.Record) -> Refusal:
    code = Code(row["code"])  # type: ignore[call-arg]  # mypy reads `__new__`, not the look-up by value
    submitted = Origin.model_validate_json(row["submitted"]) if row["submitted"] else None
    return Refusal(code, row["message"], FINDINGS.validate_json(row["findings"] or "[]"), submitted)


def refusal_row(refusal: Refusal | None) -> tuple[str | None, ...]:
    """The columns of a refusal: code, message, findings, and the submission to which it was first given."""
    if refusal is None:
        return None, None, None, None
    submitted = None if refusal.submitted is None else refusal.submitted.model_dump_json()
    return refusal.code, refusal.message, FINDINGS.dump_json(list(refusal.findings)).decode(), submitted


def _row(submission: HeldSubmission) -> tuple[Any, ...]:
    summary, record = submission.summary, submission.record
    return (
        summary.key,
        summary.id.source,
        summary.id.receipt_id,
        summary.id.content,
        summary.dataset_id,
        summary.path,
        summary.state,
        array(map(str, submission.inputs)),
        array(map(str, submission.missing)),
        submission.awaits_completion,
        submission.ends_with_inputs,
        summary.since,
        summary.deadline,
        *refusal_row(summary.refusal),
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
        record.key,
        record.value,
        array(quoted(name) for name, _ in record.headers),
        array(quoted(f"\\x{value.hex()}") for _, value in record.headers),
    )
