"""What no client can do to a service over one connection."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from shared.foundation.problem import Problem
from shared.host.host import face, http_config
from shared.http.door import MOST_BODY_BYTES, read_body
from shared.http.route import ProblemRoute
from shared.http.settings import HttpSettings

LIMIT = 1_000


def read_by_hand(left: asyncio.Queue[int]) -> APIRouter:
    router = APIRouter(route_class=ProblemRoute)

    @router.post("/counted")
    async def count(request: Request) -> int:
        return len(await read_body(request, LIMIT, "send less"))

    @router.post("/parsed")
    async def parse(said: dict[str, Any]) -> int:
        return len(said)

    @router.post("/watched")
    async def watch(request: Request) -> int:
        try:
            return len(await read_body(request, LIMIT, "send less"))
        finally:
            left.put_nowait(1)

    @router.get("/streamed")
    async def stream(broken_by: str) -> StreamingResponse:
        errors = {"server": ConnectionError("PostgreSQL is gone"), "costly": Problem(503, "it takes too long")}

        async def parts() -> AsyncIterator[bytes]:
            yield b"["
            raise errors[broken_by]

        return StreamingResponse(parts())

    return router


class Wire:
    """Raw requests, and what comes back until the connection is closed."""

    def __init__(self, port: int, left: asyncio.Queue[int]) -> None:
        self.port, self.left = port, left
        self.url = f"http://127.0.0.1:{port}"

    async def say(self, *lines: str, body: bytes = b"", end: str = "\r\n") -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write((end.join([*lines, "Host: x", "", ""])).encode("latin-1") + body)
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
        return answer

    async def leave_early(self, path: str) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f'POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\nContent-Type: application/json\r\n\r\n{{"a'
        writer.write(head.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with _served() as wire:
        yield wire


@asynccontextmanager
async def _served() -> AsyncIterator[Wire]:
    left: asyncio.Queue[int] = asyncio.Queue()
    config = http_config(face("any", read_by_hand(left)), HttpSettings(host="127.0.0.1", port=0))
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # it has no event to wait for
        await asyncio.sleep(0)
    yield Wire(server.servers[0].sockets[0].getsockname()[1], left)
    server.should_exit = True
    await serving


@pytest.mark.parametrize(
    "framing",
    [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
        ["transfer-ENCODING: CHUNKED", "content-LENGTH: 0"],
        ["Content-Length: 4", "Content-Length: 5"],
        ["Content-Length: 4, 5"],
        ["Content-Length: +4"],
        ["Content-Length: -1"],
        ["Content-Length: 0x4"],
        ["Transfer-Encoding: gzip"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Content-Length : 4"],
        ["Content-Length: 4", "Transfer-Encoding:\x0bchunked"],
    ],
)
@pytest.mark.parametrize("path", ["/counted", "/nowhere"])
async def test_a_request_whose_end_can_be_read_in_two_ways_is_refused_and_its_connection_closed(
    wire: Wire, path: str, framing: list[str]
) -> None:
    smuggled = b"0\r\n\r\nGET /docs HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await wire.say(f"POST {path} HTTP/1.1", *framing, body=smuggled)
    assert answer.split(b" ", 2)[1] in {b"400", b"501"}, answer
    assert answer.count(b"HTTP/1.1 ") == 1, "what followed was taken for a second request"


@pytest.mark.parametrize(("lines", "end"), [([], "\n"), (["X-Folded: a\r\n b"], "\r\n")])
async def test_old_ways_to_write_a_head_change_nothing_about_where_a_request_ends(
    wire: Wire, lines: list[str], end: str
) -> None:
    answer = await wire.say(
        "POST /counted HTTP/1.1", "Content-Length: 4", "Connection: close", *lines, body=b"abcdGET", end=end
    )
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n4")


async def test_a_body_beyond_the_limit_of_its_route_is_refused_in_words(wire: Wire) -> None:
    async with httpx.AsyncClient(base_url=wire.url) as client:
        answer = await client.post("/counted", content=b"x" * (LIMIT + 1))
    assert (answer.status_code, answer.json()["detail"]) == (413, f"the body has more than {LIMIT} bytes; send less")


@pytest.mark.parametrize("path", ["/counted", "/parsed"])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_beyond_every_limit_is_refused_however_it_is_sent(
    wire: Wire,
    path: str,
    announced: bool,  # noqa: FBT001  # one of two ways
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(MOST_BODY_BYTES // 2**20 + 2):
            yield b" " * 2**20

    headers = {"Content-Length": str(MOST_BODY_BYTES + 1)} if announced else {}
    content = b" " * (MOST_BODY_BYTES + 1) if announced else parts()
    async with httpx.AsyncClient(base_url=wire.url) as client:
        try:
            answer = await client.post(path, content=content, headers=headers)
        except httpx.TransportError:
            return  # the connection is closed while the client still sends
    assert answer.status_code == 413
    assert "bytes" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/counted", "/parsed", "/watched"])
async def test_a_client_that_leaves_before_it_has_sent_its_body_is_no_fault(
    wire: Wire, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    await wire.leave_early(path)
    await wire.leave_early("/watched")
    async with asyncio.timeout(20):
        await wire.left.get()
    async with httpx.AsyncClient(base_url=wire.url) as client:
        assert (await client.post(path, json={})).status_code == 200
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("broken_by", ["server", "costly"])
async def test_an_answer_that_breaks_off_is_told_in_a_line_and_never_looks_whole(
    wire: Wire, broken_by: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient(base_url=wire.url) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/streamed", params={"broken_by": broken_by})
    assert "broken off" in caplog.text
    assert "Traceback" not in caplog.text
