"""Every service declares the settings that it reads; all declarations agree, and the page shows them."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

import services
from deploy.settings import all_variables, operator_settings, settings_classes
from shared.host.settings import ServiceSettings
from shared.runtime.settings import SettingsInvalid, fields_of, read

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
WRONG = "no, value"
"""What no setting takes but names and files."""
CLASSES = settings_classes()


@pytest.mark.parametrize("name", services.NAMES)
def test_a_service_declares_the_class_that_is_found_by_its_name(name: str) -> None:
    assert services.load(name).settings is services.settings_of(name)
    assert issubclass(services.settings_of(name), ServiceSettings)


def test_a_variable_means_the_same_wherever_it_is_declared() -> None:
    for variable in all_variables():
        declared = [fields[variable] for fields in map(fields_of, CLASSES) if variable in fields]
        assert {repr(field) for field in declared} == {repr(declared[0])}, variable


def test_every_setting_says_what_it_means() -> None:
    for kind in CLASSES:
        assert [name for name, field in fields_of(kind).items() if not field.description] == []


def test_the_page_says_who_reads_a_setting() -> None:
    rows = (line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `"))
    readers = {row[0].strip("| `"): row[3] for row in rows}
    assert list(readers) == all_variables()
    assert readers["BEAMCAT_KAFKA_BOOTSTRAP_SERVERS"] == "every service"
    assert readers["BEAMCAT_AWAITED_INPUTS"] == "linker"
    assert readers["BEAMCAT_TOPIC_PARTITIONS"] == "operator's commands"


@pytest.mark.parametrize("name", services.NAMES)
def test_a_service_refuses_a_wrong_value_if_and_only_if_it_reads_it(name: str) -> None:
    kind = services.settings_of(name)
    wrong = [variable for variable in all_variables() if refuses(operator_settings, {variable: WRONG})]
    assert len(wrong) > 30
    refused = [variable for variable in wrong if refuses(partial(read, kind), {variable: WRONG})]
    assert refused == [variable for variable in wrong if variable in fields_of(kind)]


def refuses(reading: Callable[[Mapping[str, str]], object], environment: Mapping[str, str]) -> bool:
    try:
        reading(environment)
    except SettingsInvalid:
        return True
    return False
