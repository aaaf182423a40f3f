"""The options by which a command is told which beamcat it asks; they may stand before its name or after it."""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

PANEL = "Which beamcat"


@dataclass(frozen=True)
class Given:
    """What the command line says about which beamcat is asked."""

    search_url: Annotated[
        str | None, typer.Option(help="Address of the search service, such as http://host:port.", rich_help_panel=PANEL)
    ] = None
    gateway_url: Annotated[
        str | None, typer.Option(help="Address of the gateway, such as http://host:port.", rich_help_panel=PANEL)
    ] = None
    profile: Annotated[
        str | None, typer.Option(help="Name of a profile that `beamcat login` stored.", rich_help_panel=PANEL)
    ] = None

    @property
    def addresses(self) -> dict[str, str | None]:
        """The addresses, as variables."""
        return {"BEAMCAT_SEARCH_URL": self.search_url, "BEAMCAT_GATEWAY_URL": self.gateway_url}


NOTHING = Given()
_given: ContextVar[Given] = ContextVar("_given", default=NOTHING)


def given() -> Given:
    """What this command line says."""
    return _given.get()


def program(options: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the program itself, and those that name a beamcat; a new command line begins."""
    return _with_options(options, NOTHING)


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that asks a beamcat, with the options that name it."""
    return _with_options(command, None)


def _with_options(command: Callable[..., Any], beginning: Given | None) -> Callable[..., Any]:
    options = inspect.signature(Given).parameters

    @functools.wraps(command)
    def run(*arguments: Any, **said: Any) -> Any:  # noqa: ANN401  as the command has them
        named = {name: value for name in options if (value := said.pop(name)) is not None}
        _given.set(replace(beginning or given(), **named))
        return command(*arguments, **said)

    own = inspect.signature(command, eval_str=True)
    added = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options.values()]
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), *added])  # type: ignore[attr-defined]
    run.__annotations__ = {**command.__annotations__, **{option.name: option.annotation for option in added}}
    return run
