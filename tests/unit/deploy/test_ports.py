import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded.ports import LOOPBACK, Ports, any_free_port, is_free


@pytest.fixture
def occupied() -> Iterator[int]:
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        yield port


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "ports.json"


def test_a_port_on_which_someone_listens_is_not_free(occupied: int) -> None:
    assert not is_free(occupied)


def test_the_preferred_port_is_taken_in_silence_when_it_is_free(memory: Path, said: list[str]) -> None:
    preferred = any_free_port()

    with Ports(memory, said.append) as ports:
        assert ports.take("kafka", preferred) == preferred
    assert said == []


def test_another_port_is_taken_and_announced_when_the_preferred_one_is_in_use(
    memory: Path, said: list[str], occupied: int
) -> None:
    with Ports(memory, said.append) as ports:
        port = ports.take("kafka", occupied)

    assert port != occupied
    assert is_free(port)
    assert said == [f"port {occupied} is in use: kafka takes {port}"]


def test_the_port_of_the_last_run_is_taken_again_before_the_preferred_one(memory: Path, said: list[str]) -> None:
    with Ports(memory, said.append) as last_run:
        first = last_run.take("kafka", any_free_port())

    with Ports(memory, said.append) as ports:
        assert ports.take("kafka", any_free_port()) == first
    assert said == []


def test_two_names_never_share_a_port(memory: Path, said: list[str]) -> None:
    preferred = any_free_port()

    with Ports(memory, said.append) as ports:
        assert ports.take("kafka", preferred) != ports.take("postgres", preferred)


def test_two_installations_that_choose_before_either_listens_share_no_port(tmp_path: Path, said: list[str]) -> None:
    preferred = any_free_port()

    with Ports(tmp_path / "one.json", said.append) as one, Ports(tmp_path / "other.json", said.append) as other:
        assert one.take("kafka", preferred) != other.take("kafka", preferred)


def test_a_remembered_port_that_is_in_use_now_is_replaced_in_memory_too(
    memory: Path, said: list[str], occupied: int
) -> None:
    memory.write_text(json.dumps({"kafka": occupied}))

    with Ports(memory, said.append) as ports:
        port = ports.take("kafka", any_free_port())

    assert json.loads(memory.read_text()) == {"kafka": port}
