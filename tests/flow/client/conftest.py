from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beamcat_client import Client
from tests.builders.client_gateway import GatewayAtWork


@pytest.fixture(scope="session")
def one_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayAtWork]:
    gateway = GatewayAtWork(tmp_path_factory.mktemp("gateway"))
    yield gateway
    gateway.shut()


@pytest.fixture
def gateway(one_gateway: GatewayAtWork) -> GatewayAtWork:
    """A gateway, open, that nobody has called yet."""
    one_gateway.begin()
    one_gateway.open()
    return one_gateway


@pytest.fixture
def new_client(gateway: GatewayAtWork, tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Makes clients that share one spool."""
    clients: list[Client] = []

    def new(**settings: Any) -> Client:
        given = {"token": gateway.token, "spool": tmp_path / "spool", "patience_seconds": 10.0, **settings}
        clients.append(Client(gateway.url, **given))
        return clients[-1]

    yield new
    for client in clients:
        client.close(0)


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    """A client that sends in the background."""
    return new_client()


@pytest.fixture
def quiet_client(new_client: Callable[..., Client]) -> Client:
    """A client that sends only when it is told to."""
    return new_client(background=False)
