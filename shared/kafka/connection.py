"""The settings of every Kafka client: brokers, certificates and authentication."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError

from shared.foundation.errors import Fatal
from shared.kafka.settings import KafkaSettings
from shared.runtime.backoff import Backoff
from shared.runtime.retries import retried

FAREWELL_SECONDS = 5.0
ONLY_COMMITTED: Literal["read_committed"] = "read_committed"
"""The isolation level of all readers: they ignore records of aborted transactions."""
PASSING = (KafkaError, OSError, TimeoutError)
"""The errors of a client while Kafka is away or busy."""

S = TypeVar("S")


def kafka_access(settings: KafkaSettings) -> dict[str, Any]:
    """The arguments that every client of aiokafka gets.

    Raises:
        Fatal: the settings contradict each other, or a file that they name cannot be read.
    """
    protocol = settings.security_protocol
    access: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": protocol,
        "ssl_context": _trust(settings.ca_file) if protocol.endswith("SSL") else None,
    }
    if not protocol.startswith("SASL"):
        return access
    password = _password(settings)
    if not settings.sasl_username or not password:
        raise Fatal(
            f"BEAMCAT_KAFKA_SECURITY_PROTOCOL is {protocol}: give BEAMCAT_KAFKA_SASL_USERNAME and either "
            "BEAMCAT_KAFKA_SASL_PASSWORD or BEAMCAT_KAFKA_SASL_PASSWORD_FILE"
        )
    return access | {
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": password,
    }


@asynccontextmanager
async def knocking(settings: KafkaSettings) -> AsyncIterator[None]:
    """Wrap a client's first connection, whose errors otherwise appear only in the client's log.

    Raises:
        Fatal: a broker refuses these settings permanently.
    """
    try:
        yield
    except KafkaConnectionError as error:
        if refusal := await _refusal(settings):
            raise Fatal(refusal) from error
        raise


async def _refusal(settings: KafkaSettings) -> str | None:
    """Why a broker refuses these settings permanently; None if it may only be away."""
    access = kafka_access(settings)
    for host, port, _ in collect_hosts(access.pop("bootstrap_servers")):
        broker = f"Kafka at {host}:{port}"
        try:
            (await create_conn(host, port, **access)).close()
        except SaslAuthenticationFailed:
            name, mechanism = settings.sasl_username, settings.sasl_mechanism
            return f"{broker} takes no {name!r} with this password by {mechanism}: see BEAMCAT_KAFKA_SASL_…"
        except UnsupportedSaslMechanismError:
            return f"{broker} knows no {settings.sasl_mechanism}: correct BEAMCAT_KAFKA_SASL_MECHANISM"
        except ssl.SSLCertVerificationError as error:
            return f"{broker} has a certificate that BEAMCAT_KAFKA_CA_FILE does not trust: {error.verify_message}"
        except (KafkaError, OSError, TimeoutError):
            continue
    return None


async def farewell(end: Callable[[], Awaitable[None]], seconds: float = FAREWELL_SECONDS) -> None:
    """Close a client within a time limit: without Kafka some wait for ever, and ignore cancellation."""
    ending = asyncio.ensure_future(end())
    await asyncio.wait([ending], timeout=seconds)
    if ending.done():
        ending.result()


async def watched(
    who: str,
    connect: Callable[[], AbstractAsyncContextManager[S]],
    look: Callable[[S], Awaitable[None]],
    backoff: Backoff,
) -> None:
    """Connect, and call `look` repeatedly; connect again after a transient error. `look` itself pauses.

    Raises:
        Stopping: the service stops.
        Exception: an error that is not transient.
    """
    failures = 0

    async def wait(_attempt: int, error: Exception) -> None:
        nonlocal failures
        if not isinstance(error, PASSING):
            raise error
        failures += 1
        await backoff.wait(failures, who, error)

    async def look_for_ever() -> None:
        nonlocal failures
        async with connect() as connection:
            while True:
                await look(connection)
                failures = 0

    await retried(look_for_ever, wait)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """The TLS context. It always verifies certificates and the brokers' names."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise Fatal(f"BEAMCAT_KAFKA_CA_FILE: {ca_file} has no readable certificates: {error}") from error


def _password(settings: KafkaSettings) -> str | None:
    said, file = settings.sasl_password, settings.sasl_password_file
    if file is None:
        return None if said is None else said.get_secret_value()
    if said is not None:
        raise Fatal("BEAMCAT_KAFKA_SASL_PASSWORD and BEAMCAT_KAFKA_SASL_PASSWORD_FILE are both set; keep one")
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"BEAMCAT_KAFKA_SASL_PASSWORD_FILE: {file} cannot be read: {error}") from error
