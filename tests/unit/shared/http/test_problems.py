"""Every service refuses in the words of RFC 9457, also what none of its routes has seen."""

from functools import cache

import httpx
import pytest
from fastapi import FastAPI, HTTPException

import services
from shared.host.host import Host
from shared.http.problems import answer_in_problems
from tests.builders.settings import settings_for

MEDIA_TYPE = "application/problem+json"


@cache
def app_of(name: str) -> FastAPI:
    """A service that is asked and never started; it remembers nothing, so once is enough."""
    return Host(services.load(name), settings_for(name)).app()


def caller(name: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app_of(name)), base_url="http://service.test")


@pytest.mark.parametrize("name", services.NAMES)
async def test_a_route_that_no_service_has_is_refused_as_a_problem(name: str) -> None:
    answer = await caller(name).get("/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, MEDIA_TYPE)
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no /nowhere; /docs lists all routes",
    }


@pytest.mark.parametrize("name", services.NAMES)
async def test_a_method_that_a_route_does_not_take_is_refused_with_those_that_it_takes(name: str) -> None:
    answer = await caller(name).delete("/live")
    assert (answer.status_code, answer.headers["content-type"], answer.headers["allow"]) == (405, MEDIA_TYPE, "GET")
    assert answer.json()["detail"] == "/live does not accept DELETE; /docs lists all routes"


async def test_every_fault_of_a_query_is_named_by_its_field() -> None:
    answer = await caller("linker").get("/pending?limit=0")
    assert (answer.status_code, answer.headers["content-type"]) == (422, MEDIA_TYPE)
    [fault] = answer.json()["errors"]
    assert fault["field"] == "limit"
    assert answer.json()["detail"] == f"limit: {fault['message']}"


async def test_the_words_of_a_route_stay_its_own() -> None:
    app = FastAPI()
    answer_in_problems(app)

    @app.get("/samples")
    def show() -> None:
        raise HTTPException(404, "no such sample")

    answer = await httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://any.test").get("/samples")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no such sample")
