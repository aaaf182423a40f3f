"""What comes of asking another service."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.foundation.problem import Problem
from shared.http import neighbour
from shared.http.neighbour import Neighbour

Answer = Callable[[httpx.Request], httpx.Response]


def asking(folder: Path, answer: Answer) -> Neighbour:
    (folder / "token").write_text("secret\n")
    return Neighbour("search", "http://search:1/", folder / "token", httpx.MockTransport(answer))


async def refused(folder: Path, answer: Answer) -> Problem:
    with pytest.raises(Problem) as problem:
        await asking(folder, answer).get("/numbers")
    return problem.value


async def test_a_question_bears_the_token_and_leaves_out_what_is_not_asked(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[request.headers["authorization"], str(request.url)])

    said = await asking(tmp_path, answer).get("/numbers", {"number": [1, 2], "beamline": None})
    assert said == ["Bearer secret", "http://search:1/numbers?number=1&number=2"]


async def test_a_token_that_was_replaced_is_used_from_then_on(tmp_path: Path) -> None:
    asked = asking(tmp_path, lambda request: httpx.Response(200, json=request.headers["authorization"]))
    (tmp_path / "token").write_text("another")
    assert await asked.get("/") == "Bearer another"


@pytest.mark.parametrize("status", [401, 500, 503, 302])
async def test_a_service_that_does_not_serve_is_away_and_the_asker_is_told_when_to_ask_again(
    tmp_path: Path, status: int
) -> None:
    problem = await refused(tmp_path, lambda _: httpx.Response(status, json={"detail": "secret words"}))
    assert (problem.status, problem.retry_after_seconds) == (503, 5)
    assert "secret" not in problem.detail


async def test_a_service_that_cannot_be_reached_is_away(tmp_path: Path) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    assert (await refused(tmp_path, fail)).status == 503


async def test_without_our_token_nothing_is_asked(tmp_path: Path) -> None:
    asked = asking(tmp_path, lambda _: httpx.Response(200, json=[]))
    (tmp_path / "token").unlink()
    with pytest.raises(Problem) as problem:
        await asked.get("/numbers")
    assert problem.value.status == 503
    assert str(tmp_path) not in problem.value.detail


async def test_what_the_asker_can_mend_is_passed_on(tmp_path: Path) -> None:
    said: dict[str, Any] = {"detail": "limit: too large", "errors": [{"field": "limit", "message": "too large"}]}
    problem = await refused(tmp_path, lambda _: httpx.Response(422, json=said))
    assert (problem.status, problem.detail, problem.errors[0].field) == (422, "limit: too large", "limit")


async def test_an_answer_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbour, "MOST_ANSWER_BYTES", 10)
    assert (await refused(tmp_path, lambda _: httpx.Response(200, json=list(range(9))))).status == 503


async def test_a_streamed_answer_is_read_line_by_line_wherever_its_parts_end(tmp_path: Path) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in (b'{"a"', b": 1}\n[2]\n", b'"\xe2\x80', b'\xa8"\n'):
            yield part

    asked = asking(tmp_path, lambda _: httpx.Response(200, content=parts()))
    assert [line async for line in asked.lines("/documents")] == [{"a": 1}, [2], "\u2028"]


async def test_a_streamed_answer_that_is_broken_off_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"1\n"
        raise httpx.RemoteProtocolError("peer closed connection")

    read = asking(tmp_path, lambda _: httpx.Response(200, content=parts())).lines("/documents")
    assert await anext(read) == 1
    with pytest.raises(Problem) as problem:
        await anext(read)
    assert problem.value.status == 503


async def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbour, "MOST_LINE_BYTES", 10)

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"1234"

    with pytest.raises(Problem, match="too large"):
        _ = [line async for line in asking(tmp_path, lambda _: httpx.Response(200, content=parts())).lines("/")]
