"""What commands print: texts and tables for people, JSON for programs, and failures."""

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
    """Something to print, whose control characters are made visible before a terminal gets them."""

    def __init__(self, printed: ConsoleRenderable) -> None:
        self._printed = printed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._printed, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


class _MakeVisible(RenderHook):
    """A hook before everything that a console prints: a terminal shows what producers sent, and never obeys it."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Visible(printed) for printed in renderables]


console = Console(highlight=False, emoji=False, soft_wrap=True)
"""The console breaks no line: a terminal that wraps lines itself still copies a path or an id whole."""
errors = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
for each in (console, errors):
    each.push_render_hook(_MakeVisible())

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

UNBROKEN_WIDTH = 100_000
"""In cells: wider than any line of a tree."""

MOST_LISTED = 10
"""The most paths that one sentence lists."""

WRONG = 2
"""Exit code: the command line is wrong."""
FAILED = 1
"""Exit code: the answer is no (rejected, not found, not accepted)."""
UNREACHABLE = 3
"""Exit code: a service did not answer; the same call may succeed later."""


def progress_bar() -> Progress:
    """A progress bar on standard error, if that is a terminal."""
    return Progress(console=errors, transient=True, disable=not errors.is_terminal)


def print_json(value: object) -> None:
    """Print one JSON document on standard output, exactly; control characters become escapes of JSON."""
    typer.echo(json_text(value, indent=2))


def json_text(value: object, indent: int | None = None) -> str:
    """The JSON of a value; control characters become escapes of JSON."""
    text = json.dumps(value, indent=indent, default=str, ensure_ascii=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_file(text: str) -> None:
    """Print the content of a file on standard output: exactly, unless standard output is a terminal."""
    text = visible(text.replace("\r\n", "\n")) if console.is_terminal else text
    typer.echo(text, nl=bool(text) and not text.endswith("\n"))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """Print a table as wide as the terminal that breaks nothing one may want to paste; elsewhere, each row is one line.

    The rows may be endless: each is printed as it comes.
    """
    if title:
        console.print(title, style="bold", markup=False)
    shown = ([cell if cell is None else visible(str(cell)) for cell in row] for row in rows)
    lines = table(columns, shown, console.width if console.is_terminal else None)
    console.print("\n".join(next(lines)), style="bold", markup=False)
    for row in lines:
        typer.echo("\n".join(row))


class _Unbroken:
    """A tree whose lines are as long as they need to be."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._tree, options.update_width(UNBROKEN_WIDTH))


def print_tree(tree: Tree) -> None:
    """Print a tree that breaks nothing one may want to paste."""
    console.print(_Unbroken(tree))


def listed(paths: Sequence[str], count: int | None = None) -> str:
    """The first paths for a sentence, and how many more there are; `count` is the total if not all paths are given."""
    more = max(count or 0, len(paths)) - min(len(paths), MOST_LISTED)
    return ", ".join(paths[:MOST_LISTED]) + (f" and {more} more" if more else "")


def print_findings(findings: Iterable[Mapping[str, Any]]) -> None:
    """Print each finding on its own line, with its cure, errors first."""
    for finding in sorted(findings, key=lambda finding: str(finding["severity"])):
        colour = "red" if finding["severity"] == "error" else "yellow"
        sentence = "; ".join(filter(None, (finding["message"], finding.get("cure"))))
        told = escape(f"{finding['code']}: {sentence}")
        console.print(f"  [{colour}]{escape(str(finding['severity']))}[/] {told}", soft_wrap=True)


def print_verdict(verdict: Mapping[str, Any]) -> None:
    """Print everything that a dry run found: why the gateway would refuse it, then errors, then warnings."""
    if "detail" in verdict and not verdict.get("errors"):
        console.print(f"  [red]error[/] {escape(verdict['detail'])}", soft_wrap=True)
    for fault in verdict.get("errors", ()):
        console.print(f"  [red]error[/] {escape(fault['field'])}: {escape(fault['message'])}", soft_wrap=True)
    print_findings(verdict.get("findings", ()))


class Failed(Exception):
    """The reason for which a command ends without an answer, and its exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def print_wrong(failure: Failed) -> None:
    """Print the reason on standard error."""
    errors.print(f"[red]beamcat:[/] {escape(str(failure))}", soft_wrap=True)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """End the command with a reason."""
    raise Failed(message, code)
