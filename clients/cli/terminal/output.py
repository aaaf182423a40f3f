"""What a person sees, and what a machine reads."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.markup import escape
from rich.progress import Progress
from rich.segment import Segment
from rich.tree import Tree

from clients.cli.terminal.tables import table
from shared.foundation.visible import UNSEEN, visible


class _Visible:
    """Something to print, whose texts are made visible before a terminal gets them."""

    def __init__(self, printed: ConsoleRenderable) -> None:
        self._printed = printed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._printed, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


class _MakeVisible(RenderHook):
    """Stands before all that a console prints: what producers said is shown, and never obeyed."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Visible(printed) for printed in renderables]


console = Console(highlight=False, emoji=False, soft_wrap=True)
"""Breaks no line: a terminal that does it itself still copies a path or an id whole."""
errors = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
for each in (console, errors):
    each.push_render_hook(_MakeVisible())

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

UNBROKEN_WIDTH = 100_000
"""Cells: more than any line of a tree has."""

MOST_LISTED = 10
"""Paths in one sentence."""

WRONG = 2
"""Exit code: the command is written wrongly."""
FAILED = 1
"""Exit code: the answer is no (rejected, not found, not taken)."""
UNREACHABLE = 3
"""Exit code: a service did not answer; the same call may go through later."""


def progress_bar() -> Progress:
    """A bar on standard error while a command works, if somebody looks."""
    return Progress(console=errors, transient=True, disable=not errors.is_terminal)


def print_json(value: object) -> None:
    """One JSON document on standard output: exact, with what a terminal would obey as escapes of JSON."""
    typer.echo(json_text(value, indent=2))


def json_text(value: object, indent: int | None = None) -> str:
    """The JSON of a value, with what a terminal would obey as escapes of JSON."""
    text = json.dumps(value, indent=indent, default=str, ensure_ascii=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_file(text: str) -> None:
    """A file's content on standard output: exact, unless a terminal would read it."""
    text = visible(text.replace("\r\n", "\n")) if console.is_terminal else text
    typer.echo(text, nl=bool(text) and not text.endswith("\n"))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """A table as wide as the terminal, in which nothing is broken that can be pasted; elsewhere each row is one line.

    The rows may be without end: what comes is printed.
    """
    if title:
        console.print(title, style="bold", markup=False)
    shown = ([cell if cell is None else visible(str(cell)) for cell in row] for row in rows)
    lines = table(columns, shown, console.width if console.is_terminal else None)
    console.print("\n".join(next(lines)), style="bold", markup=False)
    for row in lines:
        typer.echo("\n".join(row))


class _Unbroken:
    """A tree, whose lines are as long as they are."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._tree, options.update_width(UNBROKEN_WIDTH))


def print_tree(tree: Tree) -> None:
    """A tree, in which nothing is broken that can be pasted."""
    console.print(_Unbroken(tree))


def listed(paths: Sequence[str], count: int | None = None) -> str:
    """Paths in a sentence, the first few, and how many more there are; `count` is of all, where not all are given."""
    more = max(count or 0, len(paths)) - min(len(paths), MOST_LISTED)
    return ", ".join(paths[:MOST_LISTED]) + (f" and {more} more" if more else "")


def print_findings(findings: Iterable[Mapping[str, Any]]) -> None:
    """Each finding on a line of its own, with its cure: errors first."""
    for finding in sorted(findings, key=lambda finding: str(finding["severity"])):
        colour = "red" if finding["severity"] == "error" else "yellow"
        sentence = "; ".join(filter(None, (finding["message"], finding.get("cure"))))
        told = escape(f"{finding['code']}: {sentence}")
        console.print(f"  [{colour}]{escape(str(finding['severity']))}[/] {told}", soft_wrap=True)


def print_verdict(verdict: Mapping[str, Any]) -> None:
    """Everything that a dry run found: first why the edge would not take it, then errors, then warnings."""
    if "detail" in verdict and not verdict.get("errors"):
        console.print(f"  [red]error[/] {escape(verdict['detail'])}", soft_wrap=True)
    for fault in verdict.get("errors", ()):
        console.print(f"  [red]error[/] {escape(fault['field'])}: {escape(fault['message'])}", soft_wrap=True)
    print_findings(verdict.get("findings", ()))


class Failed(Exception):
    """Why a command ends without an answer, and its exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def print_wrong(failure: Failed) -> None:
    """What is wrong, on standard error."""
    errors.print(f"[red]beamcat:[/] {escape(str(failure))}", soft_wrap=True)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """End the command, saying what is wrong."""
    raise Failed(message, code)
