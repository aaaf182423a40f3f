"""The SQL that reads the table of samples."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone; values are arguments

from collections.abc import Sequence
from uuid import UUID

from shared.postgres.statement import Statement, asked_for


def samples(
    investigations: Sequence[UUID] | None, numbers: Sequence[int] | None, beamlines: Sequence[str] | None
) -> Statement:
    """The SQL of the samples of investigations, or of those with these numbers, by name."""
    statement = Statement()
    where = asked_for(
        statement.bind,
        ("investigation_id = any({})", investigations, "uuid[]"),
        ("sample_number = any({})", numbers, "bigint[]"),
        (
            "investigation_id in (select investigation_id from investigation where lower(beamline) = any({}))",
            beamlines,
            "text[]",
        ),
    )
    statement.text = (
        "select sample_number, sample_id, investigation_id, name, container from sample"
        f" where {' and '.join(['true', *where])} order by name, sample_number"
    )
    return statement
