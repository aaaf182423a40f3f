"""The files of the web page, as they are served."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.search.routes.web import FOLDER, INDEX, MEDIA_TYPES, page_routes

NAMES = sorted(path.name for path in FOLDER.iterdir())
SOURCES = [name for name in NAMES if not name.endswith(".svg")]
IMPORTED = re.compile(r'from "\./([\w.]+)"')
LINKED = re.compile(r'(?:src|href)="page/([\w.]+)"')
INLINE = re.compile(r"<style|<script(?![^>]* src=)[^>]*>|\sstyle=|\son\w+=", re.IGNORECASE)
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|[{,] style:")
OTHER_HOST = re.compile(r"""["'(]\s*(?:https?:)?//(?!www\.w3\.org/2000/svg)""")


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(page_routes("America/Chicago"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://search") as one:
        yield one


def source(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_every_file_of_the_page_is_loaded_by_it() -> None:
    reached, unread = set(), {INDEX}
    while unread:
        name = unread.pop()
        reached.add(name)
        unread |= {*IMPORTED.findall(source(name)), *LINKED.findall(source(name))} - reached
    assert sorted(reached) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_a_file_comes_as_what_it_is_and_again_only_if_it_changed(client: httpx.AsyncClient, name: str) -> None:
    address = "/" if name == INDEX else f"/page/{name}"
    answer = await client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPES[f".{name.rpartition('.')[2]}"]
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await client.get(address, headers={"If-None-Match": f'W/"other", {answer.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    assert (await client.get(address, headers={"If-None-Match": '"other"'})).content == answer.content


@pytest.mark.parametrize("name", ["index.html", "none.js", "..%2fweb.py", "__init__.py"])
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/page/{name}")).status_code == 404


async def test_the_page_obeys_a_strict_policy(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/")).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", NAMES)
def test_no_file_has_what_the_policy_forbids_or_makes_markup_of_a_text(name: str) -> None:
    text = source(name)
    assert not INLINE.search(text) or not name.endswith((".html", ".svg"))
    assert not MARKUP.search(text)
    assert not OTHER_HOST.search(text)


async def test_the_page_knows_the_time_zone_of_the_facility(client: httpx.AsyncClient) -> None:
    assert 'data-time-zone="America/Chicago"' in (await client.get("/")).text


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_short_enough_to_be_read(name: str) -> None:
    lines = source(name).splitlines()
    assert len(lines) <= 300
    assert [number for number, line in enumerate(lines, 1) if len(line) > 120] == []
