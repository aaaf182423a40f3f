"""The table `investigation`: the plan, and the investigations that beamcat opened."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import asyncpg

from services.linker.plan.slots import Home, Slot, home_of, own_number
from services.linker.tables import KEY_OF_PROPOSAL, investigation
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities, proposal_key
from shared.foundation.arrays import array, quoted
from shared.postgres.bulk import DO_NOTHING, insert, insertable, update, write
from shared.postgres.database import Connection

_SLOT = """
select investigation_id, facility_id, number, proposal, beamline, start, "end", title, placeholder, proposal_name,
    actual_starts, actual_ends
from investigation
"""

SLOTS = f"""
{_SLOT} where investigation_id = any($1::uuid[]) or number = any($2::bigint[])
union
{_SLOT} join unnest($3::text[], $4::text[]) as home (key_of_proposal, of_beamline)
    on {KEY_OF_PROPOSAL} = key_of_proposal and beamline = of_beamline
"""

NUMBERS = "select nextval('investigation_number') from generate_series(1, $1)"

LACKING_SLOTS = insert(investigation, then=DO_NOTHING)
KEEP_SLOTS = insert(
    investigation,
    then=update(
        investigation,
        [name for name in insertable(investigation) if name not in ("investigation_id", "facility_id", "number")],
    ),
)


def homes_and_names(datasets: Iterable[DatasetFacts]) -> tuple[set[Home], set[str]]:
    """Which investigations some datasets may belong to: those of their homes, and those that they name."""
    homes, names = set(), set()
    for dataset in datasets:
        homes.add(home_of(dataset))
        if dataset.investigation_id is not None:
            names.add(dataset.investigation_id)
    return homes, names


def slot_keys(
    identities: Identities, homes: Collection[Home], names: Collection[str]
) -> tuple[list[UUID], list[int], list[str], list[str]]:
    """The parameters of SLOTS for investigations by proposal and beamline, and by name."""
    ids = [identities.investigation(name) for name in names]
    numbers = [number for name in names if (number := own_number(name)) is not None]
    return ids, numbers, [proposal for proposal, _ in homes], [beamline for _, beamline in homes]


async def slots_of(
    connection: Connection, identities: Identities, homes: Collection[Home], names: Collection[str] = ()
) -> list[Slot]:
    """Investigations by proposal and beamline, and by their number or their id at the user office."""
    return [slot_of_row(row) for row in await connection.fetch(SLOTS, *slot_keys(identities, homes, names))]


async def reserved_numbers(connection: Connection, count: int) -> list[int]:
    """Numbers for new investigations. Each number is given once."""
    return [row[0] for row in await connection.fetch(NUMBERS, count)]


async def keep_slots(connection: Connection, slots: Iterable[Slot]) -> None:
    """Save the newest state of each investigation. Its number never changes."""
    rows = {slot.investigation_id: slot_row(slot) for slot in slots}
    await write(connection, KEEP_SLOTS, list(rows.values()))


def slot_row(slot: Slot) -> tuple[Any, ...]:
    """The columns of KEEP_SLOTS."""
    return (
        slot.investigation_id,
        slot.facility_id,
        slot.number,
        slot.proposal,
        slot.beamline,
        slot.start,
        slot.end,
        slot.title,
        slot.placeholder,
        slot.proposal_name,
        array(quoted(start.isoformat()) for start, _ in slot.actual),
        array(quoted(end.isoformat()) for _, end in slot.actual),
    )


def slot_of_row(row: asyncpg.Record) -> Slot:
    """A row as a slot. An older version may have written the proposal with its separators."""
    return Slot(
        investigation_id=row["investigation_id"],
        facility_id=row["facility_id"],
        number=row["number"],
        proposal=proposal_key(row["proposal"]),
        beamline=row["beamline"],
        start=row["start"],
        end=row["end"],
        title=row["title"],
        placeholder=row["placeholder"],
        proposal_name=row["proposal_name"],
        actual=tuple(zip(row["actual_starts"], row["actual_ends"], strict=True)),
    )
