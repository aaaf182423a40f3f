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
"""How much two names are alike of which one is taken for a misspelling of the other."""
MOST_SHOWN = 100
"""Characters of a wrong value that are shown."""
OTHERS = (
    "DATABASE_PASSWORD",
    "FAILPOINT",
    "FAILPOINT_MARK",
    "FAILPOINT_SIGNAL",
    "GATEWAY_URL",
    "GRAFANA_PASSWORD",
    "IMAGE",
    "PROFILE",
    "SEARCH_URL",
    "SPOOL",
    "TOKEN",
)
"""Variables that begin as settings do and are read by the command line, the client or compose."""
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
"""What to do about a value, by pydantic's name for the fault; other faults say it themselves."""


class Settings(BaseSettings):
    """Settings that all services share; a service reads only what it needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    kafka_bootstrap_servers: Servers = Field(
        default="127.0.0.1:9092", description="the Kafka brokers, as host:port, separated by commas"
    )
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
        default=10_000, ge=1000, le=1_800_000, description="after this silence a consumer's partitions go to others"
    )
    database_url: PostgresUrl = Field(
        default="postgresql://127.0.0.1/beamcat", description="PostgreSQL, as postgresql://user@host:port/name"
    )
    database_connections: Count = Field(
        default=4, description="connections of a service process for its work: taking in and sending on"
    )
    database_quick_questions: Count = Field(
        default=2, description="connections for quick questions: one dataset, receipt, rejection or session"
    )
    database_costly_questions: Count = Field(
        default=3, description="connections for costly questions: searches, lists, lineage, exports"
    )
    topic_partitions: Count | None = Field(
        default=None,
        description="partitions of every topic, fixed once data flows. Without it as many as the "
        f"topics have, and {DEFAULT_PARTITIONS} at first",
    )
    topic_replication: Count = Field(default=1, description="replicas of every partition")

    facility: DnsName = Field(
        default="facility.example", description="DNS name of the facility: the namespace of every id; never change it"
    )
    path_roots: Roots = Field(default=["/data"], description="folders under which datasets may lie")
    path_prefixes: Prefixes = Field(
        default={},
        description='where folders that machines mount are catalogued, as `{"/mnt/storage/data": "/data"}`; ids follow '
        "from catalogued paths, so set it before data flow",
    )
    schema_directories: Folders = Field(
        default=[], description="folders with a `vocabulary/` or `techniques/` of the facility's own"
    )
    time_zone: TimeZone = Field(default="Europe/Paris", description="IANA zone of times that come without one")

    http_host: Host = Field(default="127.0.0.1", description="address that a service listens on")
    http_port: Port = Field(default=8000, description="port that a service listens on")
    http_connections: Count = Field(default=500, description="HTTP connections that may be open")
    http_connections_per_address: Count = Field(default=250, description="of them, from one address")
    http_requests: Count = Field(
        default=256, description="requests worked on at a time; one address may have as many as are free"
    )
    validator_url: HttpUrl = Field(
        default="http://127.0.0.1:8001", description="where the gateway asks for verdicts on parameters"
    )
    linker_url: HttpUrl = Field(
        default="http://127.0.0.1:8002", description="where the gateway asks for verdicts on links"
    )
    search_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8005", description="where other services ask for datasets and investigations"
    )
    logbook_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8007", description="where other services ask for entries of the logbook"
    )
    archive_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8008", description="where other services ask for the files of datasets"
    )
    service_token_file: Path = Field(
        default=Path(".beamcat/service-token"),
        description="file whose content is the token by which services ask each other; its grant covers all beamlines",
    )
    tokens_file: Path = Field(default=Path(".beamcat/tokens.json"), description="producers and their hashed tokens")

    source_bytes_per_day: Bytes = Field(
        default=64 * 1024**3,
        ge=1024**2,
        description="most bytes that one source may leave behind in a day, at each process that takes them in",
    )
    source_bytes_per_second: Bytes = Field(
        default=2 * 1024**2,
        ge=1024,
        description="what one source may hand in for long, at each process that takes it in; at once, eight times that",
    )
    rejected_bytes_per_hour: Bytes = Field(
        default=64 * 1024**2,
        ge=1,
        description="most bytes of a source's rejected events that a process keeps whole in an hour; of what comes "
        "beyond it keeps length, SHA-256, beginning and end",
    )
    session_minutes: int = Field(
        default=720, ge=1, le=366 * 24 * 60, description="how long a session of an ICAT client lasts"
    )
    stomp_host: Host = Field(default="127.0.0.1", description="address that ICAT's clients reach, STOMP and Jolokia")
    stomp_port: Port = Field(default=61613, description="port of STOMP")
    stomp_connections: Count = Field(default=500, description="STOMP connections that may be open")
    stomp_connections_per_address: Count = Field(default=100, description="of them, from one address")
    stomp_spool: Path = Field(
        default=Path(".beamcat/icat-spool"),
        description="frames while Kafka is away; a folder a process, on a disk that stays",
    )
    stomp_spool_bytes: Bytes = Field(
        default=1024**3, ge=1024**2, description="most bytes in it; when it is full, clients are no longer read"
    )
    jolokia_port: Port = Field(default=8778, description="port where ICAT's clients ask whether anybody consumes")

    batch_events: Count = Field(default=500, description="most events a stage takes at once")
    batch_milliseconds: int = Field(
        default=100, ge=0, le=60_000, description="how long a stage that is not behind lets the next batch grow"
    )
    halt_stages: bool = Field(
        default=True,
        description="whether a stage halts while several producers that were fine are refused for reasons of its own; "
        "`false` lets it reject their events",
    )
    await_inputs_seconds: float | None = Field(
        default=None,
        gt=0,
        le=10 * 365 * 24 * 3600,
        allow_inf_nan=False,
        description="overrides how long every technique waits for inputs",
    )
    awaited_inputs: int = Field(
        default=100_000,
        ge=10_000,
        le=MOST_COUNT,
        description="inputs that the waiting submissions of one producer may await together",
    )
    log_level: Level = Field(default="INFO", description="least severe level that is logged")
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="`json`: an object a line, with receipt and trace id where a line is about an event",
    )


class SettingsInvalid(Fatal):
    """Variables hold what their settings do not take; the message has each variable, its value and a cure."""


def read_settings() -> Settings:
    """The settings that the environment says.

    Raises:
        SettingsInvalid: it says something that no setting takes.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise SettingsInvalid("; ".join(_sentence(str(fault["loc"][0]), fault) for fault in faults)) from None


def misspelt(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """A sentence on each variable that is nearly a setting; whatever else begins with `BEAMCAT_` may be somebody's."""
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
    """A value without the password that a URL may hold."""
    value = re.sub(r"[^/]*@", "…@", value)
    return repr(value if len(value) <= MOST_SHOWN else f"{value[:MOST_SHOWN]}…")


def _cure(field: FieldInfo, fault: Any) -> str:  # noqa: ANN401  pydantic's own dictionary
    if cure := CURES.get(fault["type"]):
        example = "" if field.default is None else f", such as {field.default}"
        return cure.format(**fault.get("ctx", {}), example=example)
    return str(fault["msg"]).removeprefix("Value error, ")
