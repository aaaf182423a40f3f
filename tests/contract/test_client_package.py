"""The client as it is installed: a wheel and a source distribution that a package index would take."""

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import beamcat_client

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients/python"
NAME = f"beamcat_client-{beamcat_client.__version__}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=CLIENT, check=True, capture_output=True
    )
    return folder


def test_a_package_index_would_take_both(built: Path) -> None:
    files = sorted(built.iterdir())
    assert [file.name for file in files] == [f"{NAME}-py3-none-any.whl", f"{NAME}.tar.gz"]
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("PASSED") == 2


def test_the_wheel_says_who_made_it_under_which_licence_and_for_what(built: Path) -> None:
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        metadata = message_from_bytes(wheel.read(f"{NAME}.dist-info/METADATA"))
        licence = wheel.read(f"{NAME}.dist-info/licenses/LICENSE")
        assert "beamcat_client/py.typed" in wheel.namelist()
    assert metadata["Version"] == beamcat_client.__version__
    assert (metadata["Author"], metadata["License-Expression"]) == ("The beamcat authors", "MIT")
    assert metadata["Requires-Dist"] is None
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert len(metadata.get_all("Classifier", [])) > 8
    assert licence == (ROOT / "LICENSE").read_bytes() == (CLIENT / "LICENSE").read_bytes()


def test_the_source_distribution_has_what_its_reader_needs(built: Path) -> None:
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        names = {name.removeprefix(f"{NAME}/") for name in archive.getnames()}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "src/beamcat_client/py.typed"} <= names


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (CLIENT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == beamcat_client.__version__
    assert headings == sorted(headings, reverse=True)


def test_a_page_that_leaves_the_repository_links_to_nothing_in_it() -> None:
    readme = (CLIENT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((?!https?://)", readme) == []
    assert readme.count("```") % 2 == 0


@pytest.mark.parametrize("what", ["the wheel", "the folder of a clone"])
def test_it_can_be_installed_and_used(built: Path, tmp_path: Path, what: str) -> None:
    source = built / f"{NAME}-py3-none-any.whl" if what == "the wheel" else CLIENT
    uv = Path(sys.executable).with_name("uv")
    options = ["--quiet", "--offline", "--no-deps", "--no-build-isolation", "--no-cache", "--python", sys.executable]
    subprocess.run([uv, "pip", "install", *options, "--target", tmp_path, source], check=True)
    version = "import beamcat_client; print(beamcat_client.__version__, beamcat_client.__file__)"
    said = subprocess.run([sys.executable, "-c", version], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.split() == [beamcat_client.__version__, str(tmp_path / "beamcat_client/__init__.py")]
    assert (tmp_path / "bin/beamcat-spool").exists()
