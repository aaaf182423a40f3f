"""What the pages say can be followed: links lead somewhere, commands exist, every page is in an index.

The commands are typed by tests/e2e/running/test_pages.py.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from deploy.program import app
from tests.builders.pages import PAGES, ROOT, arguments_of, blocks_of, programs_of, text_of

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
BEAMCAT: Any = typer.main.get_command(app)
NOT_RUN = {
    "needs Docker": r"\bdocker ",
    "needs Kafka's own tools": r"\bkafka-\w+\.sh ",
    "needs Prometheus' own tools": r"\bpromtool ",
    "fetches packages": r"\b(pip|uv|make setup)\b",
    "takes minutes": r"\bmake ",
    "serves until Ctrl-C": r"\bmake (run|up)\b|\bbeamcat (run|up|watch)\b",
    "waits for a person": r"\bbeamcat (login|config)\b|--edit\b|completion",
}
"""Why the commands of a block may be left alone, and what such a block must then have in it."""
FOLLOWED = "followed by "
"""The other reason: the test of that name goes through the block."""
OF_THE_REPOSITORY = re.compile(
    r"(benchmarks|clients|deploy|docs|examples|requirements|schemas|services|shared|tests)/(?!\.)[\w./-]*"
)

pages = pytest.mark.parametrize("page", PAGES)


def anchors(page: Path) -> set[str]:
    """What can be linked to within a page, as GitHub names it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def inline(page: str) -> list[str]:
    """What a page sets as code within its prose."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]


def programs(page: str) -> Iterator[list[str]]:
    """The words of each program that a page tells its reader to start, in a block or within its prose."""
    for block in blocks_of(page):
        for typed in block.typed():
            yield from programs_of(typed.command)
    for code in inline(page):
        if re.match(r"(\S*/)?beamcat |docker |[A-Z_]+=\S+ ", code):
            yield from programs_of(code)
        elif re.match(rf"({'|'.join(BEAMCAT.commands)}) (.* )?-", code):
            yield ["beamcat", *shlex.split(code)]


def unknown(arguments: Sequence[str]) -> str | None:
    """The first word that is neither a command of beamcat's nor an option of that command."""
    command, options, words = BEAMCAT, {"--help": True}, iter(arguments)
    for word in words:
        options |= {
            name: getattr(option, "is_flag", False)
            for option in command.params
            for name in (*option.opts, *option.secondary_opts)
        }
        if word.startswith("-"):
            name, with_value, _ = word.partition("=")
            if name not in options:
                return word
            if not with_value and not options[name]:
                next(words, None)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return word
            command = command.commands[word]
    return None


@pages
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / page).parent.joinpath(name).resolve() if name else ROOT / page
        assert file.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(file), f"{page}: {target}"


@pages
def test_every_command_exists_and_has_the_options_that_a_page_gives_it(page: str) -> None:
    for program in programs(page):
        arguments = arguments_of(program)
        assert not arguments or not unknown(arguments), f"{page}: {shlex.join(program)}: {unknown(arguments or ())}"
    typed = (typed.command for block in blocks_of(page) for typed in block.typed())
    for target in re.findall(r"^make ([a-z-]+)", "\n".join([*inline(page), *typed]), re.MULTILINE):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"{page}: make {target}"


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ("find --kind mx.raw.mesh -p a~eq~b", None),
        ("rejections list --limit 5 --json", None),
        ("find --kinds mx.raw.mesh", "--kinds"),
        ("rejections lists", "lists"),
        ("serach Fus", "serach"),
        ("status --help", None),
    ],
)
def test_a_command_that_does_not_exist_is_seen(arguments: str, wrong: str | None) -> None:
    assert unknown(arguments.split()) == wrong


@pages
def test_every_file_of_the_repository_that_a_page_names_exists(page: str) -> None:
    said = {word for program in programs(page) for word in program} | set(inline(page))
    named = {word for word in said if OF_THE_REPOSITORY.fullmatch(word)}
    missing = {name for name in named if not (ROOT / name).exists()}
    assert not missing, f"{page}: {missing}"


@pages
def test_a_block_that_no_test_follows_has_a_reason_that_holds(page: str) -> None:
    for block in blocks_of(page):
        if block.not_run is None:
            continue
        if block.not_run.startswith(FOLLOWED):
            assert (ROOT / block.not_run.removeprefix(FOLLOWED)).is_file(), f"{block}: {block.not_run}"
            continue
        assert block.not_run in NOT_RUN, f"{block}: {block.not_run} is none of {', '.join(NOT_RUN)}, {FOLLOWED}TEST"
        assert re.search(NOT_RUN[block.not_run], block.text), f"{block}: nothing in it {block.not_run}"


@pages
def test_a_block_says_what_it_is(page: str) -> None:
    blocks = blocks_of(page)
    for block in blocks:
        assert block.language or block.output_of, (
            f"{block}: name its language, or what prints it: <!-- output of: … -->"
        )
    notes = re.findall(r"<!-- (?:not run|output of): ", text_of(page))
    assert len(notes) == sum(block.not_run is not None or block.output_of is not None for block in blocks), (
        f"{page}: a comment on a block does not stand right before one"
    )


@pytest.mark.parametrize("index", ["docs/README.md", "docs/adr/README.md"])
def test_an_index_names_every_page_beside_it(index: str) -> None:
    page = ROOT / index
    beside = {file.name for file in page.parent.glob("*.md")} - {"README.md"}
    assert beside <= set(re.findall(r"\]\(([\w.-]+)\)", text_of(index)))


@pytest.mark.parametrize("folder", ["services", "techniques"])
def test_the_index_names_every_page_of_a_folder(folder: str) -> None:
    linked = set(re.findall(rf"\]\({folder}/([\w-]+)\.md\)", text_of("docs/README.md")))
    assert linked == {file.stem for file in (ROOT / "docs" / folder).glob("*.md")}


HAND_WRITTEN = [page for page in PAGES if not text_of(page).startswith("<!-- Generated")]
WIDTH = 120


def outside_of_blocks(page: str) -> list[str]:
    """The lines of a page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL).splitlines()


@pages
def test_a_table_has_a_rule_and_the_same_cells_in_every_row(page: str) -> None:
    tables: list[list[str]] = [[]]
    for line in outside_of_blocks(page):
        if line.startswith("|"):
            tables[-1].append(line)
        elif tables[-1]:
            tables.append([])
    for table in filter(None, tables):
        assert re.fullmatch(r"(\|\s*:?-+:?\s*)+\|", table[1:2][0] if table[1:] else ""), f"{page}: {table[0]}"
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table}) == 1, f"{page}: {table[0]}"


@pytest.mark.parametrize("page", HAND_WRITTEN)
def test_a_line_of_prose_fits_its_width(page: str) -> None:
    long = [line for line in outside_of_blocks(page) if len(line) > WIDTH and not line.startswith("|")]
    assert not long, f"{page}: {long}"


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    words = re.findall(r"^\*\*(.+?)\*\* — ", text_of("docs/glossary.md"), re.MULTILINE)
    sorted_words = sorted(set(words), key=lambda word: re.sub(r"\W", "", word).casefold())
    assert words == sorted_words
