"""Rows are added by COPY if a table lacks them. What goes wrong then is of the kind that the stages expect."""

from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import ARRAY, Column, Integer, MetaData, Table, Text, UniqueConstraint

from shared.postgres import additions as module
from shared.postgres.additions import Additions
from shared.runtime.error_kinds import ErrorKind, error_kind
from shared.stages.stage import BEYOND

pytestmark = pytest.mark.integration

THING = Table(
    "thing",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("number", Integer),
    Column("words", ARRAY(Text)),
    UniqueConstraint("number", name="thing_number_key"),
)
CREATE = "create temporary table thing (name text primary key, number int unique, words text[])"


@pytest.fixture(autouse=True)
def no_row_is_one_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW_ROWS", 0)


@pytest_asyncio.fixture(autouse=True)
async def tables(connection: Any) -> None:
    await connection.execute(CREATE)


async def test_rows_are_added_unless_the_table_has_their_keys_or_they_have_an_array(connection: Any) -> None:
    additions = Additions(THING)
    await additions.add(connection, [("a", 1, None)])
    new, others = await additions.split(connection, [("a", 9, None), ("b", 2, None), ("c", 3, "{x}")])
    assert (new, others) == ([("b", 2, None)], [("a", 9, None), ("c", 3, "{x}")])
    await additions.add(connection, new)
    assert await connection.fetchval("select array_agg(name order by name) from thing") == ["a", "b"]


async def test_a_row_that_another_transaction_has_added_meanwhile_makes_the_batch_run_again(connection: Any) -> None:
    additions = Additions(THING)
    new, _ = await additions.split(connection, [("a", 1, None)])
    await additions.add(connection, new)
    with pytest.raises(asyncpg.SerializationError) as raised:
        await additions.add(connection, new)
    assert error_kind(raised.value) is ErrorKind.TRANSIENT


async def test_a_row_that_violates_another_constraint_is_the_fault_of_its_event(connection: Any) -> None:
    await Additions(THING).add(connection, [("a", 1, None)])
    with pytest.raises(asyncpg.UniqueViolationError) as raised:
        await Additions(THING).add(connection, [("b", 1, None)])
    assert error_kind(raised.value) is ErrorKind.EVENT


@pytest.mark.parametrize("row", [("b", 2**31, None), ("b", "two", None), ("\ud800", 2, None)])
async def test_a_value_that_does_not_fit_is_the_fault_of_its_event_and_breaks_no_connection(
    connection: Any, row: Any
) -> None:
    with pytest.raises(asyncpg.DataError) as raised:
        await Additions(THING).add(connection, [("a", 1, None), row])
    assert error_kind(raised.value) is ErrorKind.EVENT
    assert bool(BEYOND.search(str(raised.value))) is (row[1] == 2**31)
    assert await connection.fetchval("select count(*) from thing") == 0
