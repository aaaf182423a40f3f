"""The whole of beamcat on one machine: Kafka, PostgreSQL and every service as a process of its own."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

import services
from deploy.embedded.forked import Nursery, ServiceProcess
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.stack import Stack, embedded_stack
from deploy.embedded.supervisor import Supervisor, supervised
from deploy.settings import OperatorSettings
from shared.access.tokens import create_token
from shared.kafka.topic_admin import apply_topics
from shared.postgres.migrations import migrate
from shared.runtime.facility import FacilitySettings
from shared.runtime.settings import read

FIRST_PORT = 18000
STOMP_PORT = 61613
JOLOKIA_PORT = 8778
READY_SECONDS = 60.0
DEVELOPMENT = "development"
TOKEN_FILE = "development-token"  # noqa: S105  a name, not a token
SERVICES = "services"
SERVICE_TOKEN_FILE = "service-token"  # noqa: S105  likewise


class NotReadyError(Exception):
    """A service did not become ready. The message has its reasons and names its log."""


@dataclass(frozen=True)
class Installation:
    """A running beamcat."""

    stack: Stack
    settings: OperatorSettings
    supervisor: Supervisor
    urls: Mapping[str, str]
    """The base URL of every process, by its name (`search`, `linker`, `linker-2`)."""
    token: str
    """The token of a producer for every beamline."""
    stomp_port: int
    """The port to which ICAT's clients send."""
    jolokia_port: int
    """The port where ICAT's clients ask for the number of consumers."""

    @property
    def directory(self) -> Path:
        """The directory of the data."""
        return self.settings.access.tokens_file.parent

    @property
    def token_file(self) -> Path:
        """The file that contains the token."""
        return self.directory / TOKEN_FILE

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which the command line finds this installation."""
        return {
            **self.stack.environment,
            "BEAMCAT_FACILITY": self.settings.facility.name,
            "BEAMCAT_GATEWAY_URL": self.urls["gateway"],
            "BEAMCAT_SEARCH_URL": self.urls["search"],
            "BEAMCAT_ICAT_PLUS_URL": self.urls["icat_plus"],
            "BEAMCAT_TOKEN": self.token,
            "BEAMCAT_TOKENS_FILE": str(self.settings.access.tokens_file),
            "BEAMCAT_STOMP_HOST": LOOPBACK,
            "BEAMCAT_STOMP_PORT": str(self.stomp_port),
            "BEAMCAT_JOLOKIA_PORT": str(self.jolokia_port),
        }

    async def ready(self) -> None:
        """Wait until every process is ready.

        Raises:
            NotReadyError: a process is not ready within a minute.
        """
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(_ready(client, name, url) for name, url in self.urls.items()))


FEW_PARTITIONS = 4
"""One for each replica of a service that one computer runs. Each partition costs the broker batches and requests."""


@contextlib.asynccontextmanager
async def installation(
    data_directory: Path,
    *,
    together: bool = False,
    replicas: Mapping[str, int] | None = None,
    environment: Mapping[str, Mapping[str, str]] | None = None,
    say: Callable[[str], None] = print,
) -> AsyncIterator[Installation]:
    """Start everything, wait until it is ready, and stop it when the block ends.

    `together` runs the services of the pipeline in one process. `replicas` is the number of processes of a program, by
    default one. `environment` adds variables to some of them.
    """
    directory = data_directory.absolute()
    logs = directory / "logs"
    async with contextlib.AsyncExitStack() as ends:
        home = Nursery(logs / "nursery.log")
        ends.push_async_callback(home.stop)
        stack = await ends.enter_async_context(embedded_stack(directory, say=say, meanwhile=home.start))
        tokens_file = directory / "tokens.json"
        stomp_port, jolokia_port = stack.ports.take("stomp", STOMP_PORT), stack.ports.take("jolokia", JOLOKIA_PORT)
        settings = _settings({**os.environ, **stack.environment, "BEAMCAT_TOKENS_FILE": str(tokens_file)})
        common = {
            **stack.environment,
            "BEAMCAT_FACILITY": settings.facility.name,
            "BEAMCAT_TOKENS_FILE": str(tokens_file),
            "BEAMCAT_STOMP_PORT": str(stomp_port),
            "BEAMCAT_JOLOKIA_PORT": str(jolokia_port),
        }
        await asyncio.gather(
            migrate(settings.database.url), apply_topics(settings.kafka, settings.topics, partitions=FEW_PARTITIONS)
        )
        token = _token_of(DEVELOPMENT, directory / TOKEN_FILE, tokens_file)
        _token_of(SERVICES, directory / SERVICE_TOKEN_FILE, tokens_file)
        urls = {
            name: f"http://{LOOPBACK}:{stack.ports.take(name, FIRST_PORT + place)}"
            for place, name in enumerate(_names(replicas or {}, together=together))
        }
        processes = [
            ServiceProcess(
                name,
                home,
                {**common, **_environment(name, urls, directory), **(environment or {}).get(name, {})},
                logs / f"{name}.log",
            )
            for name in urls
        ]
        async with supervised(processes, say) as supervisor:
            running = Installation(stack, settings, supervisor, urls, token, stomp_port, jolokia_port)
            await running.ready()
            yield running


def _settings(environment: Mapping[str, str]) -> OperatorSettings:
    """The settings of the servers. A facility without a name gets the default one, as its services do."""
    return read(OperatorSettings, {"BEAMCAT_FACILITY": FacilitySettings().name, **environment})


def _environment(name: str, urls: Mapping[str, str], directory: Path) -> dict[str, str]:
    return {
        "BEAMCAT_SERVICE_TOKEN_FILE": str(directory / SERVICE_TOKEN_FILE),
        "BEAMCAT_SEARCH_SERVICE_URL": urls["search"],
        "BEAMCAT_LOGBOOK_SERVICE_URL": urls["logbook"],
        "BEAMCAT_ARCHIVE_SERVICE_URL": urls["archive"],
        "BEAMCAT_VALIDATOR_URL": _url_of("validator", urls),
        "BEAMCAT_LINKER_URL": _url_of("linker", urls),
        "BEAMCAT_STOMP_HOST": LOOPBACK,
        "BEAMCAT_STOMP_SPOOL": str(directory / f"{name}-spool"),
        "BEAMCAT_HTTP_HOST": LOOPBACK,
        "BEAMCAT_HTTP_PORT": urls[name].rpartition(":")[2],
    }


def _url_of(service: str, urls: Mapping[str, str]) -> str:
    """The base URL of a service, which may be one of several in its process."""
    return urls[service] if service in urls else f"{urls[services.PIPELINE]}/{service}"


def _names(replicas: Mapping[str, int], *, together: bool) -> Iterator[str]:
    yield from services.programs(together=together)
    for program, count in replicas.items():
        yield from (f"{program}-{number}" for number in range(2, count + 1))


def _token_of(name: str, file: Path, tokens_file: Path) -> str:
    """The token for all beamlines that all runs of this directory share. Only its owner can read its file."""
    if not file.exists():
        token = create_token(tokens_file, name, ["*"])
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(token)
    return file.read_text()


async def _ready(client: httpx.AsyncClient, name: str, url: str) -> None:
    reasons = "it does not answer"
    try:
        async with asyncio.timeout(READY_SECONDS):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.get(f"{url}/ready")
                    if answer.is_success:
                        return
                    reasons = "; ".join(answer.json()["reasons"])
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise NotReadyError(f"{name} is not ready after {READY_SECONDS:.0f} s: {reasons}; see its log") from None
