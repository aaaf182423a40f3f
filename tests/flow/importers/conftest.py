"""The command line before services that are all in memory."""

import pytest

from clients.cli import datasets
from tests.flow.importers.services import ServicesInMemory


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> ServicesInMemory:
    services = ServicesInMemory()
    monkeypatch.setattr(datasets, "connect", lambda: services)
    return services
