"""However much is asked for, however large it is: no request and no answer is larger than 16 MiB, unless streamed."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from shared.http.door import MOST_BODY_BYTES
from tests.builders.search.records import Topics, dataset_id, entry, investigation
from tests.integration.doors.odd import LIKELY, requests_of
from tests.integration.doors.serving import NAMES, Doors

pytestmark = pytest.mark.integration

MEBIBYTE = 1024 * 1024
HUGE, MANY = "/data/huge", 14
"""A dataset, and how many revisions, receipts, rejections and entries of more than a MiB there are of it."""
MOST = {"limit": ["500", "1000", "2000", "10000"], "skip": ["0"], "path": [HUGE], "nested": ["true"], "count": ["true"]}


@pytest.fixture(scope="module", autouse=True)
def _huge(doors: Doors) -> None:
    topics, session = Topics(), investigation(42)
    facts: dict[str, Any] = {"investigation": session, "proposal": session.proposal, "beamline": session.beamline}
    paths = [f"{HUGE}/{at}/{'x' * 3_900}" for at in range(100)]
    doors.run(doors.world.note(topics.registered(session)))
    for at in range(1, MANY + 1):
        files = [{"path": f"{at}-{number:04}-{'f' * 240}"} for number in range(5_000)]
        note = [
            topics.committed(HUGE, number=1, revision=at, files=files, **facts),
            topics.committed(f"/data/child{at}", number=100 + at, inputs=[HUGE], files=files, **facts),
            *(topics.pending(f"waits-{at}-{again}", HUGE, paths) for again in range(4)),
            topics.rejected(f"refused-{at}", HUGE, offset=at, message="m" * MEBIBYTE + "!", value=b"v" * MEBIBYTE),
        ]
        doors.run(doors.world.note(*note))
    doors.run(doors.world.note(topics.rejected("largest", HUGE, offset=99, value=b"\xc3\xa9" * 6 * MEBIBYTE)))
    doors.run(doors.logbook.hear(logged(topics, session, at) for at in range(2 * MANY)))


def logged(topics: Topics, session: Any, at: int) -> Any:
    from services.icat_plus.handler import logbook_event

    facts = {"proposal": session.proposal, "beamline": session.beamline, "investigation_number": session.number}
    return topics.written(logbook_event(entry(f"{at} {'t' * 900_000}", **facts)))


def fields_of(operation: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Queries that ask for as much as the operation gives."""
    names = {one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "query"}
    likely = {name: LIKELY[name] for name in names if name in LIKELY}
    if "instrumentName" in likely and "investigationId" in likely:
        del likely["instrumentName"]
    yield likely
    for limit in MOST["limit"] if "limit" in names else ["0"]:
        yield (
            likely
            | {name: values[0] for name, values in MOST.items() if name in names}
            | ({"limit": limit} if "limit" in names else {})
        )


@pytest.mark.parametrize("name", [name for name in NAMES if name != "jolokia"])
def test_no_answer_is_larger_than_a_body_may_be_unless_it_is_streamed(doors: Doors, name: str) -> None:
    opening = {"session_id": doors.session_id, "key": doors.token, "dataset_id": str(dataset_id(HUGE))}
    for asked, operation in requests_of(doors.apps[name].openapi(), opening):
        if asked.method != "GET":
            continue
        path = asked.path
        for part, value in asked.parts.items():
            path = path.replace(f"{{{part}}}", value)
        for query in fields_of(operation):
            answer = doors.client.get(
                f"{doors.urls[name]}{path}", params=query, headers={"Authorization": f"Bearer {doors.token}"}
            )
            streamed = answer.headers.get("transfer-encoding") == "chunked"
            told = f"{path} {query}: {answer.status_code}, {len(answer.content)} bytes"
            assert answer.status_code in {200, 403, 404, 406, 422}, told
            assert streamed or len(answer.content) <= MOST_BODY_BYTES, told


@pytest.mark.parametrize("name", NAMES)
def test_no_body_larger_than_a_body_may_be_is_taken(doors: Doors, name: str) -> None:
    opening = {"session_id": doors.session_id, "key": doors.token}
    headers = {"Authorization": f"Bearer {doors.token}", "Content-Type": "application/json"}
    for asked, _ in requests_of(doors.apps[name].openapi(), opening):
        path = asked.path
        for part, value in asked.parts.items():
            path = path.replace(f"{{{part}}}", value)
        url = f"{doors.urls[name]}{path}"
        query = {name: value for name, value in asked.query if name in {"datasetIds", "datasetId", "investigationId"}}
        answer = doors.client.request(
            asked.method, url, params=query, content=b" " * (MOST_BODY_BYTES + 1), headers=headers
        )
        assert answer.status_code == 413, f"{asked.method} {asked.path}"
        assert "bytes" in answer.json()["detail"]


def pages(doors: Doors, route: str, field: str, **query: str) -> Iterator[list[Any]]:
    """The pages of a list of search, as `next` leads on."""
    while True:
        answer = doors.client.get(f"{doors.urls['search']}{route}", params=query)
        assert answer.status_code == 200, answer.text[:500]
        assert len(answer.content) <= MOST_BODY_BYTES
        said = answer.json()
        items = said[route.rpartition("/")[2]]
        assert items
        yield items
        if said["next"] is None:
            return
        query[field] = str(said["next"])


def test_pages_that_end_early_lead_to_everything(doors: Doors) -> None:
    found = list(pages(doors, f"/datasets/{dataset_id(HUGE)}/revisions", "below", limit="500"))
    assert [one["revision"] for page in found for one in page] == list(range(MANY, 0, -1))
    found = list(pages(doors, "/receipts", "skip", path=HUGE, limit="500"))
    assert len(found) > 1
    assert len({one["receipt_id"] for page in found for one in page}) >= 4 * MANY
    found = list(pages(doors, "/rejections", "cursor", limit="500"))
    assert len(found) > 1
    assert [one["receipt_id"] for page in found for one in page] == [
        "largest",
        *(f"refused-{at}" for at in range(MANY, 0, -1)),
    ]


def test_what_a_revision_changed_is_told_by_its_size_where_it_is_too_large(doors: Doors) -> None:
    url = f"{doors.urls['search']}/datasets/{dataset_id(HUGE)}/revisions"
    latest = doors.client.get(url, params={"limit": 1}).json()["revisions"][0]
    [files] = [change for change in latest["changes"] if change["field"] == "files"]
    assert (files["before"], files["after"]) == (None, None)
    assert files["omitted_bytes"] > MEBIBYTE


def test_the_original_of_the_largest_rejection_is_told_whole(doors: Doors) -> None:
    url = f"{doors.urls['search']}/rejections"
    [row] = doors.client.get(url, params={"receipt_id": "largest"}).json()["rejections"]
    answer = doors.client.get(f"{url}/{row['rejection_id']}")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.json()["value_text"] == "é" * 6 * MEBIBYTE


def test_a_list_of_icat_that_does_not_fit_names_the_fields_that_page_it(doors: Doors) -> None:
    url = f"{doors.urls['icat_plus']}/logbook/{doors.session_id}/event"
    all_of_them = doors.client.get(url, params={"investigationId": "42"})
    assert all_of_them.status_code == 422
    assert "limit" in all_of_them.json()["detail"]
    assert "skip" in all_of_them.json()["detail"]
    some = doors.client.get(url, params={"investigationId": "42", "limit": "5", "skip": "3"})
    assert len(some.json()) == 5
