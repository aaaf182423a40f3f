"""The order of what is said about one thing. It follows from what is said, never from when it arrived. Pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_DATASET = UUID(int=0)
"""Stands for the dataset of a word that no dataset said: it is less than all others."""


def microsecond(time: datetime) -> int:
    """A time as a number that orders what was said."""
    return (time - EPOCH) // timedelta(microseconds=1)


def latest(table: str, key: str, fields: tuple[str, ...], types: str, rank: str) -> str:
    """The SQL that saves what is said about things, of which the latest word stands.

    `rank` is the column that decides before all others. Then `word` decides, and then the dataset that said it.
    """

    def order(source: str) -> str:
        dataset = f"coalesce({source}.dataset_id, '{NO_DATASET}'), coalesce({source}.revision, 0)"
        return f"({source}.{rank}, {source}.word, {dataset})"

    arguments = ", ".join(f"${at}::{type_}[]" for at, type_ in enumerate(types.split(), 1))
    selected = ", ".join({"container": "container::jsonb"}.get(name, name) for name in fields)
    return f"""
insert into {table} as known ({", ".join(fields)})
select {selected} from unnest({arguments}) as new ({", ".join(fields)})
on conflict ({key}) do update set {", ".join(f"{name} = excluded.{name}" for name in fields if name != key)}
where {order("excluded")} > {order("known")}
"""  # noqa: S608  # the tables' own column names
