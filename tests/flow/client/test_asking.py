"""What the client asks of search, against answers of its shape."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from beamcat_client import (
    AddressUnknown,
    AsyncClient,
    BeamcatError,
    Client,
    NotFound,
    Receipt,
    StillWaiting,
    Unavailable,
)
from tests.builders.client_gateway import GatewayAtWork

pytestmark = pytest.mark.flow

Answers = dict[str, tuple[int, str] | list[tuple[int, str]]]


class Catalogue:
    """A search service that gives prepared answers, by path; a list is given one after the other."""

    def __init__(self) -> None:
        self.answers: Answers = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.tokens: list[str] = []
        catalogue = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                catalogue.tokens.append(self.headers.get("Authorization", ""))
                status, body = catalogue.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """The tests' output stays clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> tuple[int, str]:
        parts = urlsplit(path)
        self.asked.append((parts.path, parse_qs(parts.query)))
        answer = self.answers.get(parts.path, (404, '{"detail": "no such thing"}'))
        return answer.pop(0) if isinstance(answer, list) else answer


@pytest.fixture
def catalogue() -> Iterator[Catalogue]:
    catalogue = Catalogue()
    thread = Thread(target=catalogue.server.serve_forever, args=(0.002,))
    thread.start()
    yield catalogue
    catalogue.server.shutdown()
    thread.join()
    catalogue.server.server_close()


@pytest.fixture
def client(new_client: Callable[..., Client], catalogue: Catalogue) -> Client:
    return new_client(search_url=catalogue.url, background=False)


def test_a_submission_is_followed_to_its_end(client: Client, catalogue: Catalogue) -> None:
    receipt = client.store_dataset("run", "MX1111", "s", "/data/run", {}, beamline="id29")
    assert client.status(receipt).state == "spooled"
    client.flush(10)
    catalogue.answers[f"/receipts/{receipt.receipt_id}"] = [
        (404, '{"detail": "no such receipt"}'),
        (200, '{"state": "in_flight", "age_seconds": 0.1}'),
        (200, '{"state": "pending", "waits_for": ["/data/x"]}'),
        (200, '{"state": "committed", "revision": 1}'),
    ]
    status = client.wait(receipt, timeout=10)
    assert (status.state, status.final, status.catalogued, status.details["revision"]) == ("committed", True, True, 1)
    assert len(catalogue.asked) == 4


def test_a_receipt_is_asked_for_as_that_of_its_own_dataset(
    new_client: Callable[..., Client], catalogue: Catalogue
) -> None:
    client = new_client(search_url=catalogue.url)
    receipt = client.store_dataset("run", "MX1111", "s", "/data/run", {}, beamline="id29")
    assert client.status(receipt).state == "in_flight"
    assert catalogue.asked[0][1] == {"source": ["/producers/tester"], "dataset_id": [receipt.dataset_id]}
    assert client.status(Receipt(receipt.receipt_id, "/data/run", delivered=True)).state == "in_flight"
    assert catalogue.asked[1][1] == {"path": ["/data/run"]}
    assert all(token.startswith("Bearer ") for token in catalogue.tokens)


def test_waiting_ends_with_the_timeout(client: Client, catalogue: Catalogue) -> None:
    catalogue.answers["/receipts/r"] = (200, '{"state": "pending"}')
    with pytest.raises(StillWaiting, match="r is pending after"):
        client.wait("r", timeout=0.2)


def test_a_rejection_is_final_and_says_why(client: Client, catalogue: Catalogue) -> None:
    catalogue.answers["/receipts/r"] = (200, '{"state": "rejected", "code": "dataset_invalid", "message": "why"}')
    status = client.wait("r")
    assert (status.final, status.catalogued, status.details["code"]) == (True, False, "dataset_invalid")


def test_the_submissions_of_a_path_are_listed(client: Client, catalogue: Catalogue) -> None:
    catalogue.answers["/receipts"] = (200, '{"receipts": [{"receipt_id": "r", "state": "committed"}]}')
    assert [status.state for status in client.statuses("/data/run")] == ["committed"]
    assert catalogue.asked == [("/receipts", {"path": ["/data/run"]})]


def test_finding_goes_from_page_to_page(client: Client, catalogue: Catalogue) -> None:
    catalogue.answers["/datasets"] = [
        (200, '{"datasets": [{"name": "a"}, {"name": "b"}], "next": "c/1"}'),
        (200, '{"datasets": [{"name": "c"}], "next": null}'),
    ]
    conditions = ["MX_flux~gt~1e11", "MX_transmission~lt~50"]
    found = client.find("Fus", parameters=conditions, complete=True, beamline=["id29", "id30a-3"], sample=None, limit=2)
    assert [dataset["name"] for dataset in found] == ["a", "b", "c"]
    query: dict[str, Any] = {
        "q": ["Fus"],
        "parameters": conditions,
        "complete": ["true"],
        "beamline": ["id29", "id30a-3"],
        "limit": ["2"],
    }
    assert catalogue.asked == [("/datasets", query), ("/datasets", {**query, "cursor": ["c/1"]})]


