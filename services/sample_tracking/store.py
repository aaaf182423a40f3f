"""The stores in PostgreSQL: one query loads a batch, and one statement saves it."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter
from uuid import UUID

import asyncpg
from pydantic_core import from_json, to_json

from services.sample_tracking.samples import (
    FROM_DATASETS,
    Happened,
    Sample,
    TrackingAnswer,
    TrackingState,
    TrackingView,
    Visited,
    prefixed_name,
    queried,
    registration,
    submissions_of,
    visit_of,
)
from services.sample_tracking.tables import HAPPENING, SAMPLE, TRACKED, VISIT
from shared.events.dataset import Tracking
from shared.events.investigation import InvestigationRegistered
from shared.events.sample import SampleMoved, SampleRef
from shared.events.sections import Finding
from shared.events.wire import Received, SubmissionId
from shared.postgres.bulk import DO_NOTHING, columns, combined, insert, insertable, racing, update
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

REGISTER = insert(SAMPLE, Sample.model_fields, order_by="new.sample_id", then=DO_NOTHING)
SAMPLE_ROW = attrgetter(*Sample.model_fields)

_IS_NEWS = "({0}.word > visit.word or (visit.start is null and {0}.start is not null))"
_IS_KNOWN = f"visit.investigation_id = new.investigation_id and not {_IS_NEWS.format('new')}"
SAVE_VISITS = insert(
    VISIT,
    where=f"not exists (select from visit where {_IS_KNOWN})",  # consists of constants
    order_by="new.investigation_id",
    then=update(VISIT, where=_IS_NEWS.format("excluded")),
)
"""A later word replaces an earlier one. An existing row is only read, neither written nor locked."""

REMEMBER = insert(
    HAPPENING,
    ["source", "event_id", "content::text", *insertable(HAPPENING)[2:]],
    values={"event_id": "new.event_id || ' ' || new.content"},
    where="""not exists (
        select from happening where (happening.source, happening.event_id) = (new.source, new.event_id)
    )""",
    then=DO_NOTHING,
)
"""An older version, which kept one event for each id, left rows without content. They are not written again."""

# Samples and visits are parts of one statement wherever both are written, and each table is written in the order of its
# ids. So all writers lock rows in the same order, and cannot deadlock.
SAVE_TRACKED = combined(REGISTER, SAVE_VISITS, insert(TRACKED))
SAVE_HAPPENINGS = combined(REGISTER, SAVE_VISITS, REMEMBER)


class PostgresTracking:
    """The sample of every dataset.

    The column `receipt_id` holds the key of the answered submission. An older version stored the receipt alone, so both
    are looked up.
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
        self._answered: Mapping[SubmissionId, TrackingAnswer] = {}
        self._keys: Mapping[SubmissionId, str] = {}

    async def load(self, events: Sequence[Received[TrackingView]]) -> TrackingState:
        """Earlier answers, and the newest answers of the inputs and of merged datasets."""
        self._keys = {each: each.key for each in submissions_of(events)}
        names = [(each, name) for each, key in self._keys.items() for name in (key, each.receipt_id)]
        rows = await self._connection.fetch(
            LOAD,
            [each.dataset_id for each, _ in names],
            [name for _, name in names],
            list({dataset_id for received in events for dataset_id in queried(received.event)}),
        )
        found = {(row["dataset_id"], row["receipt_id"]): _answer(row) for row in rows if row["by_receipt"]}
        self._answered = {each: found[place] for each, name in names if (place := (each.dataset_id, name)) in found}
        return TrackingState(
            self._answered,
            {row["dataset_id"]: _answer(row) for row in rows if not row["by_receipt"]},
        )

    async def save(self, events: Sequence[Received[TrackingView]], outcomes: Sequence[Outcome]) -> None:
        """Register new samples and visits, and keep each submission's answer."""
        new: dict[SubmissionId, tuple[TrackingView, Tracking]] = {}
        samples: dict[UUID, Sample] = {}
        for received, submission, outcome in zip(events, submissions_of(events), outcomes, strict=True):
            assert isinstance(outcome, Passed)
            tracking = outcome.sections["tracking"]
            assert isinstance(tracking, Tracking)
            if submission not in self._answered:
                new.setdefault(submission, (received.event, tracking))
            if tracking.sample is None or tracking.sample.sample_id in samples:
                continue
            if sample := registration(received.event, tracking.sample):
                samples[sample.sample_id] = sample
        investigations = {
            each.investigation_id: each for each in (received.event.links.investigation for received in events)
        }
        rows = [_tracked_row(self._keys[each], *said) for each, said in new.items()]
        with racing("tracked_pkey"):  # if another replica was faster, its answers are published
            await self._connection.execute(
                SAVE_TRACKED,
                *_sample_columns(samples.values()),
                *_visit_columns(Visited(each, FROM_DATASETS) for each in investigations.values()),
                *columns(TRACKED, rows),
            )


def _tracked_row(key: str, event: TrackingView, tracking: Tracking) -> tuple[object, ...]:
    """The row of a submission's answer, with the place of its sample if the dataset names a container."""
    dataset, container = event.dataset, tracking.container
    return (
        dataset.dataset_id,
        key,
        tracking.sample and tracking.sample.sample_id,
        tracking.sample is not None and tracking.sample.inherited,
        to_json(tracking.findings).decode() if tracking.findings else None,
        dataset.start if container else None,
        container.model_dump_json() if container else None,
        tracking.sample_changer_position if container else None,
    )


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
        await self._connection.execute(
            SAVE_HAPPENINGS,
            *_sample_columns({each.sample_id: each for each in reversed(samples)}.values()),
            *_visit_columns(Visited(visit_of(sample), FROM_DATASETS) for sample in samples),
            *zip(*map(_happening_row, happened), strict=True),
        )


class PostgresVisits:
    """The store of the investigations that the linker registered."""

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
        """Keep the latest word on each."""
        visits = _visit_columns(outcome for outcome in outcomes if isinstance(outcome, Visited))
        await self._connection.execute(SAVE_VISITS, *visits)


def _sample_columns(samples: Iterable[Sample]) -> Sequence[Sequence[object]]:
    return columns(SAMPLE, [SAMPLE_ROW(each) for each in samples])


def _visit_columns(said: Iterable[Visited]) -> Sequence[Sequence[object]]:
    """The last word on each visit."""
    last = {entry.visit.investigation_id: entry for entry in sorted(said, key=attrgetter("word"))}
    return columns(VISIT, [_visit_row(entry) for entry in last.values()])


def _answer(row: asyncpg.Record) -> TrackingAnswer:
    sample = None
    if row["sample_id"] is not None:
        sample = SampleRef(sample_id=row["sample_id"], name=row["name"], inherited=row["inherited"])
    findings = [Finding.model_validate(finding) for finding in from_json(row["findings"] or "[]")]
    return TrackingAnswer(sample, row["proposal"], findings)


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
