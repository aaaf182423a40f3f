"""The logbook: what is written is durable when it is answered, and read as it was given."""

import base64
from typing import Any

import httpx
import pytest
from icat_plus_client.exceptions import ApiException
from icat_plus_client.models.event import Event

from services.icat_plus.logbook import MOST_ENTRY_BYTES
from shared.access.tokens import create_token
from shared.events.topics import LOGBOOK
from tests.integration.icat_plus.conftest import BEAMLINE, PROPOSAL, Facility

pytestmark = pytest.mark.integration


async def session_of(facility: Facility, client: httpx.AsyncClient) -> str:
    answer = await client.post("/session", json={"password": facility.key})
    return str(answer.json()["sessionId"])


async def entries(facility: Facility, **asked: Any) -> list[Event]:
    await facility.read_logbook()
    async with httpx.AsyncClient(base_url=facility.url) as client:
        session = await session_of(facility, client)
        answer = await client.get(f"/logbook/{session}/event", params=asked)
        assert answer.status_code == 200, answer.text
        return [event for one in answer.json() if (event := Event.from_dict(one))]


async def test_a_message_is_kept_with_its_text_tags_and_dataset(facility: Facility) -> None:
    await facility.register(42)
    html = "<b>done</b><script>alert(1)</script>"
    await facility.ask(
        lambda client: client.send_message(
            html,
            msg_type="info",
            mimetype="text/html",
            beamline=BEAMLINE,
            proposal=PROPOSAL,
            dataset="run_01",
            tags=["MX"],
        )
    )
    (entry,) = await entries(facility, investigationId=42)
    assert entry.content is not None
    assert entry.tag is not None
    assert (entry.content[0].format, entry.content[0].text) == ("html", html)
    assert ([tag.name for tag in entry.tag], entry.dataset_name, entry.category) == (["MX"], "run_01", "info")
    assert (entry.investigation_id, entry.instrument_name) == (42, BEAMLINE)


async def test_entries_are_found_by_dataset_type_tag_text_and_page(facility: Facility) -> None:
    await facility.register(42)

    def write(client: Any) -> None:
        for n, kind in enumerate(("info", "error", "comment")):
            client.send_message(
                f"message {n}", msg_type=kind, beamline=BEAMLINE, proposal=PROPOSAL, dataset=f"run_{n}", tags=[f"t{n}"]
            )

    await facility.ask(write)

    async def datasets(**asked: Any) -> set[Any]:
        return {one.dataset_name for one in await entries(facility, investigationId=42, **asked)}

    assert await datasets() == {"run_0", "run_1", "run_2"}
    assert await datasets(datasetName="run_1") == {"run_1"}
    assert await datasets(types="NOTIFICATION-ERROR,ANNOTATION") == {"run_1", "run_2"}
    assert await datasets(tags="t0") == {"run_0"}
    assert await datasets(search="MESSAGE 2") == {"run_2"}
    assert len(await datasets(limit=2)) == 2


async def test_an_image_is_kept_and_handed_out_as_it_was(facility: Facility) -> None:
    await facility.ask(
        lambda client: client.send_binary_data(b"\x89PNG", mimetype="image/png", beamline=BEAMLINE, proposal=PROPOSAL)
    )
    await facility.register(42)  # the investigation becomes known only now
    (entry,) = await entries(facility, investigationId=42)
    assert entry.file is not None
    assert (entry.type, entry.category, entry.content_type, entry.file_size) == ("attachment", "file", "image/png", 4)
    async with httpx.AsyncClient(base_url=facility.url) as client:
        session = await session_of(facility, client)
        answer = await client.get(f"/resource/{session}/file/download", params={"resourceId": entry.file[0]})
    assert answer.content == b"\x89PNG"
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_a_beamlines_own_message_and_a_broadcast_belong_to_no_investigation(facility: Facility) -> None:
    await facility.ask(lambda client: client.send_message("beam lost", beamline=BEAMLINE, beamline_only=True))
    await facility.ask(lambda client: client.send_message("ring down", msg_type="error"))
    (entry,) = await entries(facility, instrumentName=BEAMLINE, filterInvestigation="true")
    assert entry.investigation_name is None
    assert len(facility.publisher.of(LOGBOOK.name)) == 2


async def test_the_same_message_again_is_one_entry(facility: Facility) -> None:
    await facility.register(42)
    for _ in range(2):
        await facility.ask(
            lambda client: client.send_message(
                "once", beamline=BEAMLINE, proposal=PROPOSAL, creationDate="2024-11-30T12:00:00+00:00"
            )
        )
    assert len(facility.publisher.of(LOGBOOK.name)) == 2
    assert len(await entries(facility, investigationId=42)) == 1


async def test_what_is_too_large_or_no_image_or_not_permitted_is_refused_with_the_reason(facility: Facility) -> None:
    url = f"/dataacquisition/{facility.key}/base64?investigationName=a&instrumentName=b"
    async with httpx.AsyncClient(base_url=facility.url) as client:
        large = base64.b64encode(bytes(MOST_ENTRY_BYTES)).decode()
        answers = [
            await client.post(url, json={"base64": f"data:image/png;base64,{large}"}),
            await client.post(url, json={"base64": "abc"}),
            await client.post(url, json={"base64": "data:image/png;base64,a"}),
            await client.post(url.replace("base64?", "notification?"), json={"content": [{"text": "a\x00b"}]}),
        ]
    assert [answer.status_code for answer in answers] == [413, 422, 422, 422]
    assert all(facility.key not in answer.text for answer in answers)
    key = create_token(facility.tokens_file, "id29", ["id29"])
    with pytest.raises(ApiException) as refused:
        await facility.ask(lambda client: client.send_message("a", beamline=BEAMLINE), elogbook_token=key)
    assert refused.value.status == 403
    assert facility.publisher.of(LOGBOOK.name) == []


async def test_an_entry_says_in_what_it_was_written(facility: Facility) -> None:
    await facility.register(42)
    async with httpx.AsyncClient(base_url=facility.url) as client:
        for source in ("spec", None):
            body = {"content": [{"text": "done"}], "creationDate": "2024-11-30T12:00:00Z", "source": source}
            answer = await client.post(
                f"/dataacquisition/{facility.key}/notification", json=body, params={"investigationId": 42}
            )
            assert (answer.status_code, answer.json()["source"]) == (200, source)
    assert {entry.source for entry in await entries(facility, investigationId=42)} == {"spec", None}


@pytest.mark.parametrize(
    "date",
    [
        "0001-01-01",
        "0001-01-01T00:00:00+14:00",
        "1899-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        -1e17,
        253_402_214_400_000,
    ],
)
async def test_a_time_in_which_nothing_is_measured_is_refused_by_name(facility: Facility, date: object) -> None:
    async with httpx.AsyncClient(base_url=facility.url) as client:
        answer = await client.post(f"/dataacquisition/{facility.key}/notification", json={"creationDate": date})
    assert answer.status_code == 422
    assert "creationDate" in answer.json()["errors"][0]["field"]
