"""How a page may show what a command prints."""

import pytest

from tests.builders.pages import Block, arguments_of, ids_of, pattern_of, programs_of

ID, ANOTHER = "0abfbc65-f463-41a9-b54e-53597621ae07", "1e01bd8e-da2b-4bca-905a-93f0290a7367"


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        ("committed  /data/a", "committed  /data/a\n", True),
        ("committed  /data/a", "committed  /data/b\n", False),
        ("committed  /data/a", "committed  /data/a\nand more\n", False),
        ("committed  …/a", "committed  /data/a\n", True),
        ("committed  …/a", "committed\n/data/a\n", False),
        ("first\n…\nlast", "first\nlast\n", True),
        ("first\n…\nlast", "first\n2\n3\nlast\n", True),
        ("first\n…\nlast", "first\n2\n3\n", False),
        (f"rejected  {ID}", f"rejected  {ANOTHER}\n", True),
        (f"rejected  {ID}", "rejected  none\n", False),
        ("until 2026-12-01T15:31:50Z", "until 2031-01-09T05:01:00.25Z\n", True),
        ("until 2026-12-01T15:31:50Z", "until tomorrow\n", False),
        ("since 2026-12-01T15:31:50+01:00", "since 2027-12-01T15:31:50+01:00\n", False),
        ("http://127.0.0.1:18005/", "http://127.0.0.1:18105/\n", True),
        ("http://127.0.0.1:18005/", "http://127.0.0.2:18005/\n", False),
    ],
)
def test_only_what_cannot_be_known_may_differ(shown: str, said: str, *, same: bool) -> None:
    assert bool(pattern_of(shown.splitlines()).fullmatch(said)) is same


def test_an_id_that_came_is_found_for_each_that_is_shown() -> None:
    shown = [f"{ID} is", f"and {ANOTHER}"]
    found = pattern_of(shown).fullmatch(f"{ANOTHER} is\nand {ID}\n")
    assert found
    assert dict(zip(ids_of(shown), found.groups(), strict=True)) == {ID: ANOTHER, ANOTHER: ID}


def test_a_block_is_typed_command_by_command() -> None:
    text = "$ beamcat find \\\n      Fus   # a comment; exit code 1\nnothing\n…\n$ beamcat audit\n"
    first, second = Block("a.md", 1, "console", text, "").typed()
    assert programs_of(first.command) == [["beamcat", "find", "Fus"]]
    assert (first.exit_code, first.shown) == (1, ("nothing", "…"))
    assert (second.command, second.exit_code, second.shown) == ("beamcat audit", 0, ())


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (".venv/bin/beamcat audit --json > audit.json", ["audit", "--json"]),
        ("BEAMCAT_TOKEN=a beamcat status /data/a", ["status", "/data/a"]),
        ("docker compose -f deploy/compose.yaml exec search beamcat rebuild search", ["rebuild", "search"]),
        ("docker run --rm beamcat beamcat serve linker", ["serve", "linker"]),
        ("docker build -t beamcat .", None),
        ("psql --username beamcat", None),
    ],
)
def test_beamcat_is_known_wherever_it_is_started(command: str, arguments: list[str] | None) -> None:
    [program] = programs_of(command)
    assert arguments_of(program) == arguments
