"""A broker that takes nobody without TLS and a password: what signs in goes on, what may not is told."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.errors import KafkaConnectionError

from deploy.embedded.kafka import Kafka, as_properties_file, properties
from deploy.embedded.ports import LOOPBACK, Ports
from shared.events.record import Message, Record
from shared.events.topics import SUBMITTED
from shared.foundation.errors import Fatal
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings, TopicSettings
from shared.kafka.topic_admin import apply_topics
from shared.stages.settings import StageSettings
from shared.stages.stream import Stream
from shared.stages.subscription import Subscription
from tests.builders.runners import NeverHalted

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

NAME, PASSWORD = "beamcat", "not a secret"


class GuardedKafka(Kafka):
    """The embedded broker behind TLS and two ways to sign in."""

    def __init__(self, data: Path, log: Path, ports: tuple[int, int], identity: Path) -> None:
        super().__init__(data, log, *ports)
        self._identity = identity

    def _write_properties(self, topics: Path) -> None:
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        guarded = properties(topics, self.port, self._controller_port) | {
            "listener.security.protocol.map": "BROKER:SASL_SSL,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "listener.name.broker.plain.sasl.jaas.config": (
                f'{plain} username="{NAME}" password="{PASSWORD}" user_{NAME}="{PASSWORD}";'
            ),
            "listener.name.broker.scram-sha-256.sasl.jaas.config": f"{scram};",
            "listener.name.broker.scram-sha-512.sasl.jaas.config": f"{scram};",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._identity),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._identity.with_name("certificate.pem")),
            "ssl.endpoint.identification.algorithm": "",  # of the broker towards itself
        }
        self._properties_file.write_text(as_properties_file(guarded), encoding="utf-8")

    async def answers(self) -> bool:
        """Whether TLS is spoken: the embedded broker's own question is asked without."""
        context = ssl.create_default_context(cafile=self._identity.with_name("certificate.pem"))
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, self.port, ssl=context)
        except OSError:
            return False
        writer.close()
        return True

    async def run_tool(self, argv: Sequence[str], as_user: int | None = None) -> None:
        """Formatting also writes down who may sign in by a challenge."""
        if "format" in argv:
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                argv = [*argv, "--add-scram", f"{mechanism}=[name={NAME},password={PASSWORD}]"]
        await super().run_tool(argv, as_user)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a broker on this machine, which signs it itself; beside it `identity.pem`, its key included."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject, *files],
        check=True,
        capture_output=True,
    )
    (folder / "identity.pem").write_text(key.read_text() + certificate.read_text())
    return certificate


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kafka]:
    folder = tmp_path_factory.mktemp("guarded")
    with Ports(folder / "ports.json", print) as ports:
        taken = ports.take("kafka", 19192), ports.take("kafka-controller", 19193)
        kafka = GuardedKafka(folder / "kafka", folder / "kafka.log", taken, certificate.with_name("identity.pem"))
        await kafka.start()
        yield kafka
        await kafka.stop()


def access(broker: Kafka, certificate: Path | None, **other: Any) -> KafkaSettings:
    said: dict[str, Any] = {
        "security_protocol": "SASL_SSL",
        "sasl_username": NAME,
        "sasl_password": PASSWORD,
    }
    return KafkaSettings(bootstrap_servers=broker.bootstrap_servers, ca_file=certificate, **said | other)


class Remembering(NeverHalted):
    """A runner that keeps what it was handed."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def run(self, records: Sequence[Record]) -> None:
        for record in records:
            self.heard.put_nowait(record.value)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_topics_producer_and_stage_sign_in(broker: Kafka, certificate: Path, mechanism: str) -> None:
    settings = access(broker, certificate, sasl_mechanism=mechanism)
    await apply_topics(settings, TopicSettings(partitions=1), [SUBMITTED])
    publisher = KafkaPublisher(settings, "test")
    runner, failures = Remembering(), list[Exception]()
    stream = Stream(
        settings,
        StageSettings(),
        "test",
        [Subscription("tester", SUBMITTED, f"test.{mechanism}", runner, failures.append)],
    )
    await publisher.start()
    await stream.start()
    try:
        await publisher.publish([Message(SUBMITTED.name, b"key", mechanism.encode(), ())])
        async with asyncio.timeout(30):
            while await runner.heard.get() != mechanism.encode():
                pass
    finally:
        await stream.stop()
        await publisher.stop()
    assert failures == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_a_wrong_password_ends_a_service_with_its_reason(
    broker: Kafka, certificate: Path, mechanism: str
) -> None:
    settings = access(broker, certificate, sasl_mechanism=mechanism, sasl_password="wrong")
    with pytest.raises(Fatal, match=f"refuses 'beamcat' with this password by {mechanism}"):
        await KafkaPublisher(settings, "test").start()
    with pytest.raises(Fatal, match="refuses 'beamcat'"):
        await apply_topics(settings, TopicSettings(partitions=1), [SUBMITTED])


async def test_a_broker_whose_certificate_nobody_vouches_for_gets_no_password(broker: Kafka) -> None:
    with pytest.raises(Fatal, match="certificate that BEAMCAT_KAFKA_CA_FILE does not trust: self-signed"):
        await KafkaPublisher(access(broker, None), "test").start()


async def test_a_broker_that_is_away_is_no_refusal(broker: Kafka, certificate: Path) -> None:
    nobody = access(broker, certificate).model_copy(update={"bootstrap_servers": f"{LOOPBACK}:1"})
    with pytest.raises(KafkaConnectionError):
        await KafkaPublisher(nobody, "test").start()
