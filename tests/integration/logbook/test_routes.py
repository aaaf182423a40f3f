"""The logbook over HTTP: what is found, and who may read it."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.logbook.routes import routes
from services.logbook.settings import LogbookSettings
from shared.access.tokens import create_token
from shared.host.host import face
from shared.host.service import Resources
from shared.http.settings import AccessSettings
from shared.kafka.publisher import KafkaPublisher
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from tests.builders.logbook import Logbook, told
from tests.builders.search.records import IDENTITIES, NOON, entry
from tests.builders.settings import FACILITY

pytestmark = pytest.mark.integration

PNG = base64.b64encode(b"\x89PNG").decode()


class Reader:
    """Asks with tokens."""

    def __init__(self, client: httpx.AsyncClient, tokens_file: Path) -> None:
        self.client = client
        self._tokens_file = tokens_file
        self._all = create_token(tokens_file, "all", ["*"])

    def token(self, *beamlines: str) -> str:
        """A token for beamlines."""
        return create_token(self._tokens_file, "-".join(beamlines), beamlines)

    async def get(self, path: str, token: str | None = None, **asked: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self._all}"}
        return await self.client.get(path, params=asked, headers=headers)

    async def texts(self, token: str | None = None, **asked: Any) -> list[str]:
        """The texts of the entries that are found, in order."""
        answer = await self.get("/entries", token, **asked)
        assert answer.status_code == 200, answer.text
        return [one["content"][0]["text"] for one in answer.json()["entries"]]


@pytest_asyncio.fixture
async def reader(database: Database, tmp_path: Path) -> AsyncIterator[Reader]:
    settings = LogbookSettings(facility=FACILITY, access=AccessSettings(tokens_file=tmp_path / "tokens.json"))
    resources = Resources(
        settings, IDENTITIES, database, KafkaPublisher(settings.kafka, "test"), Backoff(), lambda: NOON
    )
    transport = httpx.ASGITransport(face("logbook", routes(resources)))
    async with httpx.AsyncClient(transport=transport, base_url="http://logbook") as client:
        yield Reader(client, settings.access.tokens_file)


async def test_nothing_is_read_without_a_token(reader: Reader, logbook: Logbook) -> None:
    await logbook.hear([told("a secret", file_name="a.png", file_type="image/png", file_base64=PNG)])
    for path in ("/entries", f"/entries/{entry('a secret').entry_id}/file"):
        for headers in ({}, {"Authorization": "Bearer unknown"}, {"Authorization": "Basic abc"}):
            answer = await reader.client.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Bearer realm="beamcat"'
            assert "secret" not in answer.text


async def test_a_token_opens_the_entries_of_its_beamlines_alone(reader: Reader, logbook: Logbook) -> None:
    everywhere = {"proposal": None, "investigation_number": None}
    await logbook.hear(
        [told("ours"), told("theirs", beamline="ID29"), told("everybody's", **everywhere, beamline=None)]
    )
    assert set(await reader.texts()) == {"ours", "theirs", "everybody's"}
    token = reader.token("id29")
    assert await reader.texts(token) == ["theirs"]
    assert await reader.texts(token, beamlines=["id30a-3", "id29"]) == ["theirs"]
    assert await reader.texts(token, beamlines="id30a-3") == []
    assert await reader.texts(token, beamline="id30a-3") == []
    assert await reader.texts(beamlines=["Id29", "id30a-3"], order="asc") != []
    assert await reader.texts(beamlines="") == []
    assert (await reader.get("/entries", token)).json()["total"] == 1


async def test_entries_are_found_by_everything_that_they_say(reader: Reader, logbook: Logbook) -> None:
    hour = timedelta(hours=1)
    await logbook.hear(
        [
            told("first", category="info", dataset_name="run_1", tags=["a", "b"]),
            told("second 100%", category="error", dataset_name="run_2", tags=["b"], created_at=NOON + hour),
            told("third", proposal=None, created_at=NOON + 2 * hour),
        ]
    )
    assert await reader.texts() == ["third", "second 100%", "first"]
    assert await reader.texts(order="asc", limit=2) == ["first", "second 100%"]
    assert await reader.texts(dataset="run_2") == ["second 100%"]
    assert await reader.texts(types=["NOTIFICATION-ERROR", "annotation"]) == ["second 100%"]
    assert await reader.texts(types="notification", skip=1, limit=1) == ["second 100%"]
    assert await reader.texts(tags=["b", "a"]) == ["first"]
    assert await reader.texts(search="100%") == ["second 100%"]
    assert await reader.texts(search="_") == ["second 100%", "first"]  # in the names of datasets alone
    assert await reader.texts(begin=(NOON + hour).isoformat(), end=(NOON + hour).isoformat()) == ["second 100%"]
    assert await reader.texts(unassigned=True) == ["third"]


async def test_an_entry_belongs_to_an_investigation_by_number_or_by_place_and_time(
    reader: Reader, logbook: Logbook
) -> None:
    day = timedelta(days=1)
    await logbook.hear(
        [
            told("numbered", investigation_number=42, proposal=None, created_at=NOON + 9 * day),
            told("near", created_at=NOON - 2 * day),
            told("far", created_at=NOON - 3 * day),
            told("of another", investigation_number=43),
            told("elsewhere", beamline="id29"),
        ]
    )
    visit: dict[str, Any] = {"investigation": 42, "proposal": "MX-1111", "beamline": "ID30A-3"}
    period = f"{NOON.isoformat()}/{(NOON + day).isoformat()}"
    assert await reader.texts(**visit, period=period) == ["numbered", "near"]
    assert await reader.texts(**visit, period=[period, f"{(NOON + 5 * day).isoformat()}/.."]) == ["numbered", "near"]
    assert await reader.texts(**visit, period=f"../{(NOON - 5 * day).isoformat()}") == ["numbered", "far"]
    assert await reader.texts(investigation=42) == ["numbered"]


async def test_each_answer_has_the_number_of_all(reader: Reader, logbook: Logbook) -> None:
    await logbook.hear([told(f"entry {n}") for n in range(3)])
    pages: list[dict[str, Any]] = [{}, {"limit": 1}, {"limit": 0}, {"skip": 2}, {"skip": 9}]
    for asked in pages:
        assert (await reader.get("/entries", **asked)).json()["total"] == 3


async def test_a_file_is_handed_out_as_it_was_to_whoever_may_read_its_entry(reader: Reader, logbook: Logbook) -> None:
    file = {"file_name": "a.png", "file_type": "image/png", "file_base64": PNG}
    page = file | {"file_name": "a.html", "file_type": "text/html"}
    await logbook.hear([told("picture", **file), told("page", **page), told("text")])
    (listed,) = (await reader.get("/entries", search="picture")).json()["entries"]
    assert (listed["file_name"], listed["file_type"], listed["file_bytes"]) == ("a.png", "image/png", 4)
    path = f"/entries/{listed['entry_id']}/file"
    answer = await reader.get(path)
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert answer.headers["content-disposition"] == 'attachment; filename="a.png"'
    unsafe = await reader.get(f"/entries/{entry('page').entry_id}/file")
    assert unsafe.headers["content-type"] == "application/octet-stream"
    assert (await reader.get(path, reader.token("id29"))).status_code == 403
    assert (await reader.get(path, beamlines="id29")).status_code == 403
    assert (await reader.get(f"/entries/{entry('text').entry_id}/file")).status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        {"investigation": 42, "period": "yesterday"},
        {"investigation": 42, "period": "0001-01-01T00:00:00Z/.."},
        {"period": "../.."},
        {"proposal": "mx1111"},
        {"investigation": 2**63},
        {"begin": "2024-11-30T12:00:00"},
        {"limit": 10_001},
        {"skip": 2**63},
        {"typ": "annotation"},
    ],
)
async def test_what_cannot_be_heeded_is_refused_by_name(reader: Reader, asked: dict[str, Any]) -> None:
    answer = await reader.get("/entries", **asked)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] in asked
