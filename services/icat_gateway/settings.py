"""The settings of the icat_gateway."""

from pathlib import Path

from pydantic import Field

from shared.host.settings import ServiceSettings
from shared.kafka.settings import SourceSettings
from shared.runtime.setting_types import Bytes, Count, Host, Port
from shared.runtime.settings import Settings, variables


class StompSettings(Settings):
    """STOMP: where ICAT's clients send, and what waits on the disk while Kafka is away."""

    model_config = variables("STOMP_")

    host: Host = Field(
        default="127.0.0.1", description="address that the icat_gateway listens on, for STOMP and Jolokia"
    )
    port: Port = Field(default=61613, description="port that the icat_gateway listens on for STOMP")
    connections: Count = Field(default=500, description="the most open STOMP connections")
    connections_per_address: Count = Field(default=100, description="the most open STOMP connections from one address")
    spool: Path = Field(
        default=Path(".beamcat/icat-spool"),
        description="folder of the frames that wait while Kafka is away; one per process, on a persistent disk",
    )
    spool_bytes: Bytes = Field(
        default=1024**3,
        ge=1024**2,
        description="the most bytes in the spool; when it is full, clients are no longer read",
    )


class IcatGatewaySettings(ServiceSettings):
    """STOMP, Jolokia, and how much a source may send."""

    source: SourceSettings = SourceSettings()
    stomp: StompSettings = StompSettings()
    jolokia_port: Port = Field(
        default=8778, description="port of Jolokia, where ICAT's clients ask how many consumers a queue has"
    )
