"""`python tools/release.py v0.1.0`: the notes of the release that a tag names, or why the tag is refused.

`v…` is a release of beamcat, `client-v…` one of the Python client. The version is written once, in the tree, and the
tag must be that version. The notes are the section of that version in the changelog. Only the standard library is
used, so that a tag can be checked before anything is installed.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


class TagRefused(Exception):
    """The tag does not name a release of this tree."""


def notes(tag: str, root: Path = ROOT) -> str:
    """The changelog's section of the version that a tag names.

    Raises:
        TagRefused: the tag is not the version, or the changelog does not describe it.
    """
    client = tag.startswith("client-")
    version = _client_version(root) if client else _version(root)
    right = f"{'client-' if client else ''}v{version}"
    if tag != right:
        raise TagRefused(f"the tag is {tag!r}, but the version of this tree needs {right!r}")
    changelog = root / ("clients/python/CHANGELOG.md" if client else "CHANGELOG.md")
    heading = rf"^## {re.escape(version)}( - \d{{4}}-\d\d-\d\d)?\n(.*?)(?=^## |\Z)"
    section = re.search(heading, changelog.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if not section or not section[2].strip():
        raise TagRefused(
            f"{changelog.relative_to(root)} has no section {version}: give Unreleased its version and date"
        )
    return section[2].strip()


def _version(root: Path) -> str:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def _client_version(root: Path) -> str:
    package = (root / "clients/python/src/beamcat_client/__init__.py").read_text(encoding="utf-8")
    [version] = re.findall(r'^__version__ = "(.+)"$', package, re.MULTILINE)
    return str(version)


if __name__ == "__main__":
    try:
        print(notes("".join(sys.argv[1:2])))  # the notes go where the workflow wants them
    except TagRefused as refused:
        sys.exit(str(refused))
