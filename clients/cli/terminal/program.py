"""The program and its commands: each ends in a sentence on standard error, and under `--json` in JSON as well."""

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
    """All commands. `--json` may stand anywhere on the line, also on one that is written wrongly."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401
        """Read the command line as far as the command's name."""
        words = list(takewhile(lambda word: word != "--", args))
        wants_json = JSON in words
        if wants_json:
            args = [*(word for word in words if word != JSON), JSON, *args[len(words) :]]
        with _told(wants_json=wants_json):
            return super().make_context(info_name, args, parent, obj=wants_json, **extra)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  typer does not publish the class of it
        """Run the command that was named."""
        with _told(wants_json=ctx.obj):
            return super().invoke(ctx)


class Command(typer.core.TyperCommand):
    """One command."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  typer does not publish the class of it
        """Run it, unless a text that it was given is not one."""
        _check_texts(ctx.params)
        return super().invoke(ctx)


@contextmanager
def _told(*, wants_json: bool) -> Iterator[None]:
    """Tell why a command fails, and end with its exit code. To people typer shows how the command is written."""
    try:
        yield
    except Failed as failure:
        _tell(failure, wants_json=wants_json)
    except TyperException as fault:
        if not wants_json:
            raise
        _tell(Failed(fault.format_message(), fault.exit_code), wants_json=True)


def _tell(failure: Failed, *, wants_json: bool) -> None:
    print_wrong(failure)
    if wants_json:
        print_json({"error": str(failure), "exit_code": failure.code})
    raise typer.Exit(failure.code)


def say_version(context: typer.Context, asked: bool) -> None:
    """The version of beamcat and of the Python below it."""
    if not asked:
        return
    versions = {"beamcat": version("beamcat"), "python": python_version()}
    if context.obj:
        print_json(versions)
    else:
        console.print(" ".join(f"{name} {number}" for name, number in versions.items()))
    raise typer.Exit


def _check_texts(said: Mapping[str, Any]) -> None:
    """A shell hands on any bytes; what is not UTF-8 can be neither sent nor printed."""
    for name, value in said.items():
        texts: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
        for text in texts:
            if isinstance(text, str) and not text.isascii():
                try:
                    text.encode()
                except UnicodeEncodeError:
                    told = text.encode(errors="backslashreplace").decode()
                    fail(f"{name} is not UTF-8: {told}; type it again, or set the terminal's encoding", WRONG)
