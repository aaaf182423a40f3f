from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.unit.gateway.gateway_on_memory import Gateway


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path / "tokens.json")


@pytest_asyncio.fixture
async def caller(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway.caller() as client:
        yield client
