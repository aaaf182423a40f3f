"""What sample tracking remembers, in PostgreSQL: one query to load a batch, one statement a table to save it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
from pydantic_core import from_json, to_json

from services.sample_tracking.samples import (
    FROM_DATASETS,
    Answer,
    Happened,
    Known,
    Sample,
    TrackingView,
    Visited,
    prefixed_name,
    queried,
    registration,
    submissions_of,
    visit_of,
)
from shared.events.dataset import Tracking
from shared.events.investigation import InvestigationRegistered
from shared.events.sample import SampleMoved, SampleRef
from shared.events.sections import Finding
from shared.events.wire import Received
from shared.postgres.database import Connection, Database
from shared.stages.outcomes import Outcome, Passed

LOAD = """
with answered as (
    select tracked.*, true as by_receipt
    from unnest($1::uuid[], $2::text[]) as asked (dataset_id, receipt_id)
    join tracked using (dataset_id, receipt_id)
    union all
    select newest.*, false
    from unnest($3::uuid[]) as asked (dataset_id)
    cross join lateral (
        select * from tracked where tracked.dataset_id = asked.dataset_id order by seq desc limit 1
    ) newest
)
select dataset_id, receipt_id, by_receipt, sample_id, inherited, findings, name, proposal
from answered left join sample using (sample_id)
"""

REGISTER = """
insert into sample (sample_id, investigation_id, facility_id, proposal, beamline, name, acronym)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
on conflict do nothing
"""

_VISITS = """
select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
    $7::timestamptz[], $8::bool[], $9::bigint[])
    as said (investigation_id, number, facility_id, proposal, beamline, start, "end", placeholder, word)
"""
_IS_NEWS = "(said.word > visit.word or (visit.start is null and said.start is not null))"
VISIT = f"""
insert into visit (investigation_id, number, facility_id, proposal, beamline, start, "end", placeholder, word)
{_VISITS}
where not exists (select from visit where visit.investigation_id = said.investigation_id and not {_IS_NEWS})
order by investigation_id
on conflict (investigation_id) do update set (number, facility_id, proposal, beamline, start, "end", placeholder, word)
    = (excluded.number, excluded.facility_id, excluded.proposal, excluded.beamline, excluded.start, excluded."end",
       excluded.placeholder, excluded.word)
where {_IS_NEWS.replace("said.", "excluded.")}
"""  # made of constants
"""A later word replaces an earlier one. A row that is known already is read, not written or locked."""

TRACK = """
insert into tracked (dataset_id, receipt_id, sample_id, inherited, findings, measured_at, container,
    sample_changer_position)
select dataset_id, receipt_id, sample_id, inherited, findings, measured_at, container, sample_changer_position
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bool[], $5::jsonb[], $6::timestamptz[], $7::jsonb[], $8::text[])
    with ordinality as answer (dataset_id, receipt_id, sample_id, inherited, findings, measured_at, container,
        sample_changer_position, n)
order by n
on conflict do nothing
"""

REMEMBER = """
insert into happening (source, event_id, happening, proposal, sample_name, prefixed_name, facility_id, beamline, at,
    place, container, sample_changer_position)
select source, event_id || ' ' || content, happening, proposal, sample_name, prefixed_name, facility_id, beamline, at,
    place, container, sample_changer_position
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::text[], $12::jsonb[], $13::text[])
    as said (source, event_id, content, happening, proposal, sample_name, prefixed_name, facility_id, beamline, at,
        place, container, sample_changer_position)
where not exists (
    select from happening where (happening.source, happening.event_id) = (said.source, said.event_id)
)
on conflict do nothing
"""
"""A version that kept one happening an id left rows without content, which are not written again."""


class PostgresTracking:
    """The sample of every dataset.

    A submission's answer is kept by its key, in `receipt_id`: a version that knew submissions by their receipt alone
    kept it by that, and is asked for that as well.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Tracking"]:
        """A transaction of one batch."""
        async with self._database.transaction() as connection:
            yield _Tracking(connection)


