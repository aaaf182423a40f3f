import json
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from beamcat_client import AsyncClient, Client, NotAuthorised, Receipt, SpoolUnusable, SubmissionRefused, mx
from beamcat_client.submission import plain
from shared.access.tokens import create_token, revoke_token
from shared.events.dataset import Submission
from tests.builders.client_gateway import GatewayAtWork
from tests.builders.validator import SUBMITTED_AT, a_checker

pytestmark = pytest.mark.flow


def store(client: Client, number: int = 1, **more: str | None) -> Receipt:
    said: dict[str, Any] = {"beamline": "id29", "start": "2026-11-24T10:00:00+01:00", **more}
    return client.store_dataset(
        f"run_{number}", "MX1111", "Fus_RAC1b", f"/data/run_{number}", {"MX_flux": 1e11}, **said
    )


def problem(status: int, **headers: str) -> Callable[[], Response]:
    body = {"status": status, "detail": "as the test wants it"}
    return lambda: JSONResponse(body, status, headers, "application/problem+json")


def test_a_dataset_is_delivered_before_the_call_returns(gateway: GatewayAtWork, client: Client) -> None:
    receipt = client.store_dataset(
        "run_01",
        "MX1111",
        None,
        PurePosixPath("/data/run_01"),
        {
            "MX_numberOfImages": 3600,
            "MX_directory": PurePosixPath("/data"),
            "startDate": datetime(2026, 11, 24, tzinfo=UTC),
        },
        input=["/data/run_00"],
        beamline="id29",
        files=["image.h5", {"path": "x.cbf", "size_bytes": 7}],
        complete=False,
    )
    assert receipt.delivered
    assert receipt.path == "/data/run_01"
    assert gateway.receipts() == [receipt.receipt_id]
    [message] = gateway.publisher.messages
    assert message.key == (receipt.dataset_id or "").encode()
    submission = json.loads(message.value)["submission"]
    assert submission.pop("producer")["machine"]
    assert submission == {
        "name": "run_01",
        "proposal": "MX1111",
        "path": "/data/run_01",
        "parameters": {
            "MX_numberOfImages": 3600,
            "MX_directory": "/data",
            "startDate": "2026-11-24T00:00:00+00:00",
        },
        "input": ["/data/run_00"],
        "beamline": "id29",
        "files": [{"path": "image.h5"}, {"path": "x.cbf", "size_bytes": 7}],
        "mode": "replace",
        "complete": False,
    }
    assert client.waiting() == 0


def test_while_the_gateway_is_away_the_call_returns_and_later_all_arrive_in_order(
    gateway: GatewayAtWork, client: Client
) -> None:
    gateway.shut()
    receipts = [store(client, number) for number in range(30)]
    assert not any(receipt.delivered for receipt in receipts)
    assert "does not answer" in (receipts[-1].trouble or "")
    assert client.waiting() == 30
    assert client.status(receipts[0]).state == "spooled"
    gateway.open()
    assert client.flush(30)
    assert gateway.receipts() == [receipt.receipt_id for receipt in receipts]
    assert gateway.requests == 1, "what has piled up goes in one batch"


def test_a_call_during_an_outage_does_not_wait_for_the_network(gateway: GatewayAtWork, client: Client) -> None:
    gateway.shut()
    store(client)
    started = time.monotonic()
    for number in range(10):
        store(client, number)
    assert time.monotonic() - started < 5, "the backoff of one call is 10 s"


def test_a_new_process_delivers_what_an_earlier_one_left(
    gateway: GatewayAtWork, new_client: Callable[..., Client]
) -> None:
    gateway.shut()
    first = new_client()
    receipt = store(first)
    first.close()
    gateway.open()
    assert new_client().flush(10)
    assert gateway.receipts() == [receipt.receipt_id]


def test_a_refused_dataset_raises_is_kept_and_blocks_nobody(gateway: GatewayAtWork, client: Client) -> None:
    with pytest.raises(SubmissionRefused, match="beamline: is missing") as raised:
        store(client, 1, beamline=None)
    [refused] = client.refused()
    assert refused == raised.value.refused
    assert (refused.path, refused.status, refused.errors[0]["field"]) == ("/data/run_1", 422, "beamline")
    assert client.status(refused.receipt_id).state == "refused"
    assert store(client, 2).delivered
    corrected = client.store({**refused.submission, "beamline": "id29"})
    assert corrected.delivered
    assert client.forget(refused)
    assert not client.forget(refused)
    assert client.refused() == []
    assert gateway.paths() == ["/data/run_2", "/data/run_1"]


