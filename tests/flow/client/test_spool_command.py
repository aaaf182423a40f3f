"""`beamcat-spool`: what programs that have ended left behind, delivered, shown, retried and forgotten."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beamcat_client import Client, SubmissionRefused
from beamcat_client.__main__ import main
from tests.builders.client_gateway import GatewayAtWork

pytestmark = pytest.mark.flow

GOOD = {"name": "run", "proposal": "MX1111", "path": "/data/good", "beamline": "id29", "start": "2026-11-24T10:00:00Z"}
BAD = {"name": "wrong \x1b[2J", "path": "/data/bad\x1b[2J"}


@pytest.fixture
def spool(tmp_path: Path, gateway: GatewayAtWork, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEAMCAT_GATEWAY_URL", gateway.url)
    monkeypatch.setenv("BEAMCAT_TOKEN", gateway.token)
    monkeypatch.setenv("BEAMCAT_SPOOL", str(tmp_path / "spool"))
    return tmp_path / "spool"


@pytest.fixture
def refused(spool: Path, new_client: Callable[..., Client]) -> str:
    """The receipt of what was refused."""
    with pytest.raises(SubmissionRefused) as refusal:
        new_client(spool=spool).store(BAD)
    return refusal.value.refused.receipt_id


@pytest.mark.usefixtures("refused")
def test_what_was_refused_is_told_until_it_is_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["deliver"]) == 1
    assert "refused: /data/bad" in capsys.readouterr().out
    assert main(["list"]) == 0
    assert "1 refused, 0 waiting" in capsys.readouterr().out
    assert main(["forget", "--all"]) == 0
    assert main([]) == 0
    assert main(["list"]) == 0
    assert "0 refused, 0 waiting" in capsys.readouterr().out


def test_what_was_refused_is_shown_with_its_reasons_and_what_was_said(
    refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", refused]) == 0
    shown = capsys.readouterr().out
    assert "proposal: is missing" in shown
    said: dict[str, Any] = json.loads(shown[shown.index("\n{") :])
    assert {name: said[name] for name in BAD} == BAD


@pytest.mark.parametrize("command", [["list"], ["show"], [], ["retry"]])
def test_a_terminal_never_obeys_what_was_said(
    refused: str, command: list[str], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    main([*command, refused] if command in (["show"], ["retry"]) else command)
    assert "\x1b" not in capsys.readouterr().out + caplog.text


def test_what_was_refused_is_delivered_once_the_gateway_takes_it(
    refused: str, spool: Path, gateway: GatewayAtWork, new_client: Callable[..., Client]
) -> None:
    assert main(["retry", refused]) == 1  # it is refused again
    client = new_client(spool=spool, background=False)
    client.store({**GOOD, "path": "/data/other"})
    client.store(GOOD)
    assert main(["retry", "--all"]) == 1
    assert gateway.paths() == ["/data/other", "/data/good"]
    assert [each.receipt_id for each in client.refused()] == [refused]


def test_what_is_not_refused_can_be_neither_shown_nor_retried_nor_forgotten(
    spool: Path, new_client: Callable[..., Client], capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = new_client(spool=spool, background=False).store(GOOD).receipt_id
    for command in ("show", "retry", "forget"):
        assert main([command, waiting]) == 1
        assert f"there is no refused submission {waiting}" in capsys.readouterr().err
    assert new_client(spool=spool, background=False).waiting() == 1


def test_a_gateway_that_is_named_is_delivered_to_as_ever(
    spool: Path, gateway: GatewayAtWork, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    new_client(spool=spool, background=False).store(GOOD)
    monkeypatch.delenv("BEAMCAT_GATEWAY_URL")
    assert main([gateway.url, "--spool", str(spool)]) == 0
    assert gateway.paths() == ["/data/good"]


def test_what_still_waits_is_told_with_the_reason(
    spool: Path, gateway: GatewayAtWork, new_client: Callable[..., Client], capsys: pytest.CaptureFixture[str]
) -> None:
    new_client(spool=spool, background=False).store(GOOD)
    gateway.shut()
    assert main(["--timeout", "0"]) == 1
    assert "1 datasets still wait: " in capsys.readouterr().out
    assert main([gateway.url, "--timeout", "0"]) == 1


@pytest.mark.parametrize(
    ("token", "told"),
    [("", "no token: set BEAMCAT_TOKEN"), ("beamcat_wrong", "the token comes from the environment")],
)
@pytest.mark.usefixtures("spool")
def test_a_token_that_is_not_taken_is_told(
    token: str,
    told: str,
    spool: Path,
    new_client: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    new_client(spool=spool, background=False).store(GOOD)
    monkeypatch.setenv("BEAMCAT_TOKEN", token)
    assert main(["--timeout", "0"]) == 1
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("command", [["forget"], ["show"], ["retry", "x", "--all"], ["list", "x"], ["--no-such"]])
def test_a_command_that_is_written_wrongly_is_told(command: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 2


@pytest.mark.parametrize("url", ["nonsense", "ftp://x"])
@pytest.mark.usefixtures("spool")
def test_an_address_that_is_none_is_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url]) == 3
    assert "does not begin with http://" in capsys.readouterr().err
