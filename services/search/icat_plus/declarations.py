"""What travels to beamlines, in PostgreSQL: written by events and commands alike, and read by investigation."""
# ruff: noqa: S608  # what is put in are this module's own column names

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import asyncpg

from services.search.lock import SHARE_LOCK, lock_name
from services.search.projections.shipments.table import PLACE_COLUMNS, STATUS_COLUMNS, THING_COLUMNS, save
from shared.events.declarations import (
    DeclarationRow,
    Declared,
    ParcelStatusRow,
    PlaceRow,
    Stamp,
    together,
)
from shared.postgres.database import Database, Questions


class Declarations(Protocol):
    """Where it is kept what was declared."""

    async def of(self, investigations: Sequence[UUID], beamlines: Sequence[str] = ()) -> Declared:
        """All that was declared for investigations, and what was loaded last there and at beamlines (in lower case)."""

    async def holding(self, kind: str, id_: str | None) -> Sequence[UUID]:
        """The investigations for which there is such a thing, or anything of the kind."""

    async def note(self, declared: Declared) -> None:
        """Know at once what an event declares that Kafka has confirmed; the event changes nothing when it arrives."""


class PostgresDeclarations:
    """In search's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, investigations: Sequence[UUID], beamlines: Sequence[str] = ()) -> Declared:
        """All that was declared for investigations, and what was loaded last there and at beamlines (in lower case)."""
        async with self._database.answering(Questions.QUICK) as connection:
            things = await connection.fetch(
                f"select {THING_COLUMNS} from declaration where investigation_id = any($1::uuid[])", investigations
            )
            places = await connection.fetch(
                f"select {PLACE_COLUMNS} from place"
                " where investigation_id = any($1::uuid[]) or beamline = any($2::text[])",
                investigations,
                beamlines,
            )
            statuses = await connection.fetch(
                f"select {STATUS_COLUMNS} from parcel_status where investigation_id = any($1::uuid[])", investigations
            )
        return together(
            Declared(),
            Declared(
                tuple(map(_thing, things)),
                tuple(map(_place, places)),
                tuple(ParcelStatusRow(*row) for row in statuses),
            ),
        )

    async def holding(self, kind: str, id_: str | None) -> Sequence[UUID]:
        """The investigations for which there is such a thing, or anything of the kind."""
        async with self._database.answering(Questions.QUICK) as connection:
            rows = await connection.fetch(
                "select distinct investigation_id from declaration where kind = $1 and ($2::text is null or id = $2)",
                kind,
                id_,
            )
        return [row["investigation_id"] for row in rows]

    async def note(self, declared: Declared) -> None:
        """Know at once what an event declares that Kafka has confirmed; the event changes nothing when it arrives."""
        async with self._database.answering(Questions.QUICK) as connection:
            await connection.execute(SHARE_LOCK, lock_name(self._database.schema))
            await save(connection, declared)


class MemoryDeclarations:
    """The twin without a database."""

    def __init__(self) -> None:
        self._known = Declared()

    async def of(self, investigations: Sequence[UUID], beamlines: Sequence[str] = ()) -> Declared:
        """All that was declared for investigations, and what was loaded last there and at beamlines (in lower case)."""
        known = self._known
        return Declared(
            tuple(row for row in known.things if row.investigation_id in investigations),
            tuple(row for row in known.places if row.investigation_id in investigations or row.beamline in beamlines),
            tuple(row for row in known.statuses if row.investigation_id in investigations),
        )

    async def holding(self, kind: str, id_: str | None) -> Sequence[UUID]:
        """The investigations for which there is such a thing, or anything of the kind."""
        return list({row.investigation_id for row in self._known.things if row.kind == kind and id_ in (None, row.id)})

    async def note(self, declared: Declared) -> None:
        """Know at once what an event declares that Kafka has confirmed; the event changes nothing when it arrives."""
        self._known = together(self._known, declared)


def _thing(row: asyncpg.Record) -> DeclarationRow:
    content = Stamp(row["content_at"], row["content_said"]) if row["content_at"] is not None else None
    return DeclarationRow(
        row["investigation_id"],
        row["kind"],
        row["id"],
        row["parent"],
        row["body"],
        row["removed"],
        Stamp(row["said_at"], row["said"]),
        content,
        Stamp(row["first_at"], row["first_said"]),
    )


def _place(row: asyncpg.Record) -> PlaceRow:
    return PlaceRow(
        row["beamline"], row["location"], row["investigation_id"], row["item"], Stamp(row["said_at"], row["said"])
    )
