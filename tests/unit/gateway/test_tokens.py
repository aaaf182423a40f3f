import os
from datetime import timedelta
from pathlib import Path
from threading import Thread

import httpx
import pytest

from shared.access.tokens import (
    TokenNameTaken,
    TokenRefused,
    Tokens,
    TokensUnreadable,
    create_token,
    list_tokens,
    revoke_token,
)
from tests.unit.gateway.gateway_on_memory import DATASET, NOW, Gateway


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "tokens.json"


def test_a_token_opens_its_grant_and_is_not_kept(file: Path) -> None:
    token = create_token(file, "id29", ["id29"], NOW + timedelta(days=1))
    grant = Tokens(file).grant_of(token, NOW)
    assert (grant.name, grant.permits("ID29"), grant.permits("id23-1")) == ("id29", True, False)
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_star_permits_every_beamline(file: Path) -> None:
    assert Tokens(file).grant_of(create_token(file, "office", ["*"]), NOW).permits("id29")


def test_an_expired_token_says_so(file: Path) -> None:
    token = create_token(file, "id29", ["id29"], NOW)
    with pytest.raises(TokenRefused, match="of id29 expired at 2026-11-24"):
        Tokens(file).grant_of(token, NOW)


def test_a_revoked_token_stops_working_at_once(file: Path) -> None:
    token = create_token(file, "id29", ["id29"])
    other = create_token(file, "id23-1", ["id23-1"])
    tokens = Tokens(file)
    tokens.grant_of(token, NOW)
    assert revoke_token(file, "id29")
    with pytest.raises(TokenRefused, match="is unknown or was revoked"):
        tokens.grant_of(token, NOW)
    assert tokens.grant_of(other, NOW).name == "id23-1"
    assert not revoke_token(file, "id29")
    assert [grant.name for grant in list_tokens(file)] == ["id23-1"]


def test_a_token_made_while_the_gateway_runs_works_at_once(file: Path) -> None:
    tokens = Tokens(file)
    with pytest.raises(TokenRefused, match="no tokens file"):
        tokens.grant_of("x", NOW)
    assert tokens.grant_of(create_token(file, "id29", ["id29"]), NOW).name == "id29"


def test_a_name_has_one_token(file: Path) -> None:
    create_token(file, "id29", ["id29"])
    with pytest.raises(TokenNameTaken):
        create_token(file, "id29", ["id29"])


@pytest.mark.parametrize("name", ["", "id 29", "id29\n", "-x", "é", "x" * 65])
def test_a_name_that_no_header_could_carry_is_refused(file: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        create_token(file, name, ["id29"])


def test_grants_made_at_the_same_time_are_all_kept(file: Path) -> None:
    threads = [Thread(target=create_token, args=(file, f"p{number}", ["*"])) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {grant.name for grant in list_tokens(file)} == {f"p{number}" for number in range(20)}


def test_a_file_that_cannot_be_read_opens_nothing_and_is_left_as_it_is(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token = create_token(file, "id29", ["id29"])
    tokens = Tokens(file)
    tokens.grant_of(token, NOW)
    file.write_text('{"grants": [{"nam": "secret words"}]}')
    os.utime(file, ns=(1, 1))
    for _ in range(2):
        with pytest.raises(TokenRefused, match="cannot be read") as refused:
            tokens.grant_of(token, NOW)
        assert "secret words" not in str(refused.value)
    assert "secret words" in caplog.text
    with pytest.raises(TokensUnreadable, match="secret words"):
        create_token(file, "other", ["id29"])
    assert "secret words" in file.read_text()


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic abc", "Bearer wrong", "Bearer \xe9"])
async def test_a_request_without_a_known_token_is_a_401(gateway: Gateway, authorization: str) -> None:
    async with gateway.caller() as caller:
        for route in (
            "/datasets",
            "/datasets:batch",
            "/datasets:check",
            "/datasets:check-batch",
            "/investigations",
            "/samples",
        ):
            headers = {b"Authorization": authorization.encode("latin-1")}
            answer = await caller.post(route, json=DATASET, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert "bearer token" in answer.json()["detail"]


async def test_no_tokens_file_is_a_401_that_says_so(gateway: Gateway, caller: httpx.AsyncClient) -> None:
    gateway.tokens_file.unlink()
    answer = await caller.post("/datasets", json=DATASET)
    assert answer.status_code == 401
    assert "no tokens file" in answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"beamline": "id23-1"},
        {"beamline": None, "parameters": {"beamlineID": "id23-1"}},
        {"parameters": {"BEAMLINEID": "id23-1"}},
    ],
)
async def test_a_dataset_of_another_beamline_is_a_403(
    gateway: Gateway, caller: httpx.AsyncClient, change: dict[str, object]
) -> None:
    answer = await caller.post("/datasets", json={**DATASET, **change})
    assert answer.status_code == 403
    assert "is for id30a-3, id29, not for 'id23-1'" in answer.json()["detail"]
    assert gateway.publisher.messages == []


@pytest.mark.parametrize("beamline", ["id29", "ID29", "id30a-3"])
async def test_the_beamline_may_be_said_by_the_parameter(caller: httpx.AsyncClient, beamline: str) -> None:
    body = {**DATASET, "beamline": None, "parameters": {"beamlineID": beamline}}
    assert (await caller.post("/datasets", json=body)).status_code == 202
