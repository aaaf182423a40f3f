"""What the pages say can be followed: links lead somewhere, commands exist, every page is in an index."""

import re
from pathlib import Path

import pytest
import typer

from clients.cli.app import app

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted((*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8") if page.exists() else ""


def anchors(page: Path) -> set[str]:
    """What can be linked to within a page, as GitHub names it."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands() -> dict[str, set[str]]:
    """Every command of the command line, and its subcommands."""
    group = typer.main.get_command(app)
    return {name: set(getattr(command, "commands", ())) for name, command in getattr(group, "commands", {}).items()}


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


@pages
def test_every_command_exists(page: Path) -> None:
    known = commands()
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", text_of(page), re.DOTALL))
    for said in re.findall(r"(?<![\w./-])(?:\S*/)?beamcat((?: [a-z]+){1,3})", code):
        words = said.split()
        name, *following = words[1:] if words[0] == "beamcat" else words  # docker run beamcat beamcat …: image, command
        assert name in known, f"{page.name}: beamcat {name}"
        assert not known[name] or not following or following[0] in known[name], f"{page.name}: beamcat{said}"
    for target in re.findall(r"\bmake ([a-z-]+)", code):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"{page.name}: make {target}"


@pytest.mark.parametrize("index", ["docs/README.md", "docs/adr/README.md"])
def test_an_index_names_every_page_beside_it(index: str) -> None:
    page = ROOT / index
    beside = {file.name for file in page.parent.glob("*.md")} - {"README.md"}
    assert beside <= set(re.findall(r"\]\(([\w.-]+)\)", text_of(page)))


def test_the_index_names_every_service() -> None:
    linked = set(re.findall(r"\]\(services/(\w+)\.md\)", text_of(ROOT / "docs/README.md")))
    assert linked == {file.stem for file in (ROOT / "docs/services").glob("*.md")}


def test_the_index_names_every_technique() -> None:
    linked = set(re.findall(r"\]\(techniques/([\w-]+)\.md\)", text_of(ROOT / "docs/README.md")))
    assert linked == {file.stem for file in (ROOT / "docs/techniques").glob("*.md")}
