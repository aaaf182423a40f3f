"""The plan in memory: PostgreSQL sends only what this process has not read since the plan changed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from services.linker.plan.investigations import Plan
from services.linker.plan.slots import Home
from services.linker.storage.postgres.investigations import SLOTS, slot_keys, slot_of_row
from shared.events.identity import Identities
from shared.postgres.database import Connection

MOST_KEPT = 10_000
"""How many homes and names are kept in memory. Above that, all are forgotten and read again."""

CHANGED_SLOTS = f"""
select plan.version, slot.* from (select (select version from plan_version) as version) as plan
left join lateral (select * from ({SLOTS}) as slot where (plan.version = $5) is not true) as slot on true
"""  # noqa: S608  # made of constants
"""The version of the plan, and the investigations only if the version is not the known one."""


@dataclass
class _ReadPlan:
    """What was read of the plan in one version."""

    version: UUID | None = None
    plan: Plan = field(default_factory=Plan)
    homes: set[Home] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def covers(self, homes: Collection[Home], names: Collection[str]) -> bool:
        """Whether all investigations of these homes and names were read."""
        return self.homes.issuperset(homes) and self.names.issuperset(names)

    def is_full(self) -> bool:
        """Whether so much was read that it is better to begin again."""
        return len(self.homes) + len(self.names) >= MOST_KEPT


class PlanReader:
    """Reads the plan around some datasets, and keeps what it has read until the plan changes.

    A trigger renews the version in the same transaction that changes an investigation, also if another replica, another
    version of the linker or an operator makes the change. Each read asks for the version in the statement that would
    return the investigations, so it sees one snapshot: the plan is never older than if it were read from the table at
    that moment, and what holds because of a lock that the transaction took before the read still holds. A version
    is random. So the version of a transaction that was rolled back, which only this transaction has seen, belongs to no
    other state of the plan.

    What is returned is shared by all batches, so nobody may add to it.
    """

    def __init__(self, identities: Identities) -> None:
        self.identities = identities
        self._read = _ReadPlan()

    async def read(self, connection: Connection, homes: Collection[Home], names: Collection[str]) -> Plan:
        """Investigations by proposal and beamline, and by their number or their id at the user office."""
        read = _ReadPlan() if self._read.is_full() else self._read  # another task may replace it meanwhile
        known_version = read.version if read.covers(homes, names) else None
        rows = await connection.fetch(CHANGED_SLOTS, *slot_keys(self.identities, homes, names), known_version)
        version = rows[0]["version"]
        if version is None or version != read.version:
            read = _ReadPlan(version)
        for row in rows:
            if row["investigation_id"] is not None:
                read.plan.add(slot_of_row(row))
        read.homes.update(homes)
        read.names.update(names)
        self._read = read
        return read.plan
