"""Questions about samples, answered from PostgreSQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.sample_tracking.samples import HistoryEntry, SampleEntry, SampleHistory
from shared.database import Database
from shared.events import Container

BELONGS = """
    happening.proposal = sample.proposal
    and (happening.sample_name = sample.name or happening.prefixed_name = sample.name)
    and (happening.facility_id is null or sample.facility_id is null or happening.facility_id = sample.facility_id)
"""
"""By name within the proposal; where both name an investigation it must be the same."""

DATASETS = """
    (
        select count(*) from tracked
        where tracked.sample_id = sample.sample_id and not exists (
            select from tracked as newer where newer.dataset_id = tracked.dataset_id and newer.seq > tracked.seq
        )
    )
"""
"""The datasets whose newest submission is of this sample."""

FIND = f"""
select sample.*, counted.datasets, last.happening, last.at, last.place, last.beamline as at_beamline, last.container,
    last.sample_changer_position
from sample
cross join lateral (select {DATASETS} as datasets) counted
left join lateral (
    select * from happening where {BELONGS} order by at desc, source desc, event_id desc limit 1
) last on true
where ($1::text is null or sample.proposal = $1)
    and ($2::text is null or sample.name ilike $2 or sample.acronym ilike $2)
    and (sample.facility_id is not null or counted.datasets > 0)
order by sample.proposal, sample.name, sample.sample_id
limit $3
"""  # noqa: S608  # the parts are constants of this file

ONE = f"select sample.*, {DATASETS} as datasets from sample where sample_id = $1"  # noqa: S608  # as FIND

HISTORY = f"""
select happening.*, happening.beamline as at_beamline
from sample join happening on {BELONGS}
where sample.sample_id = $1
order by at, source, event_id
"""  # noqa: S608  # as FIND


class PostgresRegister:
    """Samples and their histories."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, proposal: str | None, text: str | None, most: int) -> Sequence[SampleEntry]:
        """Samples by proposal and by a part of their name or acronym."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(FIND, proposal, None if text is None else _containing(text), most)
        return [SampleEntry(**_sample(row), last=_entry(row) if row["happening"] else None) for row in rows]

    async def sample(self, sample_id: UUID) -> SampleHistory | None:
        """One sample with its history."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(ONE, sample_id)
            entries = [_entry(happening) for happening in await connection.fetch(HISTORY, sample_id)]
        if row is None:
            return None
        return SampleHistory(**_sample(row), last=entries[-1] if entries else None, history=entries)


def _containing(text: str) -> str:
    """A LIKE pattern in which the text stands for itself."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _sample(row: asyncpg.Record) -> dict[str, Any]:
    names = ("sample_id", "investigation_id", "facility_id", "proposal", "beamline", "name", "acronym", "datasets")
    return {name: row[name] for name in names}


def _entry(row: asyncpg.Record) -> HistoryEntry:
    return HistoryEntry(
        happening=row["happening"],
        at=row["at"],
        place=row["place"],
        beamline=row["at_beamline"],
        container=row["container"] and Container.model_validate_json(row["container"]),
        sample_changer_position=row["sample_changer_position"],
    )
