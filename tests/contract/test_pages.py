"""No page that a service shows loads anything from another host."""

import re
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

import services
from services.icat_gateway.jolokia.consumers import Consumers
from services.icat_gateway.jolokia.server import Jolokia
from shared.host.host import Host
from shared.http.settings import HttpSettings
from shared.kafka.settings import KafkaSettings
from shared.runtime.backoff import Backoff
from tests.builders.settings import settings_for

PAGES = ("/", "/docs", "/redoc", "/docs/oauth2-redirect")
LOADED = re.compile(
    r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//|(?:import|fetch|url)\s*\(?\s*["']?(?:https?:)?//"""
)


def jolokia() -> FastAPI:
    backoff = Backoff()
    return Jolokia(
        ("127.0.0.1", 0), HttpSettings(), Consumers(KafkaSettings(), {}, backoff), backoff, lambda: datetime.now(UTC)
    ).app()


def app_of(name: str) -> FastAPI:
    return jolokia() if name == "jolokia" else Host(services.load(name), settings_for(name)).app()


@pytest.mark.parametrize("name", [*services.NAMES, "jolokia"])
async def test_no_page_of_a_service_names_another_host(name: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app_of(name)), base_url="http://service") as client:
        for path in PAGES:
            page = await client.get(path)
            if page.headers.get("content-type", "").startswith("text/html"):
                assert not LOADED.search(page.text), f"{name}{path} loads from another host"


async def test_the_port_of_jolokia_has_its_one_route_and_no_page() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(jolokia()), base_url="http://edge") as client:
        assert {(await client.get(path)).status_code for path in (*PAGES, "/openapi.json")} == {404}
