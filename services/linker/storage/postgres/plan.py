"""The plan in memory, which is read from PostgreSQL again when it has changed."""

from collections.abc import Collection
from dataclasses import dataclass, field

from services.linker.plan.investigations import Plan
from services.linker.plan.slots import Home
from services.linker.storage.postgres.investigations import SLOTS, slot_keys, slot_of_row
from shared.events.identity import Identities
from shared.postgres.database import Connection

MOST_KEPT = 10_000
"""How many homes and names are kept in memory. Above that, all are forgotten and read again."""

VERSION = "select seq from plan_version"

VERSION_AND_SLOTS = f"""
select plan.version, slot.* from (select ({VERSION}) as version) as plan left join ({SLOTS}) as slot on true
"""  # noqa: S608  # made of constants
"""One snapshot of both. Without any investigation it has one row."""


@dataclass
class _ReadPlan:
    """What was read of the plan in one version."""

    version: int | None = None
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
    version of the linker or an operator makes the change. Whoever reads asks for the version first, and investigations
    are read in one snapshot with their version. So the plan is as new as if it were read from the table when the
    version was read, and what a lock guarantees that the transaction took before still holds. A version is the next
    number of a sequence. So the version of a transaction that was rolled back, which only this transaction has seen,
    never comes back.

    What is returned is shared by all batches, so nobody may add to it.
    """

    def __init__(self, identities: Identities) -> None:
        self.identities = identities
        self._read = _ReadPlan()

    async def read(
        self, connection: Connection, version: int | None, homes: Collection[Home], names: Collection[str]
    ) -> Plan:
        """Investigations by proposal and beamline, and by their number or their id at the user office.

        `version` is the result of VERSION. If it is that of what was read before, nothing is read.
        """
        read = _ReadPlan() if self._read.is_full() else self._read  # another task may replace it meanwhile
        if read.covers(homes, names) and version == read.version:
            return read.plan
        rows = await connection.fetch(VERSION_AND_SLOTS, *slot_keys(self.identities, homes, names))
        version = rows[0]["version"]
        if version is None or version != read.version:
            read = _ReadPlan(version)
        for row in rows:
            if row["investigation_id"] is not None:
                read.plan.add(slot_of_row(row))
        if version is not None:
            read.homes.update(homes)
            read.names.update(names)
            self._read = read
        return read.plan
