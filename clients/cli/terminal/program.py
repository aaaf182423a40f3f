"""The program and its commands. Each failure is a sentence on standard error, and with `--json` also JSON."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from itertools import takewhile
from platform import python_version
from typing import Any

import typer
import typer.core
from typer.exceptions import TyperException

from clients.cli.terminal.output import WRONG, Failed, console, fail, print_json, print_wrong

JSON = "--json"


class Program(typer.core.TyperGroup):
    """The group of all commands. `--json` may stand anywhere on the command line, even on a wrong one."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401
        """Read the command line up to the name of the command."""
        words = list(takewhile(lambda word: word != "--", args))
        wants_json = JSON in words
        if wants_json:
            args = [*(word for word in words if word != JSON), JSON, *args[len(words) :]]
        with _reporting_failures(wants_json=wants_json):
            return super().make_context(info_name, args, parent, obj=wants_json, **extra)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  typer does not publish the class of it
        """Run the named command."""
        with _reporting_failures(wants_json=ctx.obj):
            return super().invoke(ctx)


class Command(typer.core.TyperCommand):
    """One command."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  typer does not publish the class of it
        """Run the command, unless one of its arguments is not text."""
        _check_texts(ctx.params)
        return super().invoke(ctx)


@contextmanager
def _reporting_failures(*, wants_json: bool) -> Iterator[None]:
    """Report a failure, and end with its exit code. For people, typer also shows the usage."""
    try:
        yield
    except Failed as failure:
        _report(failure, wants_json=wants_json)
    except TyperException as fault:
        if not wants_json:
            raise
        _report(Failed(fault.format_message(), fault.exit_code), wants_json=True)


def _report(failure: Failed, *, wants_json: bool) -> None:
    print_wrong(failure)
    if wants_json:
        print_json({"error": str(failure), "exit_code": failure.code})
    raise typer.Exit(failure.code)


def say_version(context: typer.Context, asked: bool) -> None:
    """Print the version of beamcat and of Python."""
    if not asked:
        return
    versions = {"beamcat": version("beamcat"), "python": python_version()}
    if context.obj:
        print_json(versions)
    else:
        console.print(" ".join(f"{name} {number}" for name, number in versions.items()))
    raise typer.Exit


def _check_texts(said: Mapping[str, Any]) -> None:
    """Refuse arguments that are not UTF-8: a shell passes on any bytes, but they can be neither sent nor printed."""
    for name, value in said.items():
        texts: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
        for text in texts:
            if isinstance(text, str) and not text.isascii():
                try:
                    text.encode()
                except UnicodeEncodeError:
                    told = text.encode(errors="backslashreplace").decode()
                    fail(f"{name} is not UTF-8: {told}; type it again, or set the terminal's encoding", WRONG)
