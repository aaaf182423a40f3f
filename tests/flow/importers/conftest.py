"""The command line before services that are all in memory."""

import pytest

from clients.cli.commands import submissions
from tests.flow.importers.services import ServicesInMemory


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> ServicesInMemory:
    services = ServicesInMemory()
    monkeypatch.setattr(submissions, "connect", lambda: services)
    return services
