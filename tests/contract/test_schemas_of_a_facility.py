"""A facility adds vocabulary and techniques of its own in directories that a setting names."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from services.gateway.app import SERVICE as GATEWAY
from services.linker.app import SERVICE as LINKER
from services.validator.app import SERVICE as VALIDATOR
from services.validator.checker import Checker
from shared.events.identity import Identities
from shared.host.process import serve
from shared.host.service import Service
from shared.runtime.facility import FacilitySettings
from shared.runtime.settings import read
from shared.vocabulary.datafiles import DataFileInvalid, own_folders
from shared.vocabulary.vocabulary import Vocabulary
from tests.builders.described import TECHNIQUES, VOCABULARY
from tests.builders.validator import SUBMITTED_AT, ZONE, a_submission

OWN = """\
title = "Our own"

[parameter]
OURS_humidity = { type = "number", unit = "%", hard = [0, 100], aliases = ["humidity"], local = true }
"""


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A facility's directory with one file of vocabulary."""
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "ours.toml").write_text(OWN)
    return tmp_path


def test_the_setting_is_a_list_of_directories(monkeypatch: pytest.MonkeyPatch, schemas: Path) -> None:
    monkeypatch.setenv("BEAMCAT_SCHEMA_DIRECTORIES", json.dumps([str(schemas)]))
    assert own_folders("vocabulary", read(FacilitySettings, os.environ).schema_directories) == [schemas / "vocabulary"]
    assert own_folders("techniques", read(FacilitySettings, os.environ).schema_directories) == []


def test_a_file_of_the_facility_adds_a_parameter_and_an_alias(schemas: Path) -> None:
    vocabulary = Vocabulary.load(own_folders("vocabulary", [schemas]))
    checker = Checker(vocabulary, TECHNIQUES, Identities("facility.example"), ["/data"], ZONE)
    verdict = checker.check(a_submission(parameters={"Humidity": "95 %"}), "a-receipt", SUBMITTED_AT)
    assert verdict.parameters == {"OURS_humidity": {"value": 95.0, "original": "95 %", "unit": "%"}}
    assert "parameter_unknown" not in {finding.code for finding in verdict.findings}


def test_the_definitions_that_judged_a_dataset_are_recorded_with_it() -> None:
    checker = Checker(VOCABULARY, TECHNIQUES, Identities("facility.example"), ["/data"], ZONE)
    dataset = checker.check(a_submission(), "a-receipt", SUBMITTED_AT).dataset
    assert dataset is not None
    assert dataset.definitions_version == VOCABULARY.icat_version


@pytest.mark.parametrize(
    ("service", "folder", "content", "place"),
    [
        (VALIDATOR, "vocabulary", OWN.replace("aliases", "aliasses"), "line 4, parameter.OURS_humidity.aliasses"),
        (VALIDATOR, "techniques", 'nam = "X"\n', "line 1, nam: unknown key"),
        (LINKER, "techniques", 'nam = "X"\n', "line 1, nam: unknown key"),
        (GATEWAY, "techniques", 'nam = "X"\n', "line 1, nam: unknown key"),
    ],
    ids=lambda value: value.name if isinstance(value, Service) else "",
)
def test_a_bad_file_is_one_error_and_the_service_does_not_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, service: Service[Any], folder: str, content: str, place: str
) -> None:
    file = tmp_path / folder / "ours.toml"
    file.parent.mkdir()
    file.write_text(content)
    settings = service.settings(facility=FacilitySettings(name="facility.example", schema_directories=[tmp_path]))
    assert serve(service.name, [(service, settings)]) == 1
    [record] = [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert f"{file}, {place}" in record.getMessage()


def test_a_directory_that_is_not_there_or_has_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "absent"):
        with pytest.raises(DataFileInvalid, match="no such directory with vocabulary or techniques"):
            own_folders("vocabulary", [directory])
