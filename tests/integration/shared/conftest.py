"""A connection to PostgreSQL without any of beamcat's settings."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest_asyncio


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    """A connection to an empty database of the test's own."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
