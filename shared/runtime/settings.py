"""Every setting of beamcat, read from `BEAMCAT_*` environment variables."""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events.topics import DEFAULT_PARTITIONS
from shared.foundation.errors import Fatal
from shared.runtime.setting_types import (
    MOST_COUNT,
    Bytes,
    Count,
    DnsName,
    Folders,
    Host,
    HttpUrl,
    Level,
    Port,
    PostgresUrl,
    Prefixes,
    Roots,
    Servers,
    TimeZone,
)

PREFIX = "BEAMCAT_"
CLOSE = 0.8
"""How similar a name must be to a setting to count as a misspelling of it."""
MOST_SHOWN = 100
"""The most characters of a wrong value that a message shows."""
OTHERS = (
    "DATABASE_PASSWORD",
    "FAILPOINT",
    "FAILPOINT_MARK",
    "FAILPOINT_SIGNAL",
    "GATEWAY_URL",
    "GRAFANA_PASSWORD",
    "ICAT_PLUS_URL",
    "IMAGE",
    "PROFILE",
    "SEARCH_URL",
    "SPOOL",
    "TOKEN",
)
"""Variables with the prefix of settings that the command line, the client or compose reads."""
CURES = {
    "bool_parsing": "give true or false",
    "finite_number": "give a number{example}",
    "float_parsing": "give a number{example}",
    "greater_than": "give more than {gt}",
    "greater_than_equal": "give {ge} or more",
    "int_from_float": "give a whole number{example}",
    "int_parsing": "give a whole number{example}",
    "int_parsing_size": "give a whole number{example}",
    "less_than_equal": "give {le} or less",
    "literal_error": "give {expected}",
}
"""The cure of a value, by pydantic's name for the fault. Other faults contain their own cure."""


class Settings(BaseSettings):
    """The settings that all services share. Each service reads only what it needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    kafka_bootstrap_servers: Servers = Field(
        default="127.0.0.1:9092", description="the Kafka brokers, as host:port, separated by commas"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="SSL: connections are encrypted (TLS). SASL: services authenticate"
    )
    kafka_ca_file: Path | None = Field(
        default=None, description="file of certificates (PEM) to trust brokers by; default: those of the system"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512",
        description="how services authenticate; PLAIN sends the password in clear text, so use it only with TLS",
    )
    kafka_sasl_username: str | None = Field(default=None, description="the user name of the services")
    kafka_sasl_password: SecretStr | None = Field(
        default=None, description="the password of that user; a file is safer"
    )
    kafka_sasl_password_file: Path | None = Field(default=None, description="file that contains the password")
    kafka_compression: Literal["none", "gzip", "lz4", "zstd"] = Field(
        default="zstd",
        description="how batches are compressed (lz4 is slow, because the client runs it at its highest level)",
    )
    kafka_session_timeout_ms: int = Field(
        default=10_000,
        ge=1000,
        le=1_800_000,
        description="after this silence, a consumer's partitions go to other consumers",
    )
    database_url: PostgresUrl = Field(
        default="postgresql://127.0.0.1/beamcat",
        description="the PostgreSQL database, as postgresql://user@host:port/name",
    )
    database_connections: Count = Field(
        default=4, description="connections of a service process for its work: storing and publishing"
    )
    database_quick_questions: Count = Field(
        default=2, description="connections for quick questions: one dataset, receipt, rejection or session"
    )
    database_costly_questions: Count = Field(
        default=3, description="connections for costly questions: searches, lists, lineage, exports"
    )
    topic_partitions: Count | None = Field(
        default=None,
        description="partitions of every topic; cannot be changed once data flows. Default: as many as the "
        f"topics have, or {DEFAULT_PARTITIONS} if there are none yet",
    )
    topic_replication: Count = Field(default=1, description="replicas of every partition")

    facility: DnsName = Field(
        default="facility.example",
        description="DNS name of the facility: the namespace of every id; cannot be changed once data flows. A service "
        "does not start without it; the default is that of `beamcat run`",
    )
    path_roots: Roots = Field(default=["/data"], description="folders that may contain datasets")
    path_prefixes: Prefixes = Field(
        default={},
        description='the catalogued folder of each mounted folder, such as `{"/mnt/storage/data": "/data"}`; ids are '
        "derived from catalogued paths, so set it before data flow",
    )
    schema_directories: Folders = Field(
        default=[], description="folders with the facility's own `vocabulary/` or `techniques/`"
    )
    time_zone: TimeZone = Field(default="Europe/Paris", description="IANA zone of times without a zone")

    http_host: Host = Field(default="127.0.0.1", description="address that a service listens on")
    http_port: Port = Field(default=8000, description="port that a service listens on")
    http_connections: Count = Field(default=500, description="the most open HTTP connections")
    http_connections_per_address: Count = Field(
        default=250, description="the most open HTTP connections from one address"
    )
    http_requests: Count = Field(
        default=256, description="the most requests in progress; one address may have as many as there are free places"
    )
    validator_url: HttpUrl = Field(
        default="http://127.0.0.1:8001",
        description="address of the validator, which the gateway asks for verdicts on parameters",
    )
    linker_url: HttpUrl = Field(
        default="http://127.0.0.1:8002",
        description="address of the linker, which the gateway asks for verdicts on links",
    )
    tokens_file: Path = Field(
        default=Path(".beamcat/tokens.json"), description="file of the producers and their hashed tokens"
    )
    search_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8005",
        description="address of search, which icat_plus asks for datasets and investigations",
    )
    logbook_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8007", description="address of the logbook, which icat_plus asks for entries"
    )
    archive_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8008", description="address of the archive, which icat_plus asks where files are"
    )
    service_token_file: Path = Field(
        default=Path(".beamcat/service-token"),
        description="file with the token that a service sends to other services; its grant covers all beamlines",
    )

    source_bytes_per_day: Bytes = Field(
        default=64 * 1024**3,
        ge=1024**2,
        description="the most bytes that one source may send per day to each process of an edge",
    )
    source_bytes_per_second: Bytes = Field(
        default=2 * 1024**2,
        ge=1024,
        description="bytes per second that one source may send to each process of an edge; eight times that in a burst",
    )
    rejected_bytes_per_hour: Bytes = Field(
        default=64 * 1024**2,
        ge=1,
        description="the most bytes of a source's rejected events that a process keeps whole per hour; of further "
        "events it keeps length, SHA-256, beginning and end",
    )
    session_minutes: int = Field(
        default=720, ge=1, le=366 * 24 * 60, description="duration of a session of an ICAT client, in minutes"
    )
    stomp_host: Host = Field(
        default="127.0.0.1", description="address that the icat_gateway listens on, for STOMP and Jolokia"
    )
    stomp_port: Port = Field(default=61613, description="port that the icat_gateway listens on for STOMP")
    stomp_connections: Count = Field(default=500, description="the most open STOMP connections")
    stomp_connections_per_address: Count = Field(
        default=100, description="the most open STOMP connections from one address"
    )
    stomp_spool: Path = Field(
        default=Path(".beamcat/icat-spool"),
        description="folder of the frames that wait while Kafka is away; one per process, on a persistent disk",
    )
    stomp_spool_bytes: Bytes = Field(
        default=1024**3,
        ge=1024**2,
        description="the most bytes in the spool; when it is full, clients are no longer read",
    )
    jolokia_port: Port = Field(
        default=8778, description="port of Jolokia, where ICAT's clients ask how many consumers a queue has"
    )

    batch_events: Count = Field(default=500, description="the most events in a batch of a stage")
    batch_milliseconds: int = Field(
        default=100,
        ge=0,
        le=60_000,
        description="how long a stage that is not behind lets the next batch grow, in milliseconds",
    )
    halt_stages: bool = Field(
        default=True,
        description="whether a stage halts while it refuses several producers that were fine before, for reasons "
        "that may be beamcat's fault; `false` lets it reject their events",
    )
    await_inputs_seconds: float | None = Field(
        default=None,
        gt=0,
        le=10 * 365 * 24 * 3600,
        allow_inf_nan=False,
        description="how long datasets wait for inputs, in seconds; overrides every technique",
    )
    awaited_inputs: int = Field(
        default=100_000,
        ge=10_000,
        le=MOST_COUNT,
        description="the most inputs that all waiting submissions of one source may await together",
    )
    log_level: Level = Field(default="INFO", description="the least severe level that is logged")
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="`json`: one object per line, with receipt and trace id if the line is about an event",
    )


class SettingsInvalid(Fatal):
    """Variables have invalid values; the message gives each variable, its value and a cure."""


def read_settings() -> Settings:
    """The settings from the environment.

    Raises:
        SettingsInvalid: a variable has an invalid value.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise SettingsInvalid("; ".join(_sentence(str(fault["loc"][0]), fault) for fault in faults)) from None


