"""Every client of Kafka connects as the settings say; settings that cannot be meant are refused in one line."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from faststream.kafka.security import parse_security

from shared.foundation.errors import Fatal
from shared.kafka.connection import kafka_access
from shared.kafka.publisher import KafkaPublisher
from shared.kafka.settings import KafkaSettings
from shared.stages.stream import security_of

SIGNED_IN: dict[str, Any] = {"sasl_username": "beamcat", "sasl_password": "secret"}


def test_without_settings_a_connection_is_plain() -> None:
    assert kafka_access(KafkaSettings(bootstrap_servers="broker:9092")) == {
        "bootstrap_servers": "broker:9092",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_a_service_signs_in_with_its_name_and_password(protocol: Any, mechanism: Any) -> None:
    access = kafka_access(KafkaSettings(security_protocol=protocol, sasl_mechanism=mechanism, **SIGNED_IN))
    assert access["security_protocol"] == protocol
    assert access["sasl_mechanism"] == mechanism
    assert (access["sasl_plain_username"], access["sasl_plain_password"]) == ("beamcat", "secret")
    assert (access["ssl_context"] is not None) == (protocol == "SASL_SSL")


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_a_broker_proves_its_name(protocol: Any) -> None:
    context = kafka_access(KafkaSettings(security_protocol=protocol, **SIGNED_IN))["ssl_context"]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
def test_the_stages_connect_as_every_other_client(protocol: Any, mechanism: Any) -> None:
    settings = KafkaSettings(security_protocol=protocol, sasl_mechanism=mechanism, **SIGNED_IN)
    handed, expected = parse_security(security_of(settings)), kafka_access(settings)
    contexts = handed.pop("ssl_context"), expected.pop("ssl_context")
    assert [type(context) for context in contexts] == [type(contexts[0])] * 2
    assert expected == {"bootstrap_servers": settings.bootstrap_servers, **handed}


def test_the_password_of_a_file_ends_before_its_line_does(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(" with blanks \n")
    settings = KafkaSettings(security_protocol="SASL_PLAINTEXT", sasl_username="beamcat", sasl_password_file=file)
    assert kafka_access(settings)["sasl_plain_password"] == " with blanks "


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(KafkaSettings(**SIGNED_IN))


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"security_protocol": "SASL_SSL"}, "BEAMCAT_KAFKA_SASL_USERNAME"),
        ({"security_protocol": "SASL_SSL", "sasl_username": "b"}, "BEAMCAT_KAFKA_SASL_PASSWORD"),
        ({"security_protocol": "SSL", "ca_file": Path("nowhere.pem")}, "BEAMCAT_KAFKA_CA_FILE: nowhere"),
        ({"security_protocol": "SSL", "ca_file": Path(__file__)}, "BEAMCAT_KAFKA_CA_FILE"),
        (
            {"security_protocol": "SASL_SSL", "sasl_password_file": Path("nowhere")},
            "BEAMCAT_KAFKA_SASL_PASSWORD_FILE: nowhere",
        ),
        (
            {"security_protocol": "SASL_SSL", "sasl_password_file": Path(__file__), **SIGNED_IN},
            "are both set",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_connects(wrong: dict[str, Any], names: str) -> None:
    with pytest.raises(Fatal, match=names):
        KafkaPublisher(KafkaSettings(**wrong), client_id="beamcat-test")
