"""The pages of the documentation as readers use them: blocks of code, commands to type, and their output.

An HTML comment, which readers do not see, may precede a block:

- `<!-- not run: needs Docker -->` says why no test types the commands of the block;
- `<!-- output of: beamcat run -->` says which command prints what the block shows.

A comment after a command may name its exit code (`# …; exit code 1`). Otherwise it must be 0. In shown output, `…`
matches anything within a line, and a line of `…` matches any lines. An id, a time in UTC and a port of this machine
match any other of their kind.
"""

import re
import shlex
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder, pattern in ((".", "*.md"), ("docs", "**/*.md"), ("schemas", "*.md"), ("clients/python", "*.md"))
    for path in (ROOT / folder).glob(pattern)
)
TYPED_IN = {"console", "sh", "bash", "shell"}
"""The languages of blocks with commands to type. Only `console` shows output between them."""

BLOCK = re.compile(
    r"(?:^ *<!-- (?P<note>[^\n]*) -->\n+)?^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
ASSIGNMENT = re.compile(r"[A-Z_]+=")
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
VARIES = {
    "…": ".*",
    UUID: f"({UUID})",
    r"\d{4}-\d\d-\d\dT[\d:.]+Z": r"\d{4}-\d\d-\d\dT[\d:.]+Z",
    r"(?<=127\.0\.0\.1:)\d+": r"\d+",
}
"""Patterns of what varies, of which a page can only show an example, and what may come instead. An id is a group."""


@dataclass(frozen=True)
class Typed:
    """A command as a reader types it, and its output on the page."""

    command: str
    shown: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        said = re.search(r"#.*\bexit code (\d)", self.command)
        return int(said[1]) if said else 0


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the comment before it."""

    page: str
    line: int
    language: str
    text: str
    note: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def not_run(self) -> str | None:
        """The reason why no test types it."""
        return self._noted("not run: ")

    @property
    def output_of(self) -> str | None:
        """The command that prints it."""
        return self._noted("output of: ")

    def _noted(self, what: str) -> str | None:
        return self.note.removeprefix(what) if self.note.startswith(what) else None

    def typed(self) -> list[Typed]:
        """The commands, in order."""
        lines = self.text.replace("\\\n", "").splitlines() if self.language in TYPED_IN else []
        if self.language != "console":
            return [Typed(line) for line in lines if line.strip()]
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        return [
            Typed(lines[start].removeprefix("$ "), tuple(lines[start + 1 : end]))
            for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
        ]


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page: str) -> list[Block]:
    """Every fenced block, in order."""
    text = text_of(page)
    return [
        Block(
            page,
            text.count("\n", 0, found.start("indent")) + 1,
            found["language"],
            textwrap.dedent(found["text"]),
            found["note"] or "",
        )
        for found in BLOCK.finditer(text)
    ]


def programs_of(command: str) -> list[list[str]]:
    """The words of each command in a line, without the comment."""
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    programs: list[list[str]] = [[]]
    for word in words:
        if set(word) <= set("|&;()"):
            programs.append([])
        else:
            programs[-1].append(word)
    return [program for program in programs if program]


def arguments_of(program: Sequence[str]) -> list[str] | None:
    """The arguments of beamcat, here or inside a container. None if it is another program."""
    words = list(dropwhile(ASSIGNMENT.match, program))
    named = [
        number
        for number, word in enumerate(words)
        if Path(word).name == "beamcat" and not (number and words[number - 1].startswith("-"))
    ]
    if not named or (named[0] and words[0] != "docker"):
        return None
    return list(takewhile(lambda word: not set(word) <= set("<>"), words[named[-1] + 1 :]))


def commands_of(page: str) -> list[list[str]]:
    """The arguments of each `beamcat …` on a page. Paths of examples work in any folder."""
    typed = (typed for block in blocks_of(page) if not block.not_run for typed in block.typed())
    said = (arguments_of(program) for each in typed for program in programs_of(each.command))
    return [
        [str(ROOT / word) if word.startswith("examples/") else word for word in arguments]
        for arguments in said
        if arguments
    ]


def pattern_of(shown: Sequence[str]) -> re.Pattern[str]:
    """The pattern of the output that a page shows. Its groups are the ids, in order."""
    return re.compile("".join(r"(?:.*\n)*?" if line.strip() == "…" else f"{_pattern(line)}\n" for line in shown))


def ids_of(shown: Sequence[str]) -> list[str]:
    """The ids on a page."""
    return re.findall(UUID, "\n".join(shown))


def _pattern(line: str) -> str:
    varying = "|".join(f"(?P<kind_{number}>{kind})" for number, kind in enumerate(VARIES))
    instead, parts, end = list(VARIES.values()), [], 0
    for found in re.finditer(varying, line.rstrip()):
        parts.append(re.escape(line[end : found.start()]))
        parts.append(instead[int(str(found.lastgroup).removeprefix("kind_"))])
        end = found.end()
    return "".join(parts) + re.escape(line.rstrip()[end:]) + " *"
