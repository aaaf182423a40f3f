"""One real Kafka and one real PostgreSQL for the whole run: the embedded stack, given URLs, or containers.

`BEAMCAT_KAFKA_BOOTSTRAP_SERVERS` and `BEAMCAT_DATABASE_URL` name running servers. `STACK=containers` starts
both with testcontainers. By default, the embedded stack is used.
"""

import functools
import gc
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
import typer.testing
from hypothesis import HealthCheck, settings

from deploy.embedded.stack import embedded_stack

pytest.register_assert_rewrite("tests.suites", "tests.builders")
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # a busy machine must not fail a test
settings.register_profile("quick", settings.get_profile("untimed"), max_examples=15)
"""Of `make unit`; `make test` looks at hypothesis' own 100."""

typer.testing._get_command = functools.cache(typer.main.get_command)  # type: ignore[attr-defined]
"""Cached, because the tree of commands does not change and takes 10 ms to build for each command."""

os.environ.setdefault("BEAMCAT_FACILITY", "facility.example")
"""No service starts without it."""

gc.disable()  # collection imports many objects, none of which is garbage


def pytest_collection_finish() -> None:
    """Freeze the imported objects, which live to the end, so that the garbage collector skips them."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="module", params=["apart", "together"])
def form(request: pytest.FixtureRequest) -> Iterator[str]:
    """The two forms in which stages run: each in a process of its own, or those of the pipeline together in one."""
    with pytest.MonkeyPatch.context() as patch:
        from tests.builders.pipeline import World  # loads every service

        patch.setattr(World, "together", request.param == "together")
        yield request.param


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """The environment that names both servers."""
    if os.environ.get("STACK") == "containers":
        with _containers() as environment:
            yield environment
    else:
        async with embedded_stack(tmp_path_factory.mktemp("stack")) as embedded:
            yield embedded.environment


@pytest.fixture(scope="session")
def kafka(stack: dict[str, str]) -> str:
    """The bootstrap servers of a real Kafka."""
    return stack["BEAMCAT_KAFKA_BOOTSTRAP_SERVERS"]


@pytest.fixture(scope="session")
def postgres_url(stack: dict[str, str]) -> str:
    """The URL of a real PostgreSQL, with a user that may create databases and roles."""
    return stack["BEAMCAT_DATABASE_URL"]


@pytest_asyncio.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """The URL of an empty database for this test alone."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(f'create database "{name}"')
        yield urlunsplit(urlsplit(postgres_url)._replace(path=f"/{name}"))
        await admin.execute(f'drop database "{name}" with (force)')
    finally:
        await admin.close()


@contextmanager
def _containers() -> Iterator[dict[str, str]]:
    from testcontainers.community.postgres import PostgresContainer

    with _kafka_container() as bootstrap_servers, PostgresContainer("postgres:18", driver=None) as database:
        yield {
            "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "BEAMCAT_DATABASE_URL": database.get_connection_url(),
        }


@contextmanager
def _kafka_container() -> Iterator[str]:
    """Apache's own image. Its scripts differ from Confluent's, which the KafkaContainer of testcontainers needs.

    A broker advertises the port that Docker chose at the start of the container, so it waits for a file with the port.
    """
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    wait_and_run = "until [ -s /advertised ]; do sleep 0.1; done; . /advertised; exec /etc/kafka/docker/run"
    container = DockerContainer("apache/kafka:4.4.0").with_exposed_ports(9092).with_envs(**KAFKA_ENVIRONMENT)
    with container.with_command(["sh", "-c", wait_and_run]) as broker:
        address = f"{broker.get_container_host_ip()}:{broker.get_exposed_port(9092)}"
        listeners = f"CLIENTS://{address},BROKER://localhost:9094"
        broker.copy_into_container(f"export KAFKA_ADVERTISED_LISTENERS={listeners}\n".encode(), "/advertised")
        LogMessageWaitStrategy("Kafka Server started").wait_until_ready(broker)
        yield address


KAFKA_ENVIRONMENT = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_LISTENERS": "CLIENTS://:9092,CONTROLLER://:9093,BROKER://:9094",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT,BROKER:PLAINTEXT",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_MESSAGE_MAX_BYTES": "33554432",
    "KAFKA_TRANSACTION_MAX_TIMEOUT_MS": "60000",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
}
"""The settings of one node, as in deploy/compose.yaml. With any of these, the image ignores its own defaults."""
