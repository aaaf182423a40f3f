"""Settings that are wrong are told when they are read, not when data flow."""

import os

import pytest

from clients.cli.terminal.output import Failed
from deploy.commands.servers import own_settings
from shared.runtime.facility import FacilitySettings
from shared.runtime.settings import SettingsInvalid, read

PREFIXES = "BEAMCAT_PATH_PREFIXES"


def test_prefixes_are_read_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIXES, '{"/mnt/multipath-shares/data": "/data", "/gpfs/": "/data/gpfs"}')
    assert read(FacilitySettings, os.environ).path_prefixes == {
        "/mnt/multipath-shares/data": "/data",
        "/gpfs/": "/data/gpfs",
    }


@pytest.mark.parametrize("nothing", ["", " ", "{}"])
def test_without_prefixes_paths_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    monkeypatch.setenv(PREFIXES, nothing)
    assert read(FacilitySettings, os.environ).path_prefixes == {}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("/mnt", "Expecting value"),
        ('["/mnt", "/data"]', 'write {"/mnt/storage/data": "/data"}'),
        ('{"/mnt": ["/data"]}', "not a JSON object of folders"),
        ('{"/mnt": null}', "not a JSON object of folders"),
        ('{"mnt": "/data"}', "'mnt' can be no prefix: the path 'mnt' is not absolute"),
        ('{"/mnt": "data"}', "'data' can be no prefix"),
        ('{"/mnt/../x": "/data"}', "holds '..'"),
        ('{"/": "/data"}', "the root folder"),
        ('{"/mnt": "/data", "/mnt": "/other"}', "stands in it twice"),
        ('{"/mnt": "/data", "/mnt/": "/other"}', "/mnt/ is given twice"),
        ('{"/mnt": "/mnt"}', "mapped twice"),
        ('{"/mnt": "/data", "/data": "/mnt"}', "mapped twice"),
        ('{"/a": "/b", "/b": "/c"}', "mapped twice"),
        ('{"/a": "/b", "/b/x": "/c"}', "mapped twice"),
        ('{"/mnt": "/mnt/data"}', "mapped twice"),
        ('{"/data/mnt": "/data"}', "mapped twice"),
    ],
)
def test_prefixes_that_cannot_be_followed_end_a_service_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, said: str, words: str
) -> None:
    monkeypatch.setenv(PREFIXES, said)
    with pytest.raises(SettingsInvalid):
        read(FacilitySettings, os.environ)
    with pytest.raises(Failed) as failed:
        own_settings()
    assert str(failed.value).startswith(f"{PREFIXES}: ")
    assert words in str(failed.value)
    assert "Value error" not in str(failed.value)
