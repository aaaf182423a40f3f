"""The settings of Kafka: how to reach it, how its topics are made, and how much one source may send to it."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from shared.events.topics import DEFAULT_PARTITIONS
from shared.runtime.setting_types import Bytes, Count, Servers
from shared.runtime.settings import Settings, variables


class KafkaSettings(Settings):
    """Kafka: where it is, how to authenticate, and how its clients behave."""

    model_config = variables("KAFKA_")

    bootstrap_servers: Servers = Field(
        default="127.0.0.1:9092", description="the Kafka brokers, as host:port, separated by commas"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="SSL: connections are encrypted (TLS). SASL: services authenticate"
    )
    ca_file: Path | None = Field(
        default=None, description="file of certificates (PEM) to trust brokers by; default: those of the system"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512",
        description="how services authenticate; PLAIN sends the password in clear text, so use it only with TLS",
    )
    sasl_username: str | None = Field(default=None, description="the user name of the services")
    sasl_password: SecretStr | None = Field(
        default=None, description="the password of that user; a file is safer", repr=False
    )
    sasl_password_file: Path | None = Field(default=None, description="file that contains the password")
    compression: Literal["none", "gzip", "lz4", "zstd"] = Field(
        default="zstd",
        description="how batches are compressed (lz4 is slow, because the client runs it at its highest level)",
    )
    session_timeout_ms: int = Field(
        default=10_000,
        ge=1000,
        le=1_800_000,
        description="after this silence, a consumer's partitions go to other consumers",
    )
    rejected_bytes_per_hour: Bytes = Field(
        default=64 * 1024**2,
        ge=1,
        alias="BEAMCAT_REJECTED_BYTES_PER_HOUR",
        description="the most bytes of a source's rejected events that a process keeps whole per hour; of further "
        "events it keeps length, SHA-256, beginning and end",
    )


class TopicSettings(Settings):
    """The topics, as `beamcat topics apply` makes them."""

    model_config = variables("TOPIC_")

    partitions: Count | None = Field(
        default=None,
        description="partitions of every topic; cannot be changed once data flows. Default: as many as the "
        f"topics have, or {DEFAULT_PARTITIONS} if there are none yet",
    )
    replication: Count = Field(default=1, description="replicas of every partition")


class SourceSettings(Settings):
    """What one source may send."""

    model_config = variables("SOURCE_")

    bytes_per_day: Bytes = Field(
        default=64 * 1024**3,
        ge=1024**2,
        description="the most bytes that one source may send per day to each process of an edge",
    )
    bytes_per_second: Bytes = Field(
        default=2 * 1024**2,
        ge=1024,
        description="bytes per second that one source may send to each process of an edge; eight times that in a burst",
    )