def test_refused_ones_among_many_are_told_apart(
    gateway: GatewayAtWork, quiet_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(9):
        store(quiet_client, number, mode="append" if number % 3 == 1 else "replace")
    attempt = quiet_client.sender.run_once()
    assert (attempt.delivered, attempt.refused, attempt.trouble) == (6, 3, None)
    assert [refused.path for refused in quiet_client.refused()] == ["/data/run_1", "/data/run_4", "/data/run_7"]
    assert gateway.paths() == [f"/data/run_{number}" for number in range(9) if number % 3 != 1]
    assert "refused: /data/run_4: mode" in caplog.text


def test_a_batch_that_is_refused_as_such_is_sent_one_by_one(gateway: GatewayAtWork, quiet_client: Client) -> None:
    for number in range(3):
        store(quiet_client, number)
    answers = iter([problem(413)(), None, problem(422)(), None])
    gateway.answer_instead = lambda: next(answers)
    attempt = quiet_client.sender.run_once()
    assert (attempt.delivered, attempt.refused) == (2, 1)
    assert gateway.paths() == ["/data/run_0", "/data/run_2"]


@pytest.mark.parametrize(
    "answer",
    [
        problem(503),
        problem(429),
        problem(500),
        problem(408),
        problem(401),
        problem(404),
        lambda: PlainTextResponse("the proxy has lost its way", 404),
        lambda: JSONResponse({"detail": "Not Found"}, 404),
        lambda: PlainTextResponse("", 302, {"Location": "https://login.example"}),
        lambda: JSONResponse({"receipt_id": "another's"}, 202),
        lambda: JSONResponse({"results": []}, 202),
        lambda: JSONResponse({"results": ["x", "y"]}, 207),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_an_answer_that_decides_nothing_leaves_everything_waiting(
    gateway: GatewayAtWork, quiet_client: Client, answer: Callable[[], Response], count: int
) -> None:
    for number in range(count):
        store(quiet_client, number)
    gateway.answer_instead = answer
    attempt = quiet_client.sender.run_once()
    assert attempt.settled == 0
    assert attempt.trouble
    assert quiet_client.waiting() == count
    gateway.answer_instead = lambda: None
    assert quiet_client.flush(10)
    assert gateway.paths() == [f"/data/run_{number}" for number in range(count)]


def test_retry_after_is_kept(gateway: GatewayAtWork, quiet_client: Client) -> None:
    gateway.answer_instead = problem(503, **{"Retry-After": "7"})
    store(quiet_client)
    attempt = quiet_client.sender.run_once()
    assert attempt.retry_after_seconds == 7
    assert quiet_client.sender._pause(attempt, 1) >= 7
    started = time.monotonic()
    assert not quiet_client.flush(2)
    assert time.monotonic() - started < 2, "there is no use in waiting for a time that is too late"


def test_a_lost_answer_is_sent_again_under_the_same_receipt(gateway: GatewayAtWork, client: Client) -> None:
    lost = iter([True])

    def lose() -> None:
        if next(lost, False):
            raise ConnectionError("the connection breaks after Kafka confirmed")

    gateway.before_answering = lose
    receipt = store(client)
    assert not receipt.delivered
    assert client.flush(10)
    assert gateway.receipts() == [receipt.receipt_id] * 2


def test_a_gateway_that_never_answers_costs_no_more_than_the_patience(
    gateway: GatewayAtWork, new_client: Callable[..., Client]
) -> None:
    client = new_client(patience_seconds=0.1, timeout_seconds=0.2)
    answering = threading.Event()
    gateway.before_answering = lambda: answering.wait(20)
    receipt = store(client)
    assert not receipt.delivered
    answering.set()
    assert client.flush(20)
    assert set(gateway.receipts()) == {receipt.receipt_id}


def test_an_unknown_token_refuses_nothing_and_its_renewal_is_enough(
    gateway: GatewayAtWork, new_client: Callable[..., Client]
) -> None:
    receipt = store(new_client(token="wrong"))
    assert not receipt.delivered
    assert "token is unknown" in (receipt.trouble or "")
    assert new_client().flush(20)
    assert gateway.receipts() == [receipt.receipt_id]


def test_a_beamline_that_the_token_is_not_for_holds_back_its_own_datasets_only(
    gateway: GatewayAtWork, quiet_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    quiet_client.sender._clock = lambda: now[0]
    store(quiet_client, 1, beamline="id23-1")
    store(quiet_client, 2)
    assert not quiet_client.flush(5)
    store(quiet_client, 1)
    store(quiet_client, 3)
    assert not quiet_client.flush(5)
    assert gateway.paths() == ["/data/run_2", "/data/run_3"], (
        "the second submission of run_1 must not overtake the first"
    )
    assert "held back: /data/run_1" in caplog.text
    revoke_token(gateway.tokens_file, "tester")
    token = create_token(gateway.tokens_file, "tester", ["*"])
    quiet_client._gateway._token = token
    now[0] = 61
    assert quiet_client.flush(5)
    assert gateway.paths() == ["/data/run_2", "/data/run_3", "/data/run_1"]
    assert quiet_client.refused() == []


def test_trouble_and_its_end_are_logged_once(
    gateway: GatewayAtWork, quiet_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "beamcat_client")
    gateway.shut()
    store(quiet_client)
    for _ in range(3):
        quiet_client.sender.run_once()
    gateway.open()
    quiet_client.flush(10)
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "not delivered yet, kept and sent again later",
        "the gateway accepts submissions again",
    ]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # what Python 3.12 warns of is what is tested
def test_a_forked_process_stores_on_its_own(gateway: GatewayAtWork, quiet_client: Client) -> None:
    store(quiet_client, 1)
    child = os.fork()
    if child == 0:
        try:
            store(quiet_client, 2)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    store(quiet_client, 3)
    assert quiet_client.flush(10)
    assert gateway.paths() == ["/data/run_1", "/data/run_2", "/data/run_3"]


async def test_the_asynchronous_client_does_the_same(gateway: GatewayAtWork, tmp_path: Path) -> None:
    async with AsyncClient(gateway.url, gateway.token, spool=tmp_path / "spool", patience_seconds=10) as client:
        receipt = await client.store_dataset("run", "MX1111", "s", "/data/run", {}, beamline="id29")
        assert receipt.delivered
        with pytest.raises(SubmissionRefused):
            await client.store({"path": "/data/x"})
        assert len(await client.refused()) == 1
        assert await client.waiting() == 0


def test_a_dry_run_stores_nothing(gateway: GatewayAtWork, client: Client) -> None:
    submission = {"name": "run", "proposal": "MX1111", "path": "/data/run", "beamline": "id29"}
    assert client.check(submission).accepted
    assert not client.check({**submission, "nam": 1}).accepted
    assert gateway.publisher.messages == []
    assert client.waiting() == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"beamline": None}, "beamline: is missing"),
        ({"beamline": 7}, "beamline: "),
        ({"path": None}, "path: "),
        ({"path": "data/run"}, "path: "),
        ({"nam": 1}, "did you mean 'name'"),
    ],
)
def test_what_the_gateway_would_refuse_is_a_verdict_with_findings(
    client: Client, wrong: dict[str, Any], told: str
) -> None:
    submission = {"name": "run", "proposal": "MX1111", "path": "/data/run", "beamline": "id29"}
    verdict = client.check({**submission, **wrong})
    assert not verdict.accepted
    assert [finding["severity"] for finding in verdict.findings] == ["error"] * len(verdict.findings)
    assert {"code", "message", "cure"} <= verdict.findings[0].keys()
    assert any(told in finding["message"] for finding in verdict.findings), verdict.findings
    assert verdict.details["status"] == 422


