"""HTTP connections that are many, silent or slow: whoever comes with a request is answered within seconds."""

import asyncio
import sys

import pytest

from shared.http.server import HttpTimeouts
from shared.runtime.descriptors import raise_limit
from shared.runtime.metrics import HTTP_CONNECTIONS, HTTP_ENDED
from tests.flow.http.serving import HASTY, LARGE_BYTES, HttpClient, Served, serving

pytestmark = [
    pytest.mark.flow,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address"),
]

STRANGERS = [f"127.0.0.{number}" for number in range(60, 65)]
SOON_SECONDS = 5.0
HALF_A_HEAD = b"GET /ready HTTP/1.1\r\nHost: "
HALF_A_BODY = b"POST /read HTTP/1.1\r\nHost: service\r\nContent-Length: 1000\r\n\r\nhalf"
WORK = b"GET /work HTTP/1.1\r\nHost: service\r\n\r\n"


@pytest.fixture(autouse=True)
def _enough_descriptors() -> None:
    raise_limit()


def ended(reason: str) -> float:
    return float(HTTP_ENDED.labels(reason)._value.get())


async def crowd(served: Served, count: int, said: bytes) -> list[HttpClient]:
    """Connections of strangers, in turn from each of their addresses."""
    return [await served.client(STRANGERS[number % len(STRANGERS)], said) for number in range(count)]


async def answers(served: Served, address: str, path: str = "/ready") -> None:
    """A newcomer from this address is answered soon."""
    async with asyncio.timeout(SOON_SECONDS):
        assert "200 OK" in await (await served.client(address)).get(path)


@pytest.mark.parametrize("said", [b"", HALF_A_HEAD, HALF_A_BODY, WORK], ids=["silent", "head", "body", "work"])
async def test_1100_connections_that_do_not_go_on_keep_nobody_out(said: bytes) -> None:
    async with serving() as served:
        await crowd(served, 1100, said)
        for address in ("127.0.0.9", STRANGERS[0]):
            await answers(served, address)


async def test_whoever_is_answered_and_silent_stays_while_there_is_room_for_its_address() -> None:
    async with serving(http_connections=6) as served:
        known = await served.client("127.0.0.9")
        assert "200 OK" in await known.get("/ready")
        for number in range(30):
            assert "200 OK" in await (await served.client(STRANGERS[number % 5])).get("/ready")
        assert "200 OK" in await known.get("/ready")


@pytest.mark.parametrize(
    ("said", "reason", "told"),
    [
        (b"", "head", ""),
        (HALF_A_HEAD, "head", "408 Request Timeout"),
        (HALF_A_BODY, "body", "408 Request Timeout"),
    ],
)
async def test_a_request_has_a_deadline_and_its_client_is_told(said: bytes, reason: str, told: str) -> None:
    before = ended(reason)
    async with serving(HASTY) as served:
        client = await served.client(said=said)
        assert told in await client.rest()
    assert ended(reason) == before + 1


async def test_a_further_request_has_a_deadline_too() -> None:
    async with serving(HASTY) as served:
        client = await served.client()
        assert "200 OK" in await client.get("/ready")
        client.writer.write(HALF_A_HEAD)
        assert "408 Request Timeout" in await client.rest()


async def test_a_body_that_trickles_is_not_waited_for_and_a_body_that_flows_is() -> None:
    head = b"POST /read HTTP/1.1\r\nHost: service\r\nContent-Length: 200000\r\n\r\n"
    before = ended("body")
    async with serving(HASTY) as served:
        trickling = await served.client(said=head)
        flowing = await served.client(said=head)
        trickles = asyncio.create_task(send_slowly(trickling, 1, 200_000))
        await send_slowly(flowing, 10_000, 20)
        assert "200 OK" in await flowing.head()
        await trickling.rest()  # it writes on, so it may be reset before it reads why
        trickles.cancel()
    assert ended("body") == before + 1


async def send_slowly(client: HttpClient, size: int, times: int) -> None:
    for _ in range(times):
        client.writer.write(b"x" * size)
        await client.writer.drain()
        await asyncio.sleep(HASTY.look)


async def test_an_answer_that_is_not_read_is_not_kept() -> None:
    before, open_before = ended("answer"), HTTP_CONNECTIONS._value.get()
    async with serving(HASTY) as served:
        client = await served.client()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        client.writer.write(b"GET /large HTTP/1.1\r\nHost: service\r\n\r\n")
        async with asyncio.timeout(60):
            while ended("answer") == before:
                await answers(served, "127.0.0.9")
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await client.rest()) < LARGE_BYTES
    assert HTTP_CONNECTIONS._value.get() == open_before


async def test_an_answer_that_is_read_slowly_is_read_to_its_end() -> None:
    async with serving(HttpTimeouts(answer=0.5, look=0.02)) as served:
        client = await served.client(said=b"GET /large HTTP/1.1\r\nHost: service\r\n\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        read = 0
        while read < LARGE_BYTES:
            read += len(await client.reader.read(1_000_000))
            await asyncio.sleep(0.02)
        assert read == LARGE_BYTES


async def test_a_client_whose_request_is_worked_on_is_not_sent_away_for_the_silent() -> None:
    async with serving(http_connections=4, http_connections_per_address=4) as served:
        busy = await served.client(said=WORK)
        while not served.at_work:  # noqa: ASYNC110  it sets no event
            await asyncio.sleep(0)
        silent = [await served.client() for _ in range(3)]
        for client in silent:
            await client.get("/ready")
        await answers(served, "127.0.0.1")
        served.goes_on.set()
        assert "200 OK" in await busy.head()


async def test_too_many_requests_at_a_time_are_refused_and_operators_are_answered() -> None:
    async with serving(http_requests=8) as served:
        at_work = [await served.client(STRANGERS[0], WORK) for _ in range(4)]
        while served.at_work < len(at_work):  # noqa: ASYNC110  it sets no event
            await asyncio.sleep(0)
        refused = await (await served.client(STRANGERS[0])).get("/work")
        assert "503 Service Unavailable" in refused
        assert "retry-after: 1" in refused.lower()
        await answers(served, STRANGERS[0], "/ready")
        neighbour = await served.client("127.0.0.9", WORK)
        while served.at_work == len(at_work):  # noqa: ASYNC110  it sets no event
            await asyncio.sleep(0)
        served.goes_on.set()
        for client in (*at_work, neighbour):
            assert "200 OK" in await client.head()