def facility_of(settings: Settings) -> str:
    """The facility that was set. Ids are derived from it, so the default does not count.

    Raises:
        SettingsInvalid: none was set.
    """
    if "facility" not in settings.model_fields_set:
        raise SettingsInvalid(
            "BEAMCAT_FACILITY is not set: give the DNS name of the facility, since ids derive from it"
        )
    return settings.facility


def misspelt(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """A sentence for each variable that is nearly a setting. Others with `BEAMCAT_` may belong to another program."""
    known = [*OTHERS, *map(str.upper, Settings.model_fields)]
    for variable in environment:
        name = variable.upper().removeprefix(PREFIX)
        if name not in known and variable.upper().startswith(PREFIX):
            for near in get_close_matches(name, known, n=1, cutoff=CLOSE):
                yield f"{variable} is not a setting, and has no effect; did you mean {PREFIX}{near}?"


def _sentence(name: str, fault: Any) -> str:  # noqa: ANN401  pydantic's own dictionary
    field = Settings.model_fields[name]
    variable = PREFIX + name.upper()
    said = os.environ.get(variable, str(fault["input"]))
    wrong = "" if _is_secret(name, field) else f"{_shown(said)} is wrong: "
    return f"{variable}: {wrong}{_cure(field, fault)}"


def _is_secret(name: str, field: FieldInfo) -> bool:
    return name == "database_url" or "SecretStr" in str(field.annotation)


def _shown(value: str) -> str:
    """A value without the password that a URL may contain."""
    value = re.sub(r"[^/]*@", "…@", value)
    return repr(value if len(value) <= MOST_SHOWN else f"{value[:MOST_SHOWN]}…")


def _cure(field: FieldInfo, fault: Any) -> str:  # noqa: ANN401  pydantic's own dictionary
    if cure := CURES.get(fault["type"]):
        example = "" if field.default is None else f", such as {field.default}"
        return cure.format(**fault.get("ctx", {}), example=example)
    return str(fault["msg"]).removeprefix("Value error, ")
