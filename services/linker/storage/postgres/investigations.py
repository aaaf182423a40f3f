"""The table `investigation`: the plan, and the investigations that beamcat opened."""

from collections.abc import Collection, Iterable
from typing import Any

import asyncpg

from services.linker.plan.investigations import Plan
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


async def plan_of(connection: Connection, identities: Identities, datasets: Iterable[DatasetFacts]) -> Plan:
    """The investigations that some datasets may belong to."""
    homes, names = set(), set()
    for dataset in datasets:
        homes.add(home_of(dataset))
        if dataset.investigation_id is not None:
            names.add(dataset.investigation_id)
    return Plan(await slots_of(connection, identities, homes, names))


async def slots_of(
    connection: Connection, identities: Identities, homes: Collection[Home], names: Collection[str] = ()
) -> list[Slot]:
    """Investigations by proposal and beamline, and by their number or their id at the user office."""
    ids = [identities.investigation(name) for name in names]
    numbers = [number for name in names if (number := own_number(name)) is not None]
    proposals, beamlines = [proposal for proposal, _ in homes], [beamline for _, beamline in homes]
    rows = await connection.fetch(SLOTS, ids, numbers, proposals, beamlines)
    return [slot_of_row(row) for row in rows]


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
    fields = dict(row)
    actual = zip(fields.pop("actual_starts"), fields.pop("actual_ends"), strict=True)
    return Slot(**fields | {"proposal": proposal_key(row["proposal"]), "actual": tuple(actual)})
