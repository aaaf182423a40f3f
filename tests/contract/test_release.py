"""A tag is a release only if it is the version of the tree, and the changelog says what is in it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import beamcat_client
from tools.release import ROOT, TagRefused, notes

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n- b\n\n## 1.2.0 - 2027-01-05\n\n- a\n\n## 1.1.0\n"
    )
    package = tmp_path / "clients/python/src/beamcat_client/__init__.py"
    package.parent.mkdir(parents=True)
    package.write_text('"""A client."""\n\n__version__ = "3.0.0"\n')
    (tmp_path / "clients/python/CHANGELOG.md").write_text("# Changelog\n\n## 3.0.0\n\n- c\n")
    return tmp_path


@pytest.mark.parametrize(("tag", "said"), [("v1.2.0", "- a"), ("client-v3.0.0", "- c")])
def test_the_notes_are_the_section_of_the_version(tree: Path, tag: str, said: str) -> None:
    assert notes(tag, tree) == said


@pytest.mark.parametrize("tag", ["", "1.2.0", "v1.2", "v1.2.0rc1", "v1.1.0", "v3.0.0", "client-v1.2.0", "client-3.0.0"])
def test_a_tag_that_is_not_the_version_is_refused(tree: Path, tag: str) -> None:
    with pytest.raises(TagRefused, match="but the version of this tree needs"):
        notes(tag, tree)


@pytest.mark.parametrize(
    "changelog", ["# Changelog\n\n## Unreleased\n\n- a\n", "# Changelog\n\n## 1.2.0\n\n## 1.1.0\n\n- a\n"]
)
def test_a_version_that_the_changelog_does_not_describe_is_refused(tree: Path, changelog: str) -> None:
    (tree / "CHANGELOG.md").write_text(changelog)
    with pytest.raises(TagRefused, match=r"CHANGELOG.md has no section 1\.2\.0"):
        notes("v1.2.0", tree)


def test_the_workflow_gets_the_notes_or_a_sentence() -> None:
    tag = f"client-v{beamcat_client.__version__}"
    script = [sys.executable, str(ROOT / "tools/release.py")]
    right = subprocess.run([*script, tag], capture_output=True, text=True, check=False)
    assert (right.returncode, right.stdout.strip()) == (0, notes(tag))
    wrong = subprocess.run([*script, "v0"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == f"the tag is 'v0', but the version of this tree needs 'v{VERSION}'\n"


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    headings = [
        line for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line.startswith("## ")
    ]
    assert headings[0] == "## Unreleased"
    assert headings[1].startswith(f"## {VERSION} - ")
