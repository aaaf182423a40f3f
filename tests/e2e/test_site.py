"""The documentation as a site: it builds without a warning, and what leads nowhere stops it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.builders.pages import ROOT

SPHINX = ROOT / ".venv/docs/bin/python"
INDEX = "# Index\n\n**Read**\n- [A page](page.md)\n"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not SPHINX.exists(), reason="Sphinx is not installed here: make .venv/.docs"),
]


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    options = ["--quiet", "--fail-on-warning", "--keep-going", "--conf-dir", str(ROOT / "tools/site")]
    return subprocess.run(
        [SPHINX, "-m", "sphinx", *options, "--doctree-dir", site.with_name("doctrees"), source, site],
        capture_output=True,
        text=True,
        check=False,
    )


def pages(folder: Path, **texts: str) -> Path:
    """A folder with an index, one page and what else is given."""
    (folder / "docs/services").mkdir(parents=True)
    for name, text in {"README": INDEX, **texts}.items():
        (folder / f"docs/{name}.md").write_text(text, encoding="utf-8")
    return folder


def test_the_site_of_this_repository_builds_with_both_references(tmp_path: Path) -> None:
    built = build(ROOT, tmp_path / "site")
    assert built.returncode == 0, built.stderr
    client = (tmp_path / "site/docs/client.html").read_text(encoding="utf-8")
    assert 'id="beamcat_client.Client.store_dataset"' in client
    assert "docs/README.html" in (tmp_path / "site/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("# A page\n\n[the index](README.md#index), [itself](#a-page)\n", None),
        ("# A page\n\n[the services](services)\n", None),
        ("# A page\n\n[gone](gone.md)\n", "'gone.md'"),
        ("# A page\n\n[gone](services-gone)\n", "'services-gone'"),
        ("# A page\n\n[the index](README.md#gone)\n", "'gone'"),
        ("# A page\n\n[itself](#gone)\n", "'gone'"),
    ],
    ids=["good links", "a folder", "a dead page", "a dead folder", "a dead anchor elsewhere", "a dead anchor here"],
)
def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path, text: str, warning: str | None) -> None:
    built = build(pages(tmp_path / "source", page=text), tmp_path / "site")
    assert (built.returncode == 0) is (warning is None), built.stderr
    assert (warning or "") in built.stderr


def test_a_page_that_no_index_names_fails_the_build(tmp_path: Path) -> None:
    built = build(pages(tmp_path / "source", page="# A page\n", lost="# Lost\n"), tmp_path / "site")
    assert built.returncode != 0
    assert "lost.md: WARNING: document isn't included in any toctree" in built.stderr


def test_the_page_of_a_service_ends_with_its_routes(tmp_path: Path) -> None:
    source = pages(tmp_path / "source", page="# A page\n[tally](services/tally.md)\n")
    (source / "docs/README.md").write_text(f"{INDEX}- [tally](services/tally.md)\n", encoding="utf-8")
    (source / "docs/services/tally.md").write_text("# tally\n", encoding="utf-8")
    (source / "schemas/openapi").mkdir(parents=True)
    (source / "schemas/openapi/tally.json").write_text(json.dumps(A_DOCUMENT), encoding="utf-8")
    built = build(source, tmp_path / "site")
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "site/docs/services/tally.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    assert 'href="#tally-tally"' in page
    for shown in (
        "POST /tallies/{day}",
        "the day that is counted",
        "A day | that no calendar has",
        "how many there were",
    ):
        assert shown in text


A_TALLY = {"$ref": "#/components/schemas/Tally"}
A_DOCUMENT: dict[str, Any] = {
    "paths": {
        "/tallies/{day}": {
            "post": {
                "description": "Count a day again.",
                "parameters": [
                    {
                        "name": "day",
                        "in": "path",
                        "required": True,
                        "description": "the day that is counted",
                        "schema": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
                    }
                ],
                "requestBody": {"content": {"application/json": {"schema": {"type": "array", "items": A_TALLY}}}},
                "responses": {
                    "200": {"description": "The tally", "content": {"application/json": {"schema": A_TALLY}}},
                    "422": {"description": "A day | that no calendar has"},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Tally": {
                "type": "object",
                "description": "What a day came to.",
                "required": ["count"],
                "properties": {"count": {"type": "integer", "description": "how many there were"}},
            },
            "Colour": {"enum": ["red", "blue"]},
        }
    },
}