def test_a_lineage_can_be_asked_for_by_path(client: Client, catalogue: Catalogue) -> None:
    catalogue.answers["/datasets/by-path"] = (200, '{"commit": {"dataset_id": "d1"}}')
    catalogue.answers["/datasets/d1/lineage"] = (200, '{"root": "d1"}')
    assert client.lineage("/data/run", direction="up", depth=3) == {"root": "d1"}
    assert catalogue.asked[-1] == ("/datasets/d1/lineage", {"direction": ["up"], "depth": ["3"]})


def test_the_pages_of_a_lineage_are_put_together(client: Client, catalogue: Catalogue) -> None:
    catalogue.answers["/datasets/d1/lineage"] = [
        (200, '{"root": "d1", "nodes": [1, 2], "edges": [3], "truncated": true, "next": 2}'),
        (200, '{"root": "d1", "nodes": [4], "edges": [5], "truncated": false, "next": null}'),
    ]
    assert client.lineage("d1") == {"root": "d1", "nodes": [1, 2, 4], "edges": [3, 5], "truncated": False, "next": None}
    assert catalogue.asked[-1][1]["skip"] == ["2"]


def test_an_id_that_nobody_has_heard_of_is_unknown(client: Client) -> None:
    status = client.status("00000000-0000-0000-0000-000000000000")
    assert (status.state, status.final, status.catalogued) == ("unknown", False, False)
    with pytest.raises(StillWaiting, match="is unknown after"):
        client.wait("00000000-0000-0000-0000-000000000000", timeout=0.1)


def test_an_answer_of_something_else_is_told(client: Client, catalogue: Catalogue) -> None:
    catalogue.answers |= {"/datasets": (200, "<html>the intranet</html>"), "/datasets/by-path": (200, "[]")}
    with pytest.raises(BeamcatError, match=r"/datasets did not answer with JSON: is this beamcat, or a proxy\?"):
        next(client.find())
    with pytest.raises(BeamcatError, match="by-path did not answer with JSON"):
        client.dataset("/data/run")


def test_a_search_service_below_a_path_is_asked_below_it(
    new_client: Callable[..., Client], catalogue: Catalogue
) -> None:
    catalogue.answers["/portal/beamcat/datasets"] = (200, '{"datasets": [{"name": "a"}], "next": null}')
    found = new_client(search_url=f"{catalogue.url}/portal/beamcat/", background=False).find()
    assert [dataset["name"] for dataset in found] == ["a"]


def test_a_client_that_knows_no_search_service_says_who_should_name_it(new_client: Callable[..., Client]) -> None:
    with pytest.raises(AddressUnknown, match="no search service is named by the arguments"):
        new_client(background=False).statuses("/data/run")


def test_a_dataset_can_be_asked_for_by_id_path_or_revision(client: Client, catalogue: Catalogue) -> None:
    body = '{"commit": {"dataset_id": "d1"}}'
    catalogue.answers |= {"/datasets/by-path": (200, body), "/datasets/d1": (200, body)}
    assert client.dataset("/data/run") == client.dataset("d1") == client.dataset("/data/run", revision=2)
    assert catalogue.asked[-1] == ("/datasets/d1", {"revision": ["2"]})
    with pytest.raises(NotFound, match="no such thing"):
        client.dataset("d2")


def test_a_query_that_search_refuses_is_an_error_with_its_words(client: Client, catalogue: Catalogue) -> None:
    catalogue.answers["/datasets"] = (422, '{"detail": "sampel: no such field; did you mean sample?"}')
    with pytest.raises(BeamcatError, match="did you mean sample"):
        list(client.find(sampel="x"))


def test_a_search_that_is_away_is_unavailable(new_client: Callable[..., Client], gateway: GatewayAtWork) -> None:
    gateway.shut()
    with pytest.raises(Unavailable, match="does not answer"):
        new_client(search_url=gateway.url, background=False).status("r")


def test_without_a_search_url_the_error_says_what_to_give(new_client: Callable[..., Client]) -> None:
    with pytest.raises(BeamcatError, match="search_url"):
        new_client(background=False).status("r")


async def test_the_asynchronous_client_finds_too(catalogue: Catalogue, gateway: GatewayAtWork, tmp_path: Path) -> None:
    catalogue.answers["/datasets"] = (200, '{"datasets": [{"name": "a"}], "next": null}')
    async with AsyncClient(gateway.url, "t", search_url=catalogue.url, spool=tmp_path / "s") as client:
        assert [dataset["name"] async for dataset in client.find("a")] == ["a"]
