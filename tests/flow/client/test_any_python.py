"""The client on each Python that it says it supports, where this machine has that Python; with EVERY_PYTHON, on all."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import beamcat_client
from tests.builders.client_gateway import GatewayAtWork

pytestmark = pytest.mark.flow

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSIONS = [
    version
    for classifier in PROJECT["classifiers"]
    if "." in (version := classifier.removeprefix("Programming Language :: Python :: "))
]


def pythons(version: str) -> Iterator[str]:
    """Where this machine may have that Python: this one, on the path, of pyenv, of uv."""
    yield sys.executable
    yield from filter(None, [shutil.which(f"python{version}")])
    for root in (Path(os.environ.get("PYENV_ROOT", "~/.pyenv")) / "versions", Path("~/.local/share/uv/python")):
        yield from map(str, root.expanduser().glob(f"*{version}.*/bin/python3"))


def python_of(version: str) -> str | None:
    show = "import sys; print('%d.%d' % sys.version_info[:2])"
    for python in pythons(version):
        shown = subprocess.run([python, "-c", show], capture_output=True, text=True, check=False)
        if shown.stdout.strip() == version:
            return python
    return None


def test_it_says_which_versions_it_supports() -> None:
    assert VERSIONS == ["3.9", "3.10", "3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == f">={VERSIONS[0]}"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_producer_is_served_on_every_python(version: str, gateway: GatewayAtWork, tmp_path: Path) -> None:
    python = python_of(version)
    if python is None:
        absent = pytest.fail if "EVERY_PYTHON" in os.environ else pytest.skip
        absent(f"there is no Python {version} on this machine")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("BEAMCAT_")}
    ran = subprocess.run(
        [python, "-W", "error", Path(__file__).with_name("on_any_python.py"), gateway.url, gateway.token, tmp_path],
        env={**variables, "PYTHONPATH": str(ROOT / "clients/python/src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-1] == beamcat_client.__version__
    assert len(gateway.paths()) == 2
