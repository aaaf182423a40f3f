"""The archive over HTTP: where files are, what was reported, and who is told who asked."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.archive.catalogue import MemoryCatalogue
from services.archive.routes import routes
from services.archive.settings import ArchiveSettings
from shared.access.tokens import create_token
from shared.host.host import face
from shared.host.service import Resources
from shared.http.settings import AccessSettings
from shared.kafka.publisher import KafkaPublisher
from shared.postgres.database import Database
from shared.runtime.backoff import Backoff
from tests.builders.archive import DATASETS, OURS, Archive
from tests.builders.search.records import IDENTITIES, NOON, Topics, dataset_id
from tests.builders.settings import FACILITY

pytestmark = pytest.mark.integration


class Asking:
    """Asks with tokens."""

    def __init__(self, client: httpx.AsyncClient, tokens_file: Path) -> None:
        self.client = client
        self._tokens = {name: create_token(tokens_file, name, [name]) for name in ("id29", "id30a-3")}
        self._tokens["*"] = create_token(tokens_file, "all", ["*"])

    async def states(self, *numbers: int, grant: str = "*", **asked: Any) -> list[tuple[int, str]]:
        """Where the files of datasets are."""
        headers = {"Authorization": f"Bearer {self._tokens[grant]}"}
        answer = await self.client.get("/whereabouts", params={"number": numbers, **asked}, headers=headers)
        assert answer.status_code == 200, answer.text
        self.last = answer.json()["whereabouts"]
        return [(one["number"], one["state"]) for one in self.last]


@pytest_asyncio.fixture
async def ask(database: Database, tmp_path: Path) -> AsyncIterator[Asking]:
    settings = ArchiveSettings(facility=FACILITY, access=AccessSettings(tokens_file=tmp_path / "tokens.json"))
    resources = Resources(
        settings, IDENTITIES, database, KafkaPublisher(settings.kafka, "test"), Backoff(), lambda: NOON
    )
    app = face("archive", routes(resources, MemoryCatalogue(*DATASETS)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://archive") as client:
        yield Asking(client, settings.access.tokens_file)


async def test_each_dataset_has_a_state_in_the_order_asked(ask: Asking, archive: Archive) -> None:
    topics = Topics()
    await archive.hear(
        topics.reported(42),
        topics.reported(42, "asked", about="restoration_requested", message="Ann", at=NOON + timedelta(hours=1)),
        topics.reported(43, "added", about="files_added"),
    )
    assert await ask.states(43, 42, 43) == [(43, "ONLINE"), (42, "RESTORING")]
    assert ask.last[1]["requests"] == [{"requester": "Ann", "at": "2024-11-30T13:00:00Z"}]
    assert ask.last[1]["told_at"] == "2024-11-30T12:00:00Z"


async def test_a_token_opens_the_datasets_of_its_beamlines_alone(ask: Asking) -> None:
    assert await ask.states(42, 43, 44, grant="id30a-3") == [(42, "ONLINE")]
    assert await ask.states(42, 43, grant="id30a-3", beamlines="id29") == []
    assert await ask.states(42, 43, beamlines=["ID29"]) == [(43, "ONLINE")]


async def test_where_files_are_is_told_to_nobody_without_a_token(ask: Asking) -> None:
    assert (await ask.client.get("/whereabouts", params={"number": 42})).status_code == 401


async def test_a_dataset_shows_what_became_of_its_files_newest_first_but_not_who_asked(
    ask: Asking, archive: Archive
) -> None:
    topics = Topics()
    await archive.hear(
        topics.reported(42, "one", message="on tape"),
        topics.reported(43, "of another"),
        topics.reported(42, "two", about="restoration", level="error", at=NOON + timedelta(days=1)),
        topics.reported(42, "three", about="restoration_requested", message="Ann", at=NOON + timedelta(days=2)),
    )
    path = f"/datasets/{dataset_id(OURS)}/reports"
    reports = (await ask.client.get(path)).json()["reports"]
    assert [(each["about"], each["level"], each["message"]) for each in reports] == [
        ("restoration_requested", "info", None),
        ("restoration", "error", None),
        ("archiving", "info", "on tape"),
    ]
    assert (await ask.client.get(path, params={"limit": 1})).json()["reports"] == reports[:1]
    assert (await ask.client.get(f"/datasets/{dataset_id('/data/nothing')}/reports")).json() == {"reports": []}
