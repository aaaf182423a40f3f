"""The HTTP face of every service."""

import asyncio
import logging

import asyncpg
import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI

from shared.host.host import STUCK_SECONDS, Host, http_config
from shared.host.service import Components, Resources, Service
from shared.host.settings import ServiceSettings
from shared.http.settings import HttpSettings
from shared.postgres.settings import DatabaseSettings
from shared.runtime.facility import FacilitySettings
from tests.builders.settings import base_settings

KEY = "elogbook-5ecre7"


async def test_no_log_holds_the_key_of_a_url(capfd: pytest.CaptureFixture[str]) -> None:
    config = http_config(FastAPI(), HttpSettings(host="127.0.0.1", port=0))
    logging.getLogger("uvicorn.access").setLevel(logging.DEBUG)  # as an operator may, who looks for a fault
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/session/{KEY}")).status_code == 404
    server.should_exit = True
    await serving
    said = capfd.readouterr()
    assert KEY not in said.out + said.err


async def test_a_service_that_waits_for_a_silent_database_ends_when_it_is_asked_to() -> None:
    asked, stopped = asyncio.Event(), asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await stopped.wait()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as database:
        port = database.sockets[0].getsockname()[1]
        settings = base_settings(database=DatabaseSettings(url=f"postgresql://nobody:nothing@127.0.0.1:{port}/nothing"))
        app = Host(Service("waiting", ServiceSettings, lambda _resources: Components(), "waiting"), settings).app()
        async with asyncio.timeout(30):  # the database's client alone would wait for a minute
            async with app.router.lifespan_context(app):
                await asked.wait()
        stopped.set()


async def test_the_page_of_the_api_shows_without_the_internet() -> None:
    app = Host(
        Service("documented", ServiceSettings, lambda _resources: Components(), "documented"), base_settings()
    ).app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "://" not in page.text
    assert 'fetch("/openapi.json")' in page.text


async def test_the_description_of_the_api_has_the_answer_that_a_fault_gets() -> None:
    router = APIRouter()

    @router.get("/twice")
    async def twice(number: int) -> int:
        return 2 * number

    app = Host(
        Service("documented", ServiceSettings, lambda _resources: Components(router=router), "documented"),
        base_settings(),
    ).app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        described = (await client.get("/openapi.json")).json()["paths"]["/twice"]["get"]["responses"]
        answer = await client.get("/twice?number=many")
    [(media_type, content)] = described["default"]["content"].items()
    assert "422" not in described
    assert answer.headers["content-type"] == media_type
    assert answer.json().keys() == content["schema"]["properties"].keys()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncpg.InternalClientError("cannot switch to state 15"), 503),
        (asyncpg.InterfaceError("another operation is in progress"), 503),
        (asyncpg.AdminShutdownError("terminating connection"), 503),
        (asyncpg.QueryCanceledError("statement timeout"), 503),
        (asyncpg.UndefinedTableError("no such table"), 503),
        (ConnectionError("the connection broke"), 503),
        (TimeoutError(), 503),
        (asyncpg.CharacterNotInRepertoireError("invalid byte sequence"), 422),
    ],
    ids=lambda said: type(said).__name__,
)
async def test_a_route_whose_database_fails_asks_to_come_again_and_is_no_defect(error: Exception, status: int) -> None:
    router = APIRouter()

    @router.get("/asked")
    async def asked() -> None:
        raise error

    app = Host(
        Service("asking", ServiceSettings, lambda _resources: Components(router=router), "asking"), base_settings()
    ).app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        answer = await client.get("/asked")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_what_is_tried_in_vain_for_long_is_a_reason_not_to_be_ready() -> None:
    clock = [0.0]
    grounds: list[Resources[ServiceSettings]] = []

    def assemble(resources: Resources[ServiceSettings]) -> Components:
        grounds.append(resources)
        return Components()

    app = Host(Service("trying", ServiceSettings, assemble, "trying"), base_settings()).app()
    [resources] = grounds
    resources.backoff._monotonic = lambda: clock[-1]
    resources.backoff.failed("search-sealing", asyncpg.InternalClientError("broken"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        for seconds, is_told in ((STUCK_SECONDS - 1, False), (STUCK_SECONDS + 1, True)):
            clock.append(seconds)
            reasons = (await client.get("/ready")).json()["reasons"]
            assert any(said.startswith("search-sealing: has failed for") for said in reasons) == is_told
        resources.backoff.succeeded("search-sealing")
        assert not any("search-sealing" in said for said in (await client.get("/ready")).json()["reasons"])


def test_every_service_spells_paths_by_the_facilitys_prefixes() -> None:
    settings = base_settings(
        facility=FacilitySettings(name="facility.example", path_prefixes={"/mnt/storage/data": "/data"})
    )
    identities = Service("spelling", ServiceSettings, lambda _resources: Components()).resources(settings).identities
    assert identities.path("/mnt/storage/data/visitor/run_01") == "/data/visitor/run_01"
