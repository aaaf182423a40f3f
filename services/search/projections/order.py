"""The order of what is said about one thing. It follows from what is said, never from when it arrived. Pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Table

from shared.postgres.bulk import insert, update

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_DATASET = UUID(int=0)
"""Stands for the dataset of a word that no dataset said: it is less than all others."""


def microsecond(time: datetime) -> int:
    """A time as a number that orders what was said."""
    return (time - EPOCH) // timedelta(microseconds=1)


def latest(table: Table, rank: str) -> str:
    """The SQL that saves what is said about things, of which the latest word stands.

    `rank` is the column that decides before all others. Then `word` decides, and then the dataset that said it.
    """

    def order(source: str) -> str:
        dataset = f"coalesce({source}.dataset_id, '{NO_DATASET}'), coalesce({source}.revision, 0)"
        return f"({source}.{rank}, {source}.word, {dataset})"

    return insert(table, then=update(table, where=f"{order('excluded')} > {order(table.name)}"))
