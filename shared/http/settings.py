"""The settings of HTTP: how a service is served, whom it admits, and how it asks other services."""

from pathlib import Path

from pydantic import Field

from shared.runtime.setting_types import Count, Host, HttpUrl, Port
from shared.runtime.settings import Settings, variables


class HttpSettings(Settings):
    """HTTP: where a service listens, and how much at a time."""

    model_config = variables("HTTP_")

    host: Host = Field(default="127.0.0.1", description="address that a service listens on")
    port: Port = Field(default=8000, description="port that a service listens on")
    connections: Count = Field(default=500, description="the most open HTTP connections")
    connections_per_address: Count = Field(default=250, description="the most open HTTP connections from one address")
    requests: Count = Field(
        default=256, description="the most requests in progress; one address may have as many as there are free places"
    )


class AccessSettings(Settings):
    """Who may ask."""

    tokens_file: Path = Field(
        default=Path(".beamcat/tokens.json"), description="file of the producers and their hashed tokens"
    )


class NeighbourSettings(Settings):
    """How a service authenticates when it asks another service."""

    service_token_file: Path = Field(
        default=Path(".beamcat/service-token"),
        description="file with the token that a service sends to other services; its grant covers all beamlines",
    )


class SearchNeighbourSettings(NeighbourSettings):
    """How a service asks search."""

    search_service_url: HttpUrl = Field(
        default="http://127.0.0.1:8005",
        description="address of search, which icat_plus asks for datasets and investigations",
    )
