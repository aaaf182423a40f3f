"""Statements that a transaction collects are run in one round trip, and fail as one."""

from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import Column, Integer, MetaData, Table, Text

from shared.postgres.bulk import DO_NOTHING, Writes, insert

pytestmark = pytest.mark.integration

METADATA = MetaData()
THING = Table("thing", METADATA, Column("name", Text, primary_key=True), Column("number", Integer))
OTHER = Table("other", METADATA, Column("number", Integer, primary_key=True))
CREATE = """
create temporary table thing (name text primary key, number int);
create temporary table other (number int primary key);
insert into other values (1), (2)
"""
DELETE = "delete from other where number = any($1::int[])"


@pytest_asyncio.fixture(autouse=True)
async def tables(connection: Any) -> None:
    await connection.execute(CREATE)


async def test_statements_on_different_tables_and_rows_are_run_together_once(connection: Any) -> None:
    writes = Writes(connection)
    writes.add(insert(THING), [("a", 1), ("b", 2)])
    writes.add(insert(THING, then=DO_NOTHING), [])
    writes.add(DELETE, [(1,)])
    writes.add(insert(OTHER), [(3,), (4,)])
    assert await connection.fetchval("select count(*) from thing") == 0
    await writes.run()
    await writes.run()
    assert [tuple(row) for row in await connection.fetch("select * from thing order by name")] == [("a", 1), ("b", 2)]
    assert await connection.fetchval("select array_agg(number order by number) from other") == [2, 3, 4]


async def test_statements_are_run_in_the_order_in_which_they_were_added(connection: Any) -> None:
    await connection.execute("create temporary sequence turn")
    in_turn = insert(THING, ["name"], values={"number": "nextval('turn')"})
    writes = Writes(connection)
    for name in ("first", "second", "third"):
        writes.add(in_turn, [(name,)])
    await writes.run()
    in_order = await connection.fetchval("select array_agg(name order by number) from thing")
    assert in_order == ["first", "second", "third"]


async def test_nothing_is_written_if_one_of_the_statements_fails(connection: Any) -> None:
    writes = Writes(connection)
    writes.add(insert(THING), [("a", 1)])
    writes.add(insert(OTHER), [(2,)])
    with pytest.raises(asyncpg.UniqueViolationError):
        await writes.run()
    assert await connection.fetchval("select count(*) from thing") == 0