class _Tracking:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, events: Sequence[Received[TrackingView]]) -> Known:
        """Answers given before, and the newest answers of inputs and of what is merged into."""
        names = [(each, name) for each in submissions_of(events) for name in (each.key, each.receipt_id)]
        rows = await self._connection.fetch(
            LOAD,
            [each.dataset_id for each, _ in names],
            [name for _, name in names],
            list({dataset_id for received in events for dataset_id in queried(received.event)}),
        )
        found = {(row["dataset_id"], row["receipt_id"]): _answer(row) for row in rows if row["by_receipt"]}
        return Known(
            {each: found[place] for each, name in names if (place := (each.dataset_id, name)) in found},
            {row["dataset_id"]: _answer(row) for row in rows if not row["by_receipt"]},
        )

    async def save(self, events: Sequence[Received[TrackingView]], outcomes: Sequence[Outcome]) -> None:
        """Register samples and visits not seen before and keep each submission's answer."""
        decided = [
            (received, tracking)
            for received, outcome in zip(events, outcomes, strict=True)
            if isinstance(outcome, Passed) and isinstance(tracking := outcome.sections["tracking"], Tracking)
        ]
        await _register(
            self._connection, [registration(received.event, tracking.sample) for received, tracking in decided]
        )
        await _visit(
            self._connection, [Visited(received.event.links.investigation, FROM_DATASETS) for received in events]
        )
        await self._connection.execute(
            TRACK,
            [received.event.dataset.dataset_id for received, _ in decided],
            [submission.key for submission in submissions_of([received for received, _ in decided])],
            [tracking.sample and tracking.sample.sample_id for _, tracking in decided],
            [tracking.sample is not None and tracking.sample.inherited for _, tracking in decided],
            [to_json(tracking.findings).decode() if tracking.findings else None for _, tracking in decided],
            *_whereabouts(decided),
        )


def _whereabouts(decided: Sequence[tuple[Received[TrackingView], Tracking]]) -> Sequence[Sequence[object]]:
    """Where the samples of datasets were that name a container, a column each."""
    rows = [
        (received.event.dataset.start, tracking.container.model_dump_json(), tracking.sample_changer_position)
        if tracking.container
        else (None, None, None)
        for received, tracking in decided
    ]
    return list(map(list, zip(*rows, strict=True)))


class PostgresHappenings:
    """What happened to samples."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Happenings"]:
        """A transaction of one batch."""
        async with self._database.transaction() as connection:
            yield _Happenings(connection)


class _Happenings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, events: Sequence[Received[SampleMoved]]) -> None:
        """An event speaks for itself."""

    async def save(self, _events: Sequence[Received[SampleMoved]], outcomes: Sequence[Outcome]) -> None:
        """Keep each happening once, and register samples whose investigation is named."""
        happened = [outcome for outcome in outcomes if isinstance(outcome, Happened)]
        samples = [entry.sample for entry in happened if entry.sample]
        await _register(self._connection, samples)
        await _visit(self._connection, [Visited(visit_of(sample), FROM_DATASETS) for sample in samples])
        rows = [_happening_row(entry) for entry in happened]
        await self._connection.execute(REMEMBER, *map(list, zip(*rows, strict=True)))


class PostgresVisits:
    """The investigations that the linker registered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_Visits"]:
        """A transaction of one batch."""
        async with self._database.transaction() as connection:
            yield _Visits(connection)


class _Visits:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, events: Sequence[Received[InvestigationRegistered]]) -> None:
        """An event speaks for itself."""

    async def save(self, _events: Sequence[Received[InvestigationRegistered]], outcomes: Sequence[Outcome]) -> None:
        """Keep the last word on each."""
        await _visit(self._connection, [outcome for outcome in outcomes if isinstance(outcome, Visited)])


async def _visit(connection: Connection, said: Sequence[Visited]) -> None:
    """In the order of their ids, as samples."""
    last = {entry.visit.investigation_id: entry for entry in sorted(said, key=lambda entry: entry.word)}
    rows = [_visit_row(entry) for entry in last.values()]
    if rows:
        await connection.execute(VISIT, *map(list, zip(*rows, strict=True)))


async def _register(connection: Connection, samples: Sequence[Sample | None]) -> None:
    """In the order of their ids, so that two replicas which register the same samples cannot block each other."""
    unique = sorted({sample.sample_id: sample for sample in reversed(samples) if sample}.items())
    if unique:
        rows = [tuple(getattr(sample, name) for name in Sample.model_fields) for _, sample in unique]
        await connection.execute(REGISTER, *map(list, zip(*rows, strict=True)))


def _answer(row: asyncpg.Record) -> Answer:
    sample = None
    if row["sample_id"] is not None:
        sample = SampleRef(sample_id=row["sample_id"], name=row["name"], inherited=row["inherited"])
    findings = [Finding.model_validate(finding) for finding in from_json(row["findings"] or "[]")]
    return Answer(sample, row["proposal"], findings)


def _visit_row(entry: Visited) -> tuple[object, ...]:
    visit = entry.visit
    return (
        visit.investigation_id,
        visit.number,
        visit.facility_id,
        visit.proposal,
        visit.beamline,
        visit.start,
        visit.end,
        visit.placeholder,
        entry.word,
    )


def _happening_row(entry: Happened) -> tuple[object, ...]:
    said = entry.happening
    return (
        entry.source,
        entry.event_id,
        entry.content,
        said.happening,
        said.proposal,
        said.sample,
        prefixed_name(said),
        said.investigation_id,
        said.beamline,
        said.at,
        said.place,
        said.container and said.container.model_dump_json(),
        said.sample_changer_position,
    )
