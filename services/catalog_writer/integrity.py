"""Checks the references between the catalogue's tables that no foreign key enforces.

A foreign key would look each of them up for every row, a quarter of all that PostgreSQL does for a dataset. A row is
written in one transaction with what it refers to, and no row of those is ever deleted. So this check finds something
only if the tables were damaged from outside. Links have foreign keys, because an input may be missing.
"""

from collections.abc import Mapping
from typing import NamedTuple

from shared.postgres.database import Database
from shared.postgres.settings import DatabaseSettings

LONGEST_SECONDS = 3600.0


class Reference(NamedTuple):
    """Columns of a table that name a row of another one, in columns of the same names."""

    table: str
    columns: tuple[str, ...]
    target: str

    @property
    def name(self) -> str:
        """The reference in words."""
        return f"{self.table} ({', '.join(self.columns)}) -> {self.target}"

    @property
    def missing(self) -> str:
        """The query that counts the rows whose target is missing."""
        is_same = " and ".join(f"target.{column} = source.{column}" for column in self.columns)
        return (
            f"select '{self.name}' as reference, count(*) as missing from {self.table} as source"  # noqa: S608  # ours
            f" where source.{self.columns[0]} is not null and not exists (select from {self.target} as target"
            f" where {is_same})"
        )


REFERENCES = (
    Reference("sample", ("investigation_id",), "investigation"),
    Reference("dataset", ("investigation_id",), "investigation"),
    Reference("dataset", ("sample_id",), "sample"),
    Reference("dataset", ("dataset_id", "revision"), "revision"),
    Reference("revision", ("dataset_id",), "dataset"),
    Reference("file", ("dataset_id",), "dataset"),
)
MISSING = " union all ".join(reference.missing for reference in REFERENCES)


async def missing_targets(settings: DatabaseSettings) -> Mapping[str, int]:
    """How many rows refer to a row that does not exist, by reference. It reads all tables but the documents."""
    database = Database(settings, "catalog")
    await database.open()
    try:
        async with database.transaction() as connection:
            await connection.execute("set local transaction_timeout = 0")
            rows = await connection.fetch(MISSING, timeout=LONGEST_SECONDS)
            return {row["reference"]: row["missing"] for row in rows}
    finally:
        await database.close()
