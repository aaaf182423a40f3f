"""One real Kafka and one real PostgreSQL for the whole run: the embedded stack, given URLs, or containers.

`BEAMCAT_KAFKA_BOOTSTRAP_SERVERS` and `BEAMCAT_DATABASE_URL` name servers that run already; `STACK=containers` starts
both with testcontainers; otherwise the embedded stack serves.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from deploy.embedded.stack import embedded_stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """The environment that names both servers."""
    if os.environ.get("STACK") == "containers":
        with _containers() as environment:
            yield environment
    else:
        async with embedded_stack(tmp_path_factory.mktemp("stack")) as embedded:
            yield embedded.environment


@pytest.fixture(scope="session")
def kafka(stack: dict[str, str]) -> str:
    """Bootstrap servers of a real Kafka."""
    return stack["BEAMCAT_KAFKA_BOOTSTRAP_SERVERS"]


@pytest.fixture(scope="session")
def postgres_url(stack: dict[str, str]) -> str:
    """A real PostgreSQL, as a user that may create databases and roles."""
    return stack["BEAMCAT_DATABASE_URL"]


@pytest_asyncio.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """A fresh, empty database of the test's own."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(f'create database "{name}"')
        yield urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
        await admin.execute(f'drop database "{name}" with (force)')
    finally:
        await admin.close()


@contextmanager
def _containers() -> Iterator[dict[str, str]]:
    from testcontainers.kafka import KafkaContainer
    from testcontainers.postgres import PostgresContainer

    with (
        KafkaContainer("apache/kafka:4.4.0").with_kraft() as broker,
        PostgresContainer("postgres:18", driver=None) as database,
    ):
        yield {
            "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": broker.get_bootstrap_server(),
            "BEAMCAT_DATABASE_URL": database.get_connection_url(),
        }
