"""Answers queries about samples from PostgreSQL."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from services.sample_tracking.samples import (
    KnownSample,
    Sample,
    SampleEntry,
    SampleHistory,
    SampleHome,
    SamplePlace,
    names_of,
)
from services.sample_tracking.visits import Visits, histories
from shared.events.identity import sample_key
from shared.events.investigation import InvestigationRef
from shared.events.sample import Container, SampleHappening
from shared.postgres.database import Connection, Database, Questions

DATASETS = """
    (
        select count(*) from tracked
        where tracked.sample_id = sample.sample_id and not exists (
            select from tracked as newer where newer.dataset_id = tracked.dataset_id and newer.seq > tracked.seq
        )
    )
"""
"""The number of datasets whose newest submission is of this sample."""

FIND = f"""
select sample.*, counted.datasets
from sample
cross join lateral (select {DATASETS} as datasets) counted
where ($1::text is null or sample.proposal = $1)
    and ($2::text is null or sample.name ilike $2 or sample.acronym ilike $2)
    and (sample.facility_id is not null or counted.datasets > 0)
order by sample.proposal, sample.name, sample.sample_id
limit $3
"""  # noqa: S608  # the parts are constants of this file

ONE = f"select sample.*, {DATASETS} as datasets from sample where sample_id = $1"  # noqa: S608  # as FIND

MEASURED = """
select distinct on (sample_id) sample_id, measured_at, container, sample_changer_position
from tracked where sample_id = any($1::uuid[]) and measured_at is not null
order by sample_id, measured_at desc, dataset_id desc, seq desc
"""

HAPPENED = """
with wanted as (select * from unnest($1::text[], $2::text[]) as wanted (proposal, key))
select happening.* from happening join wanted using (proposal) where lower(sample_name) = key
union
select happening.* from happening join wanted using (proposal) where lower(prefixed_name) = key
order by at, source, event_id
"""
"""Two searches, each with its index. One search by either name could not use an index."""

HOMES = """
select distinct proposal, key, investigation_id
from sample join unnest($1::text[], $2::text[]) as wanted (proposal, key) using (proposal) where lower(name) = key
"""

VISITS = """
select investigation_id, number, facility_id, proposal, beamline, start, "end", placeholder from visit
where proposal = any($1::text[]) or facility_id = any($2::text[])
"""


class PostgresRegister:
    """Samples and their histories."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, proposal: str | None, text: str | None, most: int) -> Sequence[SampleEntry]:
        """Samples by proposal and by a part of their name or acronym."""
        async with self._database.answering(Questions.COSTLY) as connection:
            rows = await connection.fetch(FIND, proposal, None if text is None else _containing(text), most)
            return [told.entry() for told in await _known_samples(connection, rows)]

    async def sample(self, sample_id: UUID) -> SampleHistory | None:
        """One sample with its history."""
        async with self._database.answering(Questions.QUICK) as connection:
            found = await _known_samples(connection, await connection.fetch(ONE, sample_id))
        return found[0].history() if found else None


async def _known_samples(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[KnownSample]:
    """Everything known of these samples. It takes four queries for any number of samples."""
    samples = [Sample.model_validate(dict(row)) for row in rows]
    names = {(sample.proposal, sample_key(sample.name)) for sample in samples}
    happened = [_happening(row) for row in await connection.fetch(HAPPENED, *_columns(names))]
    names |= {(each.proposal, key) for each in happened for key in names_of(each)}
    homes = [SampleHome(**row) for row in await connection.fetch(HOMES, *_columns(names))]
    named = {each.investigation_id for each in happened if each.investigation_id is not None}
    visits = await connection.fetch(VISITS, list({sample.proposal for sample in samples}), list(named))
    by_sample = histories(samples, happened, Visits([_visit(row) for row in visits], homes))
    measured = await connection.fetch(MEASURED, [sample.sample_id for sample in samples])
    places = {row["sample_id"]: _whereabouts(row) for row in measured}
    return [
        KnownSample(sample, row["datasets"], by_sample[sample.sample_id], places.get(sample.sample_id))
        for sample, row in zip(samples, rows, strict=True)
    ]


def _columns(names: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    in_order = sorted(names)
    return [proposal for proposal, _ in in_order], [key for _, key in in_order]


def _containing(text: str) -> str:
    """The LIKE pattern for texts that contain this text literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _whereabouts(row: asyncpg.Record) -> SamplePlace:
    container = Container.model_validate_json(row["container"])
    return SamplePlace(row["measured_at"], container, row["sample_changer_position"])


def _visit(row: asyncpg.Record) -> InvestigationRef:
    return InvestigationRef(**row, title=None)


def _happening(row: asyncpg.Record) -> SampleHappening:
    prefixed = row["prefixed_name"]
    return SampleHappening(
        happening=row["happening"],
        sample=row["sample_name"],
        proposal=row["proposal"],
        beamline=row["beamline"],
        at=row["at"],
        place=row["place"],
        investigation_id=row["facility_id"],
        acronym=prefixed and prefixed.removesuffix(f"-{row['sample_name']}"),
        container=row["container"] and Container.model_validate_json(row["container"]),
        sample_changer_position=row["sample_changer_position"],
    )
