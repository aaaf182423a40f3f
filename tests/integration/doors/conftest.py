"""All HTTP faces over one read model, for a whole run: who attacks them changes nothing that others read."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from tests.integration.doors.serving import Doors, serving


@pytest.fixture(scope="module")
def doors(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The services, with a read model of the module's own."""
    name = f"test_{uuid4().hex}"
    url = urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
    asyncio.run(_execute(postgres_url, f'create database "{name}"'))
    with serving(url, tmp_path_factory.mktemp("doors")) as doors:
        yield doors
    asyncio.run(_execute(postgres_url, f'drop database "{name}" with (force)'))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
