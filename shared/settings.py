"""Every setting of beamcat, read from `BEAMCAT_*` environment variables."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.identity import PathPrefixes
from shared.topics import DEFAULT_PARTITIONS

EXAMPLE = 'write {"/mnt/storage/data": "/data"}'


def _path_prefixes(said: object) -> object:
    """The prefixes, once it is certain that they can be followed."""
    if isinstance(said, str):
        try:
            said = json.loads(said, object_pairs_hook=_unique) if said.strip() else {}
        except ValueError as error:
            raise ValueError(f"this is not the JSON of folders, {error}; {EXAMPLE}") from None
    if not isinstance(said, dict) or not all(isinstance(folder, str) for folder in said.values()):
        raise ValueError(f"this is not a JSON object of folders; {EXAMPLE}")
    PathPrefixes(said)
    return said


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a mounted folder stands in it twice")
    return found


class Settings(BaseSettings):
    """Settings that all services share; a service reads only what it needs."""

    model_config = SettingsConfigDict(env_prefix="BEAMCAT_", extra="ignore", frozen=True)

    kafka_bootstrap_servers: str = Field(default="127.0.0.1:9092", description="host:port list of the Kafka brokers")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="SSL: connections are encrypted (TLS); SASL: services sign in"
    )
    kafka_ca_file: Path | None = Field(
        default=None, description="certificates (PEM) that brokers are trusted by; without it those of the system"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="how services sign in; PLAIN shows the password, so only with TLS"
    )
    kafka_sasl_username: str | None = Field(default=None, description="in whose name services sign in")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="its password; better a file")
    kafka_sasl_password_file: Path | None = Field(default=None, description="file whose content is the password")
    kafka_compression: Literal["none", "gzip", "lz4", "zstd"] = Field(
        default="zstd", description="how producers compress batches (lz4 is slow here: the client asks it for its best)"
    )
    kafka_session_timeout_ms: int = Field(
        default=10_000, ge=1000, description="after this silence a consumer's partitions go to others"
    )
    database_url: str = Field(
        default="postgresql://127.0.0.1/beamcat",
        pattern="^postgres(ql)?://",
        description="PostgreSQL, as postgresql://user@host:port/name",
    )
    database_connections: int = Field(
        default=4, ge=1, description="connections of a service process for its work: taking in and sending on"
    )
    database_quick_questions: int = Field(
        default=2, ge=1, description="connections for quick questions: one dataset, receipt, rejection or session"
    )
    database_costly_questions: int = Field(
        default=3, ge=1, description="connections for costly questions: searches, lists, lineage, exports"
    )
    topic_partitions: int | None = Field(
        default=None,
        ge=1,
        description="partitions of every topic, fixed once data flows. Without it as many as the "
        f"topics have, and {DEFAULT_PARTITIONS} at first",
    )
    topic_replication: int = Field(default=1, ge=1, description="replicas of every partition")

    facility: str = Field(
        default="facility.example", description="DNS name of the facility: the namespace of every id; never change it"
    )
    path_roots: list[str] = Field(default=["/data"], description="folders under which datasets may lie")
    path_prefixes: Annotated[dict[str, str], NoDecode, BeforeValidator(_path_prefixes)] = Field(
        default={},
        description='where folders that machines mount are catalogued, as `{"/mnt/storage/data": "/data"}`; ids follow '
        "from catalogued paths, so set it before data flow",
    )
    schema_directories: list[Path] = Field(
        default=[], description="folders with a `vocabulary/` or `techniques/` of the facility's own"
    )
    time_zone: str = Field(default="Europe/Paris", description="IANA zone of times that come without one")

    http_host: str = Field(default="127.0.0.1", description="address that a service listens on")
    http_port: int = Field(default=8000, ge=0, description="port that a service listens on")
    http_connections: int = Field(default=500, ge=1, description="HTTP connections that may be open")
    http_connections_per_address: int = Field(default=250, ge=1, description="of them, from one address")
    http_requests: int = Field(
        default=256, ge=1, description="requests worked on at a time; one address may have as many as are free"
    )
    validator_url: str = Field(
        default="http://127.0.0.1:8001", description="where the gateway asks for verdicts on parameters"
    )
    linker_url: str = Field(default="http://127.0.0.1:8002", description="where the gateway asks for verdicts on links")
    tokens_file: Path = Field(default=Path(".beamcat/tokens.json"), description="producers and their hashed tokens")

    source_bytes_per_day: int = Field(
        default=64 * 1024**3,
        ge=1024**2,
        description="most bytes that one source may leave behind in a day, at each process that takes them in",
    )
    source_bytes_per_second: int = Field(
        default=2 * 1024**2,
        ge=1024,
        description="what one source may hand in for long, at each process that takes it in; at once, eight times that",
    )
    rejected_bytes_per_hour: int = Field(
        default=64 * 1024**2,
        ge=1,
        description="most bytes of a source's rejected events that a process keeps whole in an hour; of what comes "
        "beyond it keeps length, SHA-256, beginning and end",
    )
    session_minutes: int = Field(default=720, ge=1, description="how long a session of an ICAT client lasts")
    stomp_host: str = Field(default="127.0.0.1", description="address that ICAT's clients reach, STOMP and Jolokia")
    stomp_port: int = Field(default=61613, ge=0, description="port of STOMP")
    stomp_connections: int = Field(default=500, ge=1, description="STOMP connections that may be open")
    stomp_connections_per_address: int = Field(default=100, ge=1, description="of them, from one address")
    stomp_spool: Path = Field(
        default=Path(".beamcat/icat-spool"),
        description="frames while Kafka is away; a folder a process, on a disk that stays",
    )
    stomp_spool_bytes: int = Field(
        default=1024**3, ge=1024**2, description="most bytes in it; when it is full, clients are no longer read"
    )
    jolokia_port: int = Field(default=8778, ge=0, description="port where ICAT's clients ask whether anybody consumes")

    batch_events: int = Field(default=500, ge=1, description="most events a stage takes at once")
    batch_milliseconds: int = Field(
        default=100, ge=0, description="how long a stage that is not behind lets the next batch grow"
    )
    halt_stages: bool = Field(
        default=True,
        description="whether a stage halts while several producers that were fine are refused for reasons of its own; "
        "`false` lets it reject their events",
    )
    await_inputs_seconds: float | None = Field(
        default=None, gt=0, description="overrides how long every technique waits for inputs"
    )
    awaited_inputs: int = Field(
        default=100_000, ge=10_000, description="inputs that the waiting submissions of one producer may await together"
    )
    log_level: str = Field(default="INFO", description="least severe level that is logged")