def test_a_dry_run_with_a_token_that_is_not_for_it_is_no_verdict(client: Client) -> None:
    with pytest.raises(NotAuthorised, match=r"not for 'bm29'.*the token comes from the arguments"):
        client.check({"name": "run", "proposal": "MX1111", "path": "/data/run", "beamline": "bm29"})


class Array:
    """As numpy's, for this purpose."""

    def tolist(self) -> list[float]:
        return [1.0, 2.5]


def test_values_become_jsons_own() -> None:
    assert plain({"a": Array(), "b": (1, None)}, "parameters") == {"a": [1.0, 2.5], "b": [1, None]}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"MX_flux": float("nan")}, "parameters.MX_flux: is nan"),
        ({"MX_list": [1.0, float("inf")]}, "parameters.MX_list.1: is inf"),
        ({"MX_flux": object()}, "parameters.MX_flux: a object is not JSON"),
        ({"MX_text": "\ud800"}, "parameters.MX_text: .* holds half a character"),
    ],
)
def test_a_value_that_cannot_be_sent_is_named_at_once(client: Client, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        client.store_dataset("run", "MX1111", "s", "/data/run", parameters)
    assert client.waiting() == 0


@pytest.mark.parametrize("several", [{"input": "/data/raw"}, {"input": Path("/data/raw")}, {"files": "image.h5"}])
def test_a_single_text_where_a_list_belongs_is_refused_at_once(client: Client, several: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a list; write"):
        client.store_dataset("run", "MX1111", "s", "/data/run", {}, **several)
    assert client.waiting() == 0


def test_a_relative_path_is_refused_at_once(client: Client) -> None:
    with pytest.raises(ValueError, match="'run_1' is not absolute"):
        client.store_dataset("run", "MX1111", "s", "run_1", {})


def test_a_url_without_a_scheme_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="http://"):
        Client("gateway:8000", spool=tmp_path)


def test_a_spool_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolUnusable, match="give another folder"):
        Client("http://gateway", spool=tmp_path / "file")


def test_a_dataset_is_stored_through_a_builder_of_its_kind(gateway: GatewayAtWork, client: Client) -> None:
    receipt = client.store_dataset(
        "run_01",
        "MX1111",
        "Fus_RAC1b",
        "/data/run_01",
        **mx.data_collection(MX_numberOfImages=3600, MX_detectorDistance="15 cm"),
        beamline="id29",
        start="2026-11-24T10:00:00+01:00",
    )
    assert receipt.delivered
    [message] = gateway.publisher.messages
    submission = Submission(**json.loads(message.value)["submission"])
    verdict = a_checker().check(submission, receipt.receipt_id, SUBMITTED_AT)
    assert verdict.dataset is not None
    assert (verdict.dataset.kind, verdict.errors) == ("mx.raw.datacollection", [])
    assert verdict.parameters["MX_detectorDistance"] == {"value": 150.0, "original": "15 cm", "unit": "mm"}
